// The authkeys file: `auth NUM` and `NUM METHOD [KEY]` lines, and the mode of the file. Key values
// go into the result alone, never into a message or an excerpt. Messages are those of heartbeat
// 3.0.6, which people and scrapers know.

import { type AuthKey, type AuthMethod, keyNumberMax } from '../auth/key-ring.js';
import { createSink, type Diagnostic, type DiagnosticSink, wholeFile } from './diagnostic.js';
import { nearestWord } from './did-you-mean.js';
import { parseWhole } from './ha-values.js';
import { spanOf, splitLines, type Word, withoutComment, wordsOf } from './lines.js';

export interface AuthKeysFile {
  /** The number of the key that signs; one of `keys` has it. */
  readonly current: number;
  readonly keys: readonly AuthKey[];
}

export interface ParsedAuthKeys {
  /** undefined when there is any error. */
  readonly config: AuthKeysFile | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const METHODS: readonly AuthMethod[] = ['crc', 'md5', 'sha1', 'sha256'];

const WHITESPACE = ' \t\r\f';

interface Draft {
  current: { readonly number: number; readonly word: Word } | undefined;
  readonly keys: Map<number, AuthKey>;
  /** Entries that stood before the auth line, which the original would not find. */
  readonly before: Set<number>;
}

/**
 * `text` holds one character per byte (Latin-1), so that keys keep their bytes. `mode` are the
 * permission bits of the file; undefined when they are not to be judged.
 */
export function parseAuthKeys(
  text: string,
  fileName: string,
  mode: number | undefined,
): ParsedAuthKeys {
  const lines = splitLines(text);
  const sink = createSink(fileName, lines, coverKey);
  judgeMode(mode, fileName, sink);
  const draft: Draft = { current: undefined, keys: new Map(), before: new Set() };
  for (const [index, line] of lines.entries()) {
    const words = wordsOf(withoutComment(line), index + 1, WHITESPACE);
    const [first] = words;
    if (first === undefined) continue;
    // The original takes every line that starts with this letter for the auth line.
    if (first.text.startsWith('a')) readAuthLine(draft, words, sink);
    else readKeyLine(draft, words, coverKey(line), sink);
  }
  judgeCurrent(draft, fileName, sink);
  const { current } = draft;
  const isGood = !sink.hasErrors() && current !== undefined;
  return {
    config: isGood ? { current: current.number, keys: [...draft.keys.values()] } : undefined,
    diagnostics: sink.all,
  };
}

/** Stands for a key, whatever its length. */
const COVER = '********';

/** The line with everything behind its second word covered. */
function coverKey(line: string): string {
  const [first, second, third] = wordsOf(line, 1, WHITESPACE);
  if (first === undefined || first.text.startsWith('#')) return line;
  // A key may stand in the place of a forgotten number or method.
  if (!/^([0-9]{1,4}|auth)$/.test(first.text)) return line.slice(0, first.column - 1) + COVER;
  if (second === undefined) return line;
  if (second.length > 4) return line.slice(0, second.column - 1) + COVER;
  return third === undefined ? line : line.slice(0, third.column - 1) + COVER;
}

function judgeMode(mode: number | undefined, fileName: string, sink: DiagnosticSink): void {
  if (mode === undefined) return;
  if ((mode & 0o044) !== 0) {
    sink.error(
      'bad-keyfile-mode',
      wholeFile,
      `Bad permissions on keyfile [${fileName}], 600 recommended.`,
      { hint: `write "chmod 600 ${fileName}"` },
    );
  } else if ((mode & 0o022) !== 0) {
    sink.warning('bad-keyfile-mode', wholeFile, 'others may write the keyfile', {
      hint: `write "chmod 600 ${fileName}"`,
    });
  }
}

function readAuthLine(draft: Draft, words: readonly Word[], sink: DiagnosticSink): void {
  const [first, numberWord, ...rest] = words;
  if (first === undefined) return;
  if (first.text !== 'auth' || numberWord === undefined || rest.length > 0) {
    sink.error('bad-auth-line', spanOf(words), `Invalid auth line [${coverWords(words)}]`, {
      hint: 'write "auth 1"',
    });
    return;
  }
  const number = readNumber(numberWord, sink);
  if (number === undefined) return;
  if (draft.current !== undefined) {
    sink.warning('repeated-directive', first, 'auth stands twice: this line wins', {
      hint: `the first is at line ${draft.current.word.line}`,
    });
  }
  draft.current = { number, word: numberWord };
}

const coverWords = (words: readonly Word[]): string =>
  words.map((word, at) => (at === 0 ? word.text.slice(0, 4) : '*')).join(' ');

function readNumber(word: Word, sink: DiagnosticSink): number | undefined {
  const number = parseWhole(word.text);
  if (number !== undefined && number <= keyNumberMax) return number;
  const shown = /^[0-9]{1,4}$/.test(word.text) ? word.text : '***';
  sink.error('bad-auth-key', word, `Invalid authnum [${shown}]`, {
    hint: `a number from 0 to ${keyNumberMax}`,
  });
  return undefined;
}

function readKeyLine(
  draft: Draft,
  words: readonly Word[],
  covered: string,
  sink: DiagnosticSink,
): void {
  const [numberWord, methodWord, keyWord, ...rest] = words;
  if (numberWord === undefined || methodWord === undefined) {
    sink.error('bad-auth-line', spanOf(words), `Auth line [${covered}] is invalid.`, {
      hint: 'write "1 sha1 KEY"',
    });
    return;
  }
  const number = readNumber(numberWord, sink);
  const method = METHODS.find((each) => each === methodWord.text);
  if (method === undefined) {
    reportMethod(methodWord, sink);
    return;
  }
  if (number === undefined) return;
  if (method === 'crc' && keyWord !== undefined) {
    sink.error('bad-auth-key', keyWord, "Auth method [crc] doesn't use a key", {
      hint: 'remove the key, or write sha1',
    });
    return;
  }
  if (method !== 'crc' && keyWord === undefined) {
    sink.error('bad-auth-key', methodWord, `Auth method [${method}] requires a key`, {
      hint: 'write one word behind it, the same on both nodes',
    });
    return;
  }
  if (method === 'sha256') {
    sink.warning('own-method', methodWord, 'sha256 is known to Lubdub alone', {
      hint: 'beside heartbeat 3.0.6 write sha1: it does not start with this file',
    });
  }
  if (rest.length > 0) {
    sink.warning('too-many-values', spanOf(rest), 'a key is one word: what follows is ignored');
  }
  if (draft.keys.has(number)) {
    sink.warning('repeated-directive', numberWord, `key ${number} stands twice: this line wins`);
  }
  if (draft.current?.number !== number) draft.before.add(number);
  else draft.before.delete(number);
  draft.keys.set(number, { number, method, key: keyWord?.text ?? '' });
}

function reportMethod(word: Word, sink: DiagnosticSink): void {
  const meant = nearestWord(word.text, METHODS);
  // What is long may be a key in the wrong place.
  const shown = word.length <= 4 ? word.text : '***';
  sink.error('bad-auth-key', word, `Invalid authtype [${shown}]`, {
    hint: meant === undefined ? 'write crc, md5, sha1 or sha256' : `did you mean "${meant}"?`,
  });
}

function judgeCurrent(draft: Draft, fileName: string, sink: DiagnosticSink): void {
  const { current } = draft;
  if (current === undefined) {
    if (sink.all.some((each) => each.code === 'bad-auth-line')) return;
    sink.error('missing-auth', wholeFile, `Missing auth directive in keyfile [${fileName}]`, {
      hint: 'write "auth 1" above the keys',
    });
    return;
  }
  const { number, word } = current;
  const isLate = draft.keys.has(number) && draft.before.has(number);
  if (draft.keys.has(number) && !isLate) return;
  sink.error('missing-auth', word, `Auth Key [${number}] not found in keyfile [${fileName}]`, {
    hint: isLate
      ? 'move the auth line above the key that it names'
      : `add a line "${number} sha1 KEY"`,
  });
}
