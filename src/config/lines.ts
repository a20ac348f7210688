// Text into lines and words with their places. No word of any file's grammar is known here.

/** Larger files are refused unread: no configuration of the field comes near it. */
export const configBytesMax: number = 1024 * 1024;

export interface Word {
  readonly text: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly length: number;
}

/** The lines without their line feeds; a last line feed makes no further line. */
export function splitLines(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Everything before the first `#`. */
export function withoutComment(line: string): string {
  const at = line.indexOf('#');
  return at < 0 ? line : line.slice(0, at);
}

/** The runs of characters that are not in `delimiters` (a list of single characters). */
export function wordsOf(line: string, lineNumber: number, delimiters: string): readonly Word[] {
  const words: Word[] = [];
  let start = -1;
  for (let at = 0; at <= line.length; at++) {
    const isInside = at < line.length && !delimiters.includes(line.charAt(at));
    if (isInside && start < 0) start = at;
    if (!isInside && start >= 0) {
      words.push({
        text: line.slice(start, at),
        line: lineNumber,
        column: start + 1,
        length: at - start,
      });
      start = -1;
    }
  }
  return words;
}

/** From the first to the last of some words of one line. */
export function spanOf(words: readonly Word[]): Word {
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined) return { text: '', line: 0, column: 1, length: 1 };
  const length = last.line === first.line ? last.column + last.length - first.column : first.length;
  return { text: first.text, line: first.line, column: first.column, length };
}
