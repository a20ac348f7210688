// What an entry of the table of ldirectord.cf's directives holds. The tables are in
// director-directives.ts and director-check-directives.ts.

export type DirectorValueKind =
  /** A whole number above 0. */
  | 'count'
  /** A whole number, 0 included. */
  | 'number'
  | 'yes-no'
  | 'text'
  /** Read by code of its own. */
  | 'special'
  /** A name that ldirectord gave up. */
  | 'removed';

export interface DirectorDirective {
  readonly name: string;
  readonly scope: 'global' | 'virtual' | 'both';
  /** Double quotes around the value: needed, allowed (and taken off) or part of the value. */
  readonly quotes: 'required' | 'optional' | 'none';
  readonly kind: DirectorValueKind;
  /** What to write behind the equals sign. */
  readonly form: string;
  /** As written in the file; `none` when there is none. */
  readonly default: string;
  readonly purpose: string;
  /** ldirectord's words for a bad value in the global part and in a virtual service. */
  readonly faultGlobal: string;
  readonly faultVirtual: string;
}

export type DirectorRow = readonly [
  name: string,
  scope: DirectorDirective['scope'],
  quotes: DirectorDirective['quotes'],
  kind: DirectorValueKind,
  form: string,
  defaultText: string,
  purpose: string,
  faultGlobal?: string,
  faultVirtual?: string,
];

/** An entry from its row; a yes-no directive has one fault. */
export function toDirective(row: DirectorRow): DirectorDirective {
  const [name, scope, quotes, kind, form, defaultText, purpose, faultGlobal, faultVirtual] = row;
  const yesNo = kind === 'yes-no' ? `${name} must be 'yes' or 'no'` : '';
  return {
    name,
    scope,
    quotes,
    kind,
    form,
    default: defaultText,
    purpose,
    faultGlobal: faultGlobal ?? yesNo,
    faultVirtual: faultVirtual ?? yesNo,
  };
}
