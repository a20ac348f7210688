// The results of a matrix: what the originals complained of beyond what a pair of originals writes,
// the grid as text, and its place in docs/interop.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cell, cellName, scenarioName } from './cell.js';
import type { CellResult } from './play.js';

const root = new URL('../../../../', import.meta.url);
const recordPath = fileURLToPath(new URL('test/lab/interop/originals.json', root));
const documentPath = fileURLToPath(new URL('docs/interop.md', root));
const marks = ['<!-- grid begins -->', '<!-- grid ends -->'] as const;

/** What two originals wrote, by scenario; and what any may write on a busy machine. */
interface OriginalsRecord {
  /** Patterns, each with its reason. */
  readonly busyMachine: Readonly<Record<string, string>>;
  readonly complaints: Readonly<Record<string, readonly string[]>>;
}

/**
 * An exchange has the events of `life`. Whether groups go home at a return changes nothing in what
 * is complained of; whether claims are on the wire does.
 */
const recordKey = ({ scenario, failback }: Cell): string =>
  `${scenario === 'exchange' ? 'life' : scenario} ${failback === 'legacy' ? 'legacy' : 'claims'}`;

function readRecord(): OriginalsRecord {
  const record: OriginalsRecord = JSON.parse(readFileSync(recordPath, 'utf8'));
  return record;
}

const isNoise = (patterns: Readonly<Record<string, string>>, text: string): boolean =>
  Object.keys(patterns).some((pattern) => new RegExp(pattern).test(text));

/** Lines of the real daemon that a pair of real daemons did not write in the same scenario. */
export function strangeLines(result: CellResult): string[] {
  const { busyMachine, complaints } = readRecord();
  const known = new Set(complaints[recordKey(result.cell)] ?? []);
  return result.complaints
    .filter(({ text }) => !known.has(text) && !isNoise(busyMachine, text))
    .map(({ line }) => line);
}

/** Adds what these pairs of originals wrote; what earlier runs showed stays. */
export function recordOriginals(results: readonly CellResult[]): void {
  const record = readRecord();
  const complaints: Record<string, string[]> = {};
  for (const [key, texts] of Object.entries(record.complaints)) complaints[key] = [...texts];
  for (const { cell, complaints: found } of results) {
    const texts = [...(complaints[recordKey(cell)] ?? []), ...found.map((each) => each.text)];
    const news = new Set(texts.filter((text) => !isNoise(record.busyMachine, text)));
    complaints[recordKey(cell)] = [...news].sort();
  }
  const sorted = Object.fromEntries(Object.entries(complaints).sort());
  const text = JSON.stringify({ ...record, complaints: sorted }, undefined, 2);
  writeFileSync(recordPath, `${text}\n`);
}

export const isGood = (result: CellResult): boolean =>
  result.fault === undefined && strangeLines(result).length === 0;

export function explainResult(result: CellResult): string {
  const strange = strangeLines(result).map((line) => `  not written by two originals: ${line}`);
  return [cellName(result.cell), result.fault ?? '', ...strange].join('\n');
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** The longest an address had no holder in what happened after the start. */
function longestGap(result: CellResult, pattern: RegExp): string {
  const spans = result.events.filter((each) => pattern.test(each.name)).map((e) => e.noneMs);
  return spans.length === 0 ? '' : seconds(Math.max(...spans));
}

const handOvers = /^(standby|takeover|return|restart|late)|in place/;

function verdictOf({ plays, givenAgain }: CellResult): string {
  const again = givenAgain === 0 ? [] : [`${givenAgain} given again`];
  return ['good', ...(plays === 1 ? [] : [`played ${plays} times`]), ...again].join(', ');
}

const columns: readonly (readonly [string, (result: CellResult) => string])[] = [
  ['scenario', ({ cell }) => scenarioName(cell)],
  ['lubdub', ({ cell }) => cell.lubdub ?? 'none'],
  ['media', ({ cell }) => cell.media.join(' + ')],
  ['auth', ({ cell }) => cell.auth],
  ['msgfmt', ({ cell }) => cell.format],
  ['failback', ({ cell }) => cell.failback],
  ['events', (result) => String(result.events.length)],
  ['death', (result) => longestGap(result, /^death/)],
  ['stop', (result) => longestGap(result, /^stop/)],
  ['hand-over', (result) => longestGap(result, handOvers)],
  ['result', (result) => (isGood(result) ? verdictOf(result) : 'BAD')],
];

export function gridText(results: readonly CellResult[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(([name]) => name)),
    line(columns.map(() => '---')),
    ...results.map((result) => line(columns.map(([, show]) => show(result)))),
  ].join('\n');
}

/** Puts the grid between its marks. */
export function writeGrid(results: readonly CellResult[], where: string): void {
  const text = readFileSync(documentPath, 'utf8');
  const [before, rest] = text.split(marks[0]);
  const after = rest?.split(marks[1])[1];
  if (before === undefined || after === undefined) throw new Error(`no marks in ${documentPath}`);
  const grid = `${marks[0]}\n\n${where}\n\n${gridText(results)}\n\n${marks[1]}`;
  writeFileSync(documentPath, `${before}${grid}${after}`);
}
