// The lines of ha.cf as statements: name known, words counted, each value read by its kind. What
// the values mean together is judged in ha-config.ts.

import type { Duration } from '../base/time.js';
import type { DiagnosticSink, Span } from './diagnostic.js';
import { nearestWord } from './did-you-mean.js';
import {
  type HaArgument,
  type HaDirective,
  haDirectiveByName,
  inertReasons,
} from './ha-directives.js';
import { parseBoolean, parseTime, parseWhole } from './ha-values.js';
import { spanOf, type Word, withoutComment, wordsOf } from './lines.js';

/** ha.cf(5): words are separated by blanks or commas; a CR line end counts as a blank. */
const DELIMITERS = ' \t,\r\f';

export type HaValue =
  | { readonly kind: 'time'; readonly time: Duration }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'boolean'; readonly isTrue: boolean }
  | { readonly kind: 'words'; readonly words: readonly Word[] };

export interface HaStatement {
  readonly directive: HaDirective;
  readonly name: Word;
  /** The value's words, for pointing at them; the name when there are none. */
  readonly at: Span;
  readonly value: HaValue;
  /** The value as written, for HA_NAME variables of scripts. */
  readonly text: string;
  /** All behind the name, commas and blanks as they stand: for lines that are no list of words. */
  readonly rest: string;
}

/** The good statements in the order of the file; faults of the others go to the sink. */
export function parseStatements(
  lines: readonly string[],
  sink: DiagnosticSink,
): readonly HaStatement[] {
  const statements: HaStatement[] = [];
  for (const [index, line] of lines.entries()) {
    const bare = withoutComment(line);
    const [name, ...values] = wordsOf(bare, index + 1, DELIMITERS);
    if (name === undefined) continue;
    const directive = haDirectiveByName.get(name.text);
    if (directive === undefined) {
      reportUnknown(name, sink);
      continue;
    }
    const value = readValue(directive, name, values, sink);
    if (value === undefined) continue;
    warnInert(name, directive, value, sink);
    const at = values.length === 0 ? name : spanOf(values);
    const text = values.map((each) => each.text).join(' ');
    const rest = bare.slice(name.column - 1 + name.text.length).trim();
    statements.push({ directive, name, at, value, text, rest });
  }
  return statements;
}

/** Said at each reading, unless the line switches off what there is not. */
function warnInert(name: Word, directive: HaDirective, value: HaValue, sink: DiagnosticSink): void {
  const reason = inertReasons.get(directive.name);
  if (reason === undefined || (value.kind === 'boolean' && !value.isTrue)) return;
  sink.warning('without-effect', name, `"${name.text}" has no effect here: ${reason}`);
}

function reportUnknown(name: Word, sink: DiagnosticSink): void {
  const meant = sink.isFull() ? undefined : nearestWord(name.text, haDirectiveByName.keys());
  // The first words are those of heartbeat 3.0.6.
  sink.error('unknown-directive', name, `Illegal directive [${name.text}]`, {
    hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
  });
}

/** What to write behind a directive, for hints and the reference page. */
export function argumentForm(argument: HaArgument): string {
  switch (argument.kind) {
    case 'time':
      return 'TIME';
    case 'number':
      return `${argument.low} to ${argument.high}`;
    case 'choice':
      return argument.words.join(' | ');
    case 'boolean':
      return 'on | off';
    case 'words':
      return argument.form;
  }
}

function readValue(
  directive: HaDirective,
  name: Word,
  values: readonly Word[],
  sink: DiagnosticSink,
): HaValue | undefined {
  const { argument } = directive;
  const low = argument.kind === 'words' ? argument.low : 1;
  const high = argument.kind === 'words' ? argument.high : 1;
  const hint = `write "${name.text} ${exampleOf(argument)}"`;
  if (values.length < low) {
    sink.error('missing-value', name, `${name.text} has too few values`, { hint });
    return undefined;
  }
  if (values.length > high) {
    const surplus = spanOf(values.slice(high));
    sink.error(
      'too-many-values',
      surplus,
      `${name.text} takes ${high === 1 ? 'one value' : `${high} values`}`,
      { hint },
    );
    return undefined;
  }
  if (argument.kind === 'words') return { kind: 'words', words: values };
  const [word] = values;
  return word && readSingle(argument, name, word, sink);
}

function exampleOf(argument: HaArgument): string {
  return argument.kind === 'time' ? '2" or "1500ms' : argumentForm(argument);
}

function readSingle(
  argument: Exclude<HaArgument, { kind: 'words' }>,
  name: Word,
  word: Word,
  sink: DiagnosticSink,
): HaValue | undefined {
  switch (argument.kind) {
    case 'time': {
      const time = parseTime(word.text);
      if (time !== undefined) return { kind: 'time', time };
      sink.error('bad-value', word, `${name.text} takes one time, not "${word.text}"`, {
        hint: 'a number of seconds such as 30 or 1.5, or with a unit 1500ms or 500us',
      });
      return undefined;
    }
    case 'number': {
      const number = parseWhole(word.text);
      const { low, high } = argument;
      if (number !== undefined && number >= low && number <= high)
        return { kind: 'number', number };
      const code = number === undefined ? 'bad-value' : 'out-of-range';
      sink.error(code, word, `${name.text} takes a number from ${low} to ${high}`);
      return undefined;
    }
    case 'boolean': {
      const isTrue = parseBoolean(word.text);
      if (isTrue !== undefined) return { kind: 'boolean', isTrue };
      sink.error('bad-value', word, `${name.text} must be on or off, not "${word.text}"`);
      return undefined;
    }
    case 'choice':
      return readChoice(argument.words, name, word, sink);
  }
}

function readChoice(
  known: readonly string[],
  name: Word,
  word: Word,
  sink: DiagnosticSink,
): HaValue | undefined {
  const lower = { ...word, text: word.text.toLowerCase() };
  if (known.includes(lower.text)) return { kind: 'words', words: [lower] };
  // A choice of on and off is a boolean in its other spellings as well.
  const isTrue = known.includes('on') ? parseBoolean(word.text) : undefined;
  if (isTrue !== undefined)
    return { kind: 'words', words: [{ ...word, text: isTrue ? 'on' : 'off' }] };
  const meant = nearestWord(word.text, known);
  sink.error('bad-value', word, `${name.text} must be one of ${known.join(', ')}`, {
    hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
  });
  return undefined;
}
