// A mixed pair: Lubdub on one director, Debian's heartbeat 3.0.6 on the other. The reduced matrix;
// `npm run test:interop` plays the whole one. Several pairs at a time, because an original waits.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { cellName } from './cell.js';
import { explainResult, gridText, isGood } from './grid.js';
import { reducedMatrix } from './matrix.js';
import { type CellResult, playCell } from './play.js';

const pairsAtOnce = 5;

describe('a mixed pair with heartbeat 3.0.6', { concurrency: pairsAtOnce }, () => {
  const results: CellResult[] = [];
  for (const cell of reducedMatrix) {
    test(cellName(cell), async () => {
      const result = await playCell(cell);
      results.push(result);
      assert.ok(isGood(result), explainResult(result));
    });
  }
  after(() => {
    console.log(`\n${gridText(results)}\n`);
  });
});
