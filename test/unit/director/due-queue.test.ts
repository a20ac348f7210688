// The order of due moments, held against sorting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instant } from '#src/base/time.js';
import { createDueQueue } from '#src/director/due-queue.js';

test('items come in the order of their last moments, whatever was moved and deleted', () => {
  const change = fc.record({ item: fc.nat(30), at: fc.option(fc.nat(100)) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), fc.nat(100), (changes, now) => {
      const queue = createDueQueue<number>();
      const wanted = new Map<number, number>();
      for (const { item, at } of changes) {
        if (at === null) {
          queue.delete(item);
          wanted.delete(item);
        } else {
          queue.set(item, instant(at));
          wanted.set(item, at);
        }
      }
      assert.equal(queue.next(), wanted.size === 0 ? undefined : Math.min(...wanted.values()));
      const taken = queue.takeDue(instant(now), 1000).map((item) => wanted.get(item) ?? -1);
      const due = [...wanted.values()].filter((at) => at <= now).sort((a, b) => a - b);
      assert.deepEqual(taken, due);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test('no more is taken than asked for, and the rest stays', () => {
  const queue = createDueQueue<string>();
  for (const [at, item] of ['c', 'a', 'b'].entries()) queue.set(item, instant(at));
  assert.deepEqual(queue.takeDue(instant(9), 2), ['c', 'a']);
  assert.deepEqual(queue.takeDue(instant(9), 2), ['b']);
  assert.equal(queue.next(), undefined);
});
