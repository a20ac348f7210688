// The interop matrix as a program: `npm run test:interop`. Plays cells, several pairs at a time,
// prints the grid, and writes it into docs/interop.md once every cell of the matrix has a result.
//   --reduced   seven cells, five of them those of every test run; the document stays as it is
//   --record    pairs of two originals: keeps what they complain of as test data
//   --only TEXT cells whose name the regular expression fits; the document stays as it is
//   --at-once N pairs at a time (3)
//   --parts F   in parts: results go into the file F as well, and what is good there already is
//               not played again
//   --for N     begins no cell after N seconds
//   --logs D    keeps both nodes' logs of what went wrong in the folder D

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { type Cell, cellName } from './cell.js';
import { explainResult, gridText, isGood, recordOriginals, writeGrid } from './grid.js';
import { fullMatrix, originalsMatrix, reducedMatrix } from './matrix.js';
import { type CellResult, playCell } from './play.js';

const words = process.argv.slice(2);

function optionValue(name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

const only = optionValue('--only');
const partsFile = optionValue('--parts');
const lastBeginMs = Date.now() + Number(optionValue('--for') ?? 1e6) * 1000;
const day = new Date().toISOString().slice(0, 10);

function chosenCells(): readonly Cell[] {
  if (words.includes('--record')) return originalsMatrix();
  return words.includes('--reduced') ? reducedMatrix : fullMatrix();
}

/** By name of the cell; of this run and, when played in parts, of the former ones. */
const results = new Map<string, CellResult>();

function readParts(): void {
  if (partsFile === undefined || !existsSync(partsFile)) return;
  const former: CellResult[] = JSON.parse(readFileSync(partsFile, 'utf8'));
  for (const result of former) results.set(cellName(result.cell), result);
}

function keep(result: CellResult): void {
  results.set(cellName(result.cell), result);
  if (partsFile !== undefined) writeFileSync(partsFile, JSON.stringify([...results.values()]));
}

const isFine = (result: CellResult): boolean =>
  result.cell.lubdub === undefined ? result.fault === undefined : isGood(result);

function report(result: CellResult): void {
  const { cell, ms, plays } = result;
  const again = plays === 1 ? '' : `, played ${plays} times`;
  console.log(`${isFine(result) ? 'good' : 'BAD '} ${cellName(cell)} (${ms} ms${again})`);
  if (words.includes('--events')) {
    for (const each of result.events) console.log(`     ${JSON.stringify(each)}`);
  }
  if (!isFine(result)) console.log(explainResult(result));
}

async function playAll(cells: readonly Cell[], atOnce: number): Promise<void> {
  const waiting = [...cells];
  const worker = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      if (Date.now() > lastBeginMs) return;
      const result = await playCell(cell, optionValue('--logs'));
      keep(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

readParts();
const cells = chosenCells().filter(
  (each) => only === undefined || new RegExp(only).test(cellName(each)),
);
const isOpen = (cell: Cell): boolean => {
  const result = results.get(cellName(cell));
  return result === undefined || !isFine(result);
};
await playAll(cells.filter(isOpen), Number(optionValue('--at-once') ?? 3));
const played = cells.flatMap((cell) => results.get(cellName(cell)) ?? []);
console.log(`\n${gridText(played)}\n`);
const bad = played.filter((each) => !isFine(each)).length;
const isWhole = played.length === cells.length && only === undefined;
if (words.includes('--record')) recordOriginals(played);
else if (isWhole && !words.includes('--reduced')) {
  const system = `Linux ${release().split('-')[0]}, Node.js ${process.versions.node}`;
  writeGrid(played, `Played on ${day}, ${played.length} cells; ${system}. Times in seconds.`);
}
const missing = cells.length - played.length;
if (missing > 0) console.log(`${missing} cells were not played`);
console.log(`${played.length - bad} passed, ${bad} failed`);
process.exitCode = bad === 0 && missing === 0 ? 0 : 1;
