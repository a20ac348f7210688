// ldirectord.cf as statements: which line belongs to which virtual service, name and value with
// their places, quotes and comments taken off. No value is judged here.

import type { DiagnosticSink, Span } from './diagnostic.js';
import { nearestWord } from './did-you-mean.js';
import type { DirectorDirective } from './director-directive.js';
import { directorDirectiveByName, directorDirectives } from './director-directives.js';

export interface DirectorStatement {
  readonly directive: DirectorDirective;
  /** The place of the name. */
  readonly at: Span;
  /** Without quotes and comment. `yes ` keeps its blank: ldirectord refuses it. */
  readonly value: string;
  /** The place of the value; of the name when there is none. */
  readonly valueAt: Span;
  readonly isBare: boolean;
}

export interface VirtualSection {
  readonly head: DirectorStatement;
  readonly statements: readonly DirectorStatement[];
  /** Where ldirectord notices the end of the section. */
  readonly endLine: number;
}

export interface DirectorSections {
  readonly globals: readonly DirectorStatement[];
  readonly virtuals: readonly VirtualSection[];
}

/** A directive of a virtual service is indented at least so far; a tab counts as four blanks. */
const INDENT_MIN = 4;

interface OpenSection {
  readonly head: DirectorStatement;
  readonly statements: DirectorStatement[];
  endLine: number | undefined;
}

export function splitSections(lines: readonly string[], sink: DiagnosticSink): DirectorSections {
  const globals: DirectorStatement[] = [];
  const virtuals: VirtualSection[] = [];
  let open: OpenSection | undefined;
  const close = (lineNumber: number): void => {
    if (open === undefined) return;
    const { head, statements, endLine } = open;
    virtuals.push({ head, statements, endLine: endLine ?? lineNumber });
    open = undefined;
  };
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const indent = indentOf(line);
    const isBlank = line.trim() === '';
    if (line.trimStart().startsWith('#')) continue;
    if (open !== undefined && isBlank && indent > INDENT_MIN) {
      reportUnknown(line, number, 'virtual', sink);
    } else if (isBlank) {
      // ldirectord ends the section here. We go on with it: what follows indented is meant so.
      if (open !== undefined) open.endLine ??= number;
    } else if (open !== undefined && indent >= INDENT_MIN) {
      const statement = readStatement(line, number, 'virtual', sink);
      if (statement !== undefined) open.statements.push(statement);
    } else if (indent > 0) {
      reportUnknown(line, number, 'global', sink);
    } else {
      close(number);
      const statement = readStatement(line, number, 'global', sink);
      if (statement === undefined) continue;
      if (statement.directive.name.startsWith('virtual')) {
        open = { head: statement, statements: [], endLine: undefined };
      } else globals.push(statement);
    }
  }
  close(lines.length);
  return { globals, virtuals };
}

function indentOf(line: string): number {
  const blank = /^[ \t]*/.exec(line)?.[0] ?? '';
  return blank.replaceAll('\t', ' '.repeat(INDENT_MIN)).length;
}

/** Passwords of a line stay out of messages and excerpts. */
export function coverSecret(line: string): string {
  const match = /^(\s*([A-Za-z0-9_]+)\s*=\s*)(.*)$/s.exec(line);
  if (match === null) return line;
  const meant = nearestWord(match[2] ?? '', ['passwd', 'password', 'secret']);
  return meant === undefined ? line : `${match[1]}********`;
}

type Scope = 'global' | 'virtual';

function readStatement(
  line: string,
  number: number,
  scope: Scope,
  sink: DiagnosticSink,
): DirectorStatement | undefined {
  const match = /^(\s*)([A-Za-z0-9_]+)(\s*=\s*)?(.*)$/s.exec(line);
  const [, blank = '', name = '', equals, rest = ''] = match ?? [];
  const directive = directorDirectiveByName.get(name);
  const isBare = equals === undefined;
  const mayBeBare = name === 'supervised' && rest.trim() === '';
  const isHere = directive && (directive.scope === 'both' || directive.scope === scope);
  if (!isHere || (isBare && !mayBeBare)) {
    reportUnknown(line, number, scope, sink);
    return undefined;
  }
  const at: Span = { line: number, column: blank.length + 1, length: name.length };
  const column = blank.length + name.length + (equals ?? '').length + 1;
  const bare = withoutTrailingComment(rest);
  const quoted = /^"(.*)"(.*)$/s.exec(bare);
  if (quoted !== null && directive.quotes !== 'none') {
    const [, value = '', junk = ''] = quoted;
    const valueAt = { line: number, column: column + 1, length: value.length };
    if (junk.trim() !== '') {
      const junkAt = { line: number, column: column + value.length + 2, length: junk.length };
      sink.warning('value-ignored', junkAt, 'what stands behind the quoted text is ignored');
    }
    return { directive, at, value, valueAt, isBare: false };
  }
  if (directive.quotes === 'required') {
    reportUnknown(line, number, scope, sink, `write the value in double quotes: ${name}="…"`);
    return undefined;
  }
  // A yes or no must stand exactly; blanks at the end of other values mean nothing.
  const value = directive.kind === 'yes-no' || name === 'supervised' ? bare : bare.trimEnd();
  const valueAt = value === '' ? at : { line: number, column, length: value.length };
  return { directive, at, value, valueAt, isBare };
}

/**
 * Cuts a comment outside of quotes together with the blanks before it. ldirectord cuts inside
 * quotes as well, and not at all in the global part; neither helps anybody.
 */
function withoutTrailingComment(text: string): string {
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') isQuoted = !isQuoted;
    if (character === '#' && !isQuoted) return text.slice(0, at).trimEnd();
  }
  return text;
}

function reportUnknown(
  line: string,
  number: number,
  scope: Scope,
  sink: DiagnosticSink,
  knownHint?: string,
): void {
  // Counted, but not shown any more.
  const covered = sink.isFull() ? '' : coverSecret(line);
  // The words of ldirectord 4.12, which quotes the line in a virtual service only.
  const message = `Unknown command ${scope === 'virtual' ? `"${covered}"` : covered}`;
  const name = /^\s*([A-Za-z0-9_-]*)/.exec(line)?.[1] ?? '';
  const column = line.length - line.trimStart().length + 1;
  const at: Span =
    name === ''
      ? { line: number, column: 1, length: Math.max(1, line.length) }
      : { line: number, column, length: name.length };
  const hint = knownHint ?? (sink.isFull() ? undefined : hintFor(name, line, scope));
  sink.error(column > 1 && scope === 'global' ? 'indentation' : 'unknown-directive', at, message, {
    hint,
  });
}

function hintFor(name: string, line: string, scope: Scope): string | undefined {
  const known = directorDirectiveByName.get(name);
  if (line.trim() === '') return 'remove the blanks';
  if (known === undefined) {
    const here = directorDirectives.filter((each) => each.scope === 'both' || each.scope === scope);
    const meant = nearestWord(
      name,
      here.map((each) => each.name),
    );
    return meant === undefined ? undefined : `did you mean "${meant}"?`;
  }
  if (scope === 'global' && known.scope !== 'global') {
    return 'belongs to a virtual service: indent it by a tab or four blanks below its virtual line';
  }
  if (known.scope === 'global' && scope === 'virtual') return 'write it without indentation';
  if (/^\s/.test(line)) return 'write it without indentation';
  return `write "${name}=${known.form}"`;
}
