// `receive` of ldirectord.cf is a Perl regular expression. This file says the same in JavaScript:
// anchors, dots and modifiers are spelt out, so that each means what it means in Perl (perlre(1)).
// It does not run patterns on long inputs: that may take for ever and belongs to the adapter.

import { failure, ok, type Result } from '../base/result.js';

export type MatchResult =
  | { readonly kind: 'matched' }
  | { readonly kind: 'not-matched' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface ReceivePattern {
  readonly source: string;
  readonly flags: '' | 'i';
  /** Unbounded repetitions: each may be tried from every place of the input. */
  readonly repeats: number;
  /** In how many ways the bounded choices (`?`, `{1,3}`) can be taken. */
  readonly ways: number;
  /** A repeated group or a back-reference: the time to match may grow beyond all bounds. */
  readonly isRisky: boolean;
}

/** An estimate, from above, of the steps to match an input of this length. */
export const matchSteps = (pattern: ReceivePattern, inputLength: number): number =>
  pattern.isRisky ? Number.POSITIVE_INFINITY : pattern.ways * inputLength ** (pattern.repeats + 1);

export type PatternCode = 'unsupported' | 'malformed';

/** A longer pattern is refused; ldirectord.cf lines are never as long. */
const PATTERN_CHARACTERS_MAX = 4096;

interface Modifiers {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

const NO_MODIFIERS: Modifiers = { i: false, m: false, s: false, x: false };

const START = '(?<![^])';
const END = '(?![^])';
const BEFORE_LAST_NEWLINE = `(?=\\n?${END})`;

const POSIX: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  word: 'A-Za-z0-9_',
  cntrl: '\\x00-\\x1f\\x7f',
  print: ' -~',
  graph: '!-~',
  ascii: '\\x00-\\x7f',
};

/** Escapes outside classes that JavaScript lacks or reads otherwise. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: BEFORE_LAST_NEWLINE,
  e: '\\x1b',
  a: '\\x07',
  h: '[ \\t]',
  H: '[^ \\t]',
  N: '[^\\n]',
  R: '(?:\\r\\n|[\\n-\\r])',
  V: '[^\\n-\\r]',
  v: '[\\n-\\r]',
};
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  e: '\\x1b',
  a: '\\x07',
  h: ' \\t',
  v: '\\n-\\r',
};
const UNSUPPORTED_ESCAPES = 'GKXpPQELUluo';

const isLetter = (character: string): boolean => /^[A-Za-z]$/.test(character);
const otherCase = (letter: string): string =>
  letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();

/** Thrown and caught in this file only: it ends a recursive descent at the first odd construct. */
class Refusal extends Error {}

class Translator {
  readonly #text: string;
  #at = 0;
  #isBehindGroup = false;
  repeats = 0;
  ways = 1;
  isRisky = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Translates up to the closing parenthesis of the group, or to the end of the text. */
  sequence(modifiers: Modifiers, isGroup: boolean): string {
    let now = modifiers;
    let out = '';
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (character === ')') {
        if (!isGroup) throw new Refusal('unmatched )');
        return out;
      }
      if (character === '(') {
        const group = this.#group(now);
        if (typeof group === 'string') out += group;
        else now = group;
        this.#isBehindGroup = true;
        continue;
      }
      out += this.#atom(now);
      this.#isBehindGroup = false;
    }
    if (isGroup) throw new Refusal('unmatched (');
    return out;
  }

  #atom(modifiers: Modifiers): string {
    const character = this.#text.charAt(this.#at++);
    switch (character) {
      case '\\':
        return this.#escape();
      case '[':
        return this.#characterClass(modifiers);
      case '.':
        return modifiers.s ? '[^]' : '[^\\n]';
      case '^':
        return modifiers.m ? '(?<![^\\n])' : START;
      case '$':
        return modifiers.m ? `(?=\\n|${END})` : BEFORE_LAST_NEWLINE;
      case '*':
      case '+':
      case '?':
        return this.#repetition(character);
      case '{':
        return this.#braces();
      default:
        return this.#literal(character, modifiers);
    }
  }

  #literal(character: string, modifiers: Modifiers): string {
    if (modifiers.x) {
      if (/\s/.test(character)) return '';
      if (character === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end + 1;
        return '';
      }
    }
    if (modifiers.i && isLetter(character)) return `[${character}${otherCase(character)}]`;
    return character;
  }

  /** `a++` gives nothing back in Perl; here it may, which matches everything that Perl matches. */
  #repetition(sign: string): string {
    if (sign === '?') this.ways *= 2;
    else this.#noteRepeat();
    if (this.#text.charAt(this.#at) === '+') this.#at++;
    return sign;
  }

  #noteRepeat(): void {
    this.repeats++;
    if (this.#isBehindGroup) this.isRisky = true;
  }

  #braces(): string {
    const counts = /^(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at));
    if (counts === null) return '\\{';
    this.#at += counts[0].length;
    const isOpen = counts[2] !== undefined && counts[3] === '';
    if (isOpen) this.#noteRepeat();
    else {
      this.ways *= 1 + Number(counts[3] ?? counts[1]);
      if (this.#isBehindGroup) this.isRisky = true;
    }
    if (this.#text.charAt(this.#at) === '+') this.#at++;
    return `{${counts[0]}`;
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at++);
    if (letter === '') throw new Refusal('a backslash at the end');
    if (UNSUPPORTED_ESCAPES.includes(letter)) throw new Refusal(`\\${letter} is not supported`);
    if (letter === 'x') return this.#hex();
    if (/[1-9k]/.test(letter)) this.isRisky = true;
    return ESCAPES[letter] ?? `\\${letter}`;
  }

  #hex(): string {
    const found = /^(?:\{([0-9a-fA-F]{1,4})\}|([0-9a-fA-F]{0,2}))/.exec(this.#text.slice(this.#at));
    const digits = found?.[1] ?? found?.[2] ?? '';
    this.#at += found?.[0].length ?? 0;
    return `\\u${digits.padStart(4, '0')}`;
  }

  #characterClass(modifiers: Modifiers): string {
    let out = '[';
    if (this.#text.charAt(this.#at) === '^') {
      out += '^';
      this.#at++;
    }
    // A bracket that comes first is a member of the class in Perl.
    if (this.#text.charAt(this.#at) === ']') {
      out += '\\]';
      this.#at++;
    }
    for (;;) {
      const character = this.#text.charAt(this.#at++);
      if (character === '') throw new Refusal('unmatched [');
      if (character === ']') return `${out}]`;
      if (character === '[') out += this.#posixClass();
      else if (character === '\\') out += this.#classEscape();
      else out += this.#member(character, modifiers);
    }
  }

  #member(character: string, modifiers: Modifiers): string {
    if (!modifiers.i || !isLetter(character)) return character;
    const range = /^-([A-Za-z])/.exec(this.#text.slice(this.#at));
    if (range === null) return `${character}${otherCase(character)}`;
    const last = range[1] ?? character;
    this.#at += 2;
    return `${character}-${last}${otherCase(character)}-${otherCase(last)}`;
  }

  #posixClass(): string {
    const found = /^:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at));
    if (found === null) return '\\[';
    const members = POSIX[found[2] ?? ''];
    if (members === undefined || found[1] === '^') {
      throw new Refusal(`[${found[0].slice(0, -1)}] is not supported`);
    }
    this.#at += found[0].length;
    return members;
  }

  #classEscape(): string {
    const letter = this.#text.charAt(this.#at++);
    if ('pPNRHV'.includes(letter)) throw new Refusal(`\\${letter} in a class is not supported`);
    if (letter === 'x') return this.#hex();
    return CLASS_ESCAPES[letter] ?? `\\${letter}`;
  }

  /** A translated group, or the modifiers that hold for the rest of the enclosing one. */
  #group(modifiers: Modifiers): string | Modifiers {
    const rest = this.#text.slice(this.#at);
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) {
      this.#at += comment[0].length;
      return '';
    }
    const inline = /^\(\?(\^?)([a-z]*)(?:-([a-z]+))?([:)])/.exec(rest);
    if (inline !== null) {
      this.#at += inline[0].length;
      const base = inline[1] === '^' ? NO_MODIFIERS : modifiers;
      const next = changeModifiers(base, inline[2] ?? '', inline[3] ?? '');
      if (inline[4] === ')') return next;
      return this.#closeGroup('(?:', next);
    }
    const opening = /^\((?:\?(?:P?<(?![=!])(\w+)>|'(\w+)'|<?[=!]|>))?/.exec(rest);
    const opened = opening?.[0] ?? '(';
    if (rest.startsWith('(?') && opened === '(') {
      throw new Refusal(`${rest.slice(0, 4)} is not supported`);
    }
    this.#at += opened.length;
    const name = opening?.[1] ?? opening?.[2];
    if (name !== undefined) return this.#closeGroup(`(?<${name}>`, modifiers);
    // An atomic group gives nothing back; as with `a++` the plain form matches no less.
    return this.#closeGroup(opened === '(?>' ? '(?:' : opened, modifiers);
  }

  #closeGroup(opening: string, modifiers: Modifiers): string {
    const inner = this.sequence(modifiers, true);
    this.#at++;
    return `${opening}${inner})`;
  }
}

function changeModifiers(base: Modifiers, on: string, off: string): Modifiers {
  const next = { ...base };
  for (const [letters, value] of [
    [on, true],
    [off, false],
  ] as const) {
    for (const letter of letters) {
      if (letter === 'i' || letter === 'm' || letter === 's' || letter === 'x')
        next[letter] = value;
      else if (!'aunpdl'.includes(letter)) throw new Refusal(`(?${letter}) is not supported`);
    }
  }
  return next;
}

/** Code `malformed` when Perl would refuse it too, `unsupported` for what JavaScript cannot say. */
export function compileReceive(perl: string): Result<ReceivePattern, PatternCode> {
  if (perl.length > PATTERN_CHARACTERS_MAX)
    return failure('unsupported', 'the pattern is too long');
  // The usual case of the modifier in front is given to the engine's own flag, which folds the
  // case of every letter and not only of ASCII ones.
  const isIgnoringCase = /^\(\?i\)/.test(perl);
  const translator = new Translator(isIgnoringCase ? perl.slice(4) : perl);
  const flags = isIgnoringCase ? 'i' : '';
  try {
    const source = translator.sequence(NO_MODIFIERS, false);
    // Only for its error: the engine's parser is the judge of what a pattern is.
    new RegExp(source, flags);
    const { repeats, ways, isRisky } = translator;
    return ok({ source, flags, repeats, ways, isRisky });
  } catch (cause) {
    if (cause instanceof Refusal) {
      const isMalformed = /^(?:unmatched|a backslash)/.test(cause.message);
      return failure(isMalformed ? 'malformed' : 'unsupported', cause.message);
    }
    const text = cause instanceof Error ? cause.message.replace(/^.*: /, '') : String(cause);
    return failure('malformed', text);
  }
}

/** Only where `matchSteps` is small: nothing bounds the time here. */
export const matchesReceive = (pattern: ReceivePattern, text: string): boolean =>
  new RegExp(pattern.source, pattern.flags).test(text);
