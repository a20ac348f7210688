// Hand-overs between two nodes of this program: what serves the clients in each millisecond, and
// what is left when either side or the path between them fails in the middle.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import {
  assertHoldings,
  assertQuiet,
  holding,
  logged,
  servesAll,
  settledPair,
  timeUntil,
} from './cluster-scenario.js';
import { cutAll, isMuted, servesGroup, type World } from './cluster-world.js';

/** Both settled, penguin-dad holds everything. */
function dadHolds(): World {
  const world = settledPair();
  world.mom.ask('standby', 'all');
  timeUntil(world, 2_000, () => holding(world.dad) === 'all' && holding(world.mom) === 'none');
  world.run(3_000);
  assertHoldings(world, 'none', 'all');
  return world;
}

/** Where the switch sends an address, there all of its group is in place. */
function assertServed(world: World): void {
  for (const group of world.mom.config.groups) {
    const word = group.resources[0]?.word ?? '';
    const place = world.host(world.caches.get(word) ?? '');
    assert.ok(servesGroup(place, group), `${world.time()} ms: ${word} goes to ${place.name}`);
  }
}

const isPrepared = (world: World): boolean =>
  world.mom.config.groups.some((group) => isMuted(world.mom, group)) &&
  servesAll(world.mom) &&
  servesAll(world.dad);

const isHanded = (world: World): boolean =>
  holding(world.dad) === 'none' && world.dad.kernel.size > 0;

describe('a hand-over between two nodes of this program', () => {
  test('leaves no millisecond in which an address goes to a node without its group', () => {
    const world = dadHolds();
    const id = world.dad.ask('standby', 'all');
    timeUntil(world, 2_000, () => {
      assertServed(world);
      return world.dad.answers.has(id);
    });
    assert.ok(world.dad.answers.get(id)?.isDone);
    assertHoldings(world, 'all', 'none');
    assert.equal(world.dad.kernel.size, 0);
    assert.ok(logged(world.dad, '(all is prepared there)'));
    world.run(2_000);
    assertQuiet(world);
  });

  test('works the same when the taker asks for it', () => {
    const world = dadHolds();
    const id = world.mom.ask('takeover', 'all');
    timeUntil(world, 2_000, () => {
      assertServed(world);
      return world.mom.answers.has(id);
    });
    world.run(2_000);
    assertHoldings(world, 'all', 'none');
    assertQuiet(world);
  });

  test('prepares nothing where a script could not run twice', () => {
    const world = settledPair({ groups: [['penguin-mom', 'IPaddr::10.0.0.1', 'Filesystem']] });
    world.mom.ask('standby', 'all');
    timeUntil(world, 2_000, () => holding(world.dad) !== 'none' && servesAll(world.dad));
    assert.ok(!logged(world.dad, 'preparing'));
    world.run(2_000);
    assertQuiet(world);
  });

  test('is the original one when something cannot be prepared after all', () => {
    const world = dadHolds();
    world.mom.manners.set('ldirectord start', { takesMs: 20, result: 'fails' });
    world.dad.ask('standby', 'all');
    timeUntil(world, 2_000, () => logged(world.mom, 'not handed over') || isHanded(world));
    world.mom.manners.clear();
    world.run(40_000);
    assertQuiet(world);
  });
});

describe('in the middle of a hand-over', () => {
  const whens = [
    ['before the word to announce', isPrepared],
    ['after the word to announce', isHanded],
  ] as const;
  for (const [when, hasCome] of whens) {
    const begun = (): World => {
      const world = dadHolds();
      world.dad.ask('standby', 'all');
      timeUntil(world, 2_000, () => hasCome(world));
      return world;
    };

    test(`a leaver that dies ${when} is followed by the taker`, () => {
      const world = begun();
      world.dad.powerOff();
      timeUntil(world, 1_500, () => holding(world.mom) === 'all' && servesAll(world.mom));
      world.run(1_000);
      assert.deepEqual([...world.mom.muted], []);
      assert.deepEqual(world.violations, []);
    });

    test(`a taker that dies ${when} leaves the leaver as the holder, without a gap`, () => {
      const world = begun();
      world.mom.powerOff();
      world.mom.muted.clear();
      world.run(1_500);
      assert.equal(holding(world.dad), 'all');
      assert.ok(servesAll(world.dad));
      assert.deepEqual([...world.dad.muted], []);
      assert.deepEqual(world.violations, []);
    });

    test(`a short cut ${when} ends with one holder`, () => {
      const world = begun();
      cutAll(world, true);
      world.run(700);
      cutAll(world, false);
      world.run(30_000);
      assertQuiet(world);
    });

    test(`a partition ${when} ends with one holder`, () => {
      const world = begun();
      cutAll(world, true);
      world.run(5_000);
      cutAll(world, false);
      world.run(30_000);
      assertQuiet(world);
    });
  }
});
