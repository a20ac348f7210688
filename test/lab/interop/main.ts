// The interop matrix as a program: `npm run test:interop`. Plays cells, several pairs at a time,
// prints the grid, and writes it into docs/interop.md.
//   --reduced   seven cells, five of them those of every test run; the document stays as it is
//   --record    pairs of two originals: keeps what they complain of as test data
//   --only TEXT cells in whose name the text appears; the document stays as it is
//   --at-once N pairs at a time (3)

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

function chosenCells(): readonly Cell[] {
  if (words.includes('--record')) return originalsMatrix();
  return words.includes('--reduced') ? reducedMatrix : fullMatrix();
}

async function playAll(cells: readonly Cell[], atOnce: number): Promise<CellResult[]> {
  const results: CellResult[] = [];
  const waiting = [...cells.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, cell] = next;
      const result = await playCell(cell);
      results[at] = result;
      const isFine = cell.lubdub === undefined ? result.fault === undefined : isGood(result);
      console.log(`${isFine ? 'good' : 'BAD '} ${cellName(cell)} (${result.ms} ms)`);
      if (words.includes('--events')) {
        for (const each of result.events) console.log(`     ${JSON.stringify(each)}`);
      }
      if (!isFine) console.log(explainResult(result));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

const only = optionValue('--only');
const cells = chosenCells().filter((cell) => only === undefined || cellName(cell).includes(only));
const results = await playAll(cells, Number(optionValue('--at-once') ?? 3));
console.log(`\n${gridText(results)}\n`);
if (words.includes('--record')) recordOriginals(results);
else if (only === undefined && !words.includes('--reduced')) {
  const day = new Date().toISOString().slice(0, 10);
  const system = `Linux ${release().split('-')[0]}, Node.js ${process.versions.node}`;
  writeGrid(results, `Played on ${day}, ${results.length} cells; ${system}. Times in seconds.`);
}
const bad = results.filter((each) => !isGood(each)).length;
console.log(`${results.length - bad} passed, ${bad} failed`);
process.exitCode = bad === 0 ? 0 : 1;
