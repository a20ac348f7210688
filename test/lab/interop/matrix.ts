// The cells that are played: a matrix in which every two settings meet at least once, and a reduced
// one in which every setting appears. What is held beside them: the cells of two originals.

import { type Cell, type CellCompression, cellName, type Medium } from './cell.js';

const scenarios = ['life', 'words', 'trouble', 'late', 'exchange'] as const;
const seats = ['alpha', 'beta'] as const;
const media: readonly (readonly Medium[])[] = [
  ['bcast'],
  ['mcast'],
  ['ucast'],
  ['mcast6'],
  ['ucast6'],
  ['serial'],
  ['bcast', 'serial'],
  ['ucast', 'mcast'],
];
const auths = ['sha1', 'md5', 'crc'] as const;
const formats = ['classic', 'netstring'] as const;
const failbacks = ['off', 'on', 'legacy'] as const;

const cell = (
  scenario: Cell['scenario'],
  lubdub: Cell['lubdub'],
  carriers: readonly Medium[],
  auth: Cell['auth'],
  format: Cell['format'],
  failback: Cell['failback'],
): Cell => ({ scenario, lubdub, media: carriers, auth, format, failback });

const large = (
  method: CellCompression['method'],
  traditional: CellCompression['traditional'],
  rest: Cell,
): Cell => ({ ...rest, compression: { method, traditional } });

/** Standby needs claims on the wire, which legacy does not have. */
const isPlayable = (cell: Cell): boolean =>
  !(cell.scenario === 'words' && cell.failback === 'legacy');

function everyCell(): Cell[] {
  const cells: Cell[] = [];
  for (const scenario of scenarios)
    for (const medium of media)
      for (const failback of failbacks)
        for (const auth of auths)
          for (const format of formats)
            for (const lubdub of seats) {
              cells.push({ scenario, lubdub, media: medium, auth, format, failback });
            }
  return cells.filter(isPlayable);
}

/** Every pair of settings of two kinds that a cell shows. */
function pairsOf(cell: Cell): string[] {
  const words = Object.entries(cell).map(([kind, value]) => `${kind}=${String(value)}`);
  return words.flatMap((one, at) => words.slice(at + 1).map((two) => `${one} ${two}`));
}

/**
 * Not crossed with media and signatures, which change nothing in them. ipfail needs claims on the
 * wire; large messages go both ways in each of their cells.
 */
const furtherCells: readonly Cell[] = [
  cell('ipfail', 'alpha', ['bcast'], 'sha1', 'classic', 'off'),
  cell('ipfail', 'beta', ['ucast', 'mcast'], 'md5', 'classic', 'off'),
  cell('ipfail', 'alpha', ['ucast'], 'md5', 'classic', 'on'),
  cell('ipfail', 'beta', ['bcast'], 'sha1', 'netstring', 'on'),
  large('zlib', 'yes', cell('large', 'alpha', ['bcast'], 'sha1', 'classic', 'off')),
  large('bz2', 'yes', cell('large', 'beta', ['ucast'], 'md5', 'netstring', 'off')),
  large('bz2', 'no', cell('large', 'alpha', ['mcast'], 'crc', 'classic', 'on')),
  large('zlib', 'no', cell('large', 'beta', ['bcast'], 'sha1', 'classic', 'on')),
];

/** A covering choice: again and again the cell that shows most pairs not shown yet. */
export function fullMatrix(): Cell[] {
  const all = everyCell().map((cell) => ({ cell, pairs: pairsOf(cell) }));
  const open = new Set(all.flatMap((each) => each.pairs));
  const chosen: Cell[] = [];
  while (open.size > 0) {
    const news = (pairs: readonly string[]): number => pairs.filter((p) => open.has(p)).length;
    const best = all.reduce((a, b) => (news(b.pairs) > news(a.pairs) ? b : a));
    chosen.push(best.cell);
    for (const pair of best.pairs) open.delete(pair);
  }
  return [...chosen, ...furtherCells];
}

/** Both seats; every medium, method, frame and failback, and the scenarios but `exchange`. */
export const reducedMatrix: readonly Cell[] = [
  cell('life', 'alpha', ['bcast'], 'sha1', 'classic', 'off'),
  cell('life', 'beta', ['serial'], 'md5', 'netstring', 'legacy'),
  cell('words', 'beta', ['ucast'], 'sha1', 'netstring', 'off'),
  cell('words', 'alpha', ['mcast'], 'crc', 'classic', 'on'),
  cell('trouble', 'alpha', ['bcast', 'serial'], 'md5', 'classic', 'off'),
  cell('late', 'alpha', ['mcast6'], 'crc', 'classic', 'on'),
  cell('late', 'beta', ['ucast6'], 'sha1', 'classic', 'legacy'),
];

/**
 * What every test run plays of it. In the rest a busy 3.0.6 at times loses a word of its own
 * scripts or complains of itself (docs/interop.md), and a test run must not hang on that.
 */
export const testRunMatrix: readonly Cell[] = reducedMatrix.filter(
  ({ scenario, failback }) =>
    scenario !== 'trouble' && !(scenario === 'late' && failback === 'legacy'),
);

/** One pair of originals for each scenario and failback; what carries it changes with the run. */
export function originalsMatrix(): Cell[] {
  const seen = new Map<string, Cell>();
  for (const each of [...reducedMatrix, ...fullMatrix()]) {
    // An exchange of programs needs both; its events are those of `life`.
    if (each.scenario === 'exchange') continue;
    const pair = { ...each, lubdub: undefined };
    const key = `${pair.scenario} ${pair.failback} ${pair.media.length}`;
    if (!seen.has(key)) seen.set(key, pair);
  }
  return [...seen.values()].sort((a, b) => (cellName(a) < cellName(b) ? -1 : 1));
}
