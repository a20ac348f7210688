// Fixed seeds of the swarm, and those that once found a fault. More by hand: swarm.js.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { playHandOver, playSeed } from './cluster-swarm.js';

/** Each stands for a fault that was found and mended; the commit that did it names the seed. */
const ONCE_FOUND: readonly number[] = [66, 281, 338, 497, 5325, 10124, 50591];
const FIXED: readonly number[] = Array.from({ length: 12 }, (_, n) => n + 1);

describe('whatever happens to a pair, it ends with one holder of each group', () => {
  for (const seed of [...ONCE_FOUND, ...FIXED]) {
    test(`in the run of seed ${seed}`, () => {
      const { faults, story } = playSeed(seed);
      assert.deepEqual(faults, [], story.join('\n'));
    });
  }
});

describe('whatever happens in the middle of a hand-over, it ends with one holder', () => {
  for (const seed of FIXED) {
    test(`in the run of seed ${seed}`, () => {
      const { faults, story } = playHandOver(seed);
      assert.deepEqual(faults, [], story.join('\n'));
    });
  }
});

test('a run is a function of its seed', () => {
  const [one, other] = [playSeed(7), playSeed(7)];
  assert.deepEqual(one.world.mom.log, other.world.mom.log);
  assert.deepEqual(one.story, other.story);
});
