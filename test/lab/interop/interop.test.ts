// A mixed pair: Lubdub on one director, Debian's heartbeat 3.0.6 on the other. Some cells of the
// matrix; `npm run test:interop` plays all. Several pairs at a time, because an original waits.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { cellName } from './cell.js';
import { explainResult, gridText, isGood } from './grid.js';
import { testRunMatrix } from './matrix.js';
import { type CellResult, playCell } from './play.js';

const pairsAtOnce = 5;

describe('a mixed pair with heartbeat 3.0.6', { concurrency: pairsAtOnce }, () => {
  const results: CellResult[] = [];
  for (const cell of testRunMatrix) {
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
