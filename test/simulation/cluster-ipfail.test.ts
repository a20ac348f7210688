// Scenarios of ipfail: of two directors that hear each other, the one that sees fewer ping nodes
// yields, and nothing moves where both see the same.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import {
  assertHoldings,
  assertQuiet,
  holding,
  logged,
  settledPair,
  timeUntil,
} from './cluster-scenario.js';
import { cutAll } from './cluster-world.js';

const routers = ['10.0.0.253', '10.0.0.254'];
const oneGroupEach = { pingNodes: routers };

describe('ipfail', () => {
  test('the director that loses sight of its ping node yields everything', () => {
    const world = settledPair(oneGroupEach);
    assertHoldings(world, 'local', 'local');
    world.mom.unseen.add('10.0.0.254');
    const took = timeUntil(world, 5_000, () => holding(world.dad) === 'all');
    // deadping, the exchange of counts, twice keepalive, and the scripts.
    assert.ok(took < 1_000 + 200 + 500, `${took} ms`);
    world.run(1_000);
    assertHoldings(world, 'none', 'all');
    assert.ok(logged(world.dad, 'Telling other node that we have more visible ping nodes.'));
    assert.ok(logged(world.mom, 'Giving up because we were told that we have less ping nodes.'));
    assert.ok(logged(world.mom, 'giveup() called (timeout worked)'));
    assertQuiet(world);
  });

  test('a ping node that dies for both moves nothing', () => {
    const world = settledPair(oneGroupEach);
    for (const host of world.hosts) host.unseen.add('10.0.0.254');
    world.run(10_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(logged(world.mom, 'Ping node count is balanced.'));
    assertQuiet(world);
  });

  test('a second loss that comes in time balances the counts and stops the giving up', () => {
    const world = settledPair({ ...oneGroupEach, keepaliveMs: 300 });
    world.mom.unseen.add('10.0.0.254');
    world.run(300);
    world.dad.unseen.add('10.0.0.254');
    world.run(10_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(logged(world.mom, 'Delayed giveup in 0.6 seconds.'));
    assert.ok(logged(world.mom, 'Giveup cancelled: the counts are balanced again.'));
    assertQuiet(world);
  });

  test('nothing moves back with auto_failback off, and what is its own does with on', () => {
    for (const [autoFailback, mom, dad] of [
      ['off', 'none', 'all'],
      ['on', 'local', 'local'],
    ] as const) {
      const world = settledPair({ ...oneGroupEach, autoFailback });
      world.mom.unseen.add('10.0.0.254');
      world.run(5_000);
      assertHoldings(world, 'none', 'all');
      world.mom.unseen.clear();
      world.run(5_000);
      assertHoldings(world, mom, dad);
      assertQuiet(world);
    }
  });

  test('the peer that is gone takes nothing: a lone director without ping nodes goes on', () => {
    const world = settledPair(oneGroupEach);
    world.dad.powerOff();
    world.run(3_000);
    for (const router of routers) world.mom.unseen.add(router);
    world.run(10_000);
    assert.equal(holding(world.mom), 'all');
    assert.ok(logged(world.mom, 'NS: We are dead. :<'));
    assertQuiet(world);
  });

  test('what was lost while resources moved is judged when they came to rest', () => {
    const world = settledPair({ ...oneGroupEach, scriptMs: 2_000 });
    world.run(10_000);
    world.dad.ask('standby', 'all');
    world.run(500);
    world.dad.unseen.add('10.0.0.254');
    world.mom.unseen.add('10.0.0.254');
    world.mom.unseen.add('10.0.0.253');
    world.run(60_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });

  test('without auto_failback on or off it does nothing, and says so', () => {
    const world = settledPair({ ...oneGroupEach, autoFailback: 'legacy' });
    world.mom.unseen.add('10.0.0.254');
    world.run(5_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(logged(world.mom, 'ipfail needs auto_failback on or off: it does nothing'));
  });

  test('whatever comes and goes, there is one holder at the end', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const autoFailback = seed % 2 === 0 ? 'on' : 'off';
      const world = settledPair({ ...oneGroupEach, seed, autoFailback });
      const { prng } = world;
      for (let turn = 0; turn < 25; turn++) {
        const host = prng.fraction() < 0.5 ? world.mom : world.dad;
        const router = routers[prng.between(0, 1)] ?? '';
        const draw = prng.fraction();
        if (draw < 0.4) host.unseen.add(router);
        else if (draw < 0.8) host.unseen.delete(router);
        else if (draw < 0.9) host.ask('standby', 'all');
        else cutAll(world, true);
        world.run(prng.between(50, 4_000));
        cutAll(world, false);
      }
      for (const host of world.hosts) host.unseen.clear();
      world.run(15_000);
      assert.deepEqual([...world.violations], [], `seed ${seed}`);
      assertQuiet(world);
    }
  });

  test('a cut on top of a lost ping node ends with one holder', () => {
    const world = settledPair(oneGroupEach);
    world.mom.unseen.add('10.0.0.254');
    world.run(1_050);
    cutAll(world, true);
    world.run(5_000);
    cutAll(world, false);
    world.run(30_000);
    assertQuiet(world);
  });
});
