// A pair with a STONITH device: whatever happens to the paths and to the device, no resource is in
// place on both machines at any time, and what is reset is taken over.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { logged, servesAll, settledPair } from './cluster-scenario.js';
import { cutAll, DAD, MOM, type World, type WorldOptions } from './cluster-world.js';

const device = (change: Partial<NonNullable<WorldOptions['stonith']>> = {}): World =>
  settledPair({ stonith: { takesMs: 700, failures: 0, ...change } });

/** Runs on in small steps; at none of them may a resource be in place twice. */
function runWithOneHolder(world: World, forMs: number): void {
  for (const end = world.time() + forMs; world.time() < end; ) {
    world.run(5);
    const twice = [...world.mom.kernel].filter((word) => world.dad.kernel.has(word));
    assert.deepEqual(twice, [], `${Math.round(world.time())} ms`);
  }
}

describe('with a STONITH device', () => {
  test('the groups of a dead node are taken when its reset is confirmed, not before', () => {
    const world = device();
    world.mom.powerOff();
    world.run(1_600);
    assert.ok(logged(world.dad, `Resetting node ${MOM} with [switch]`));
    assert.equal(servesAll(world.dad), false);
    world.run(300);
    assert.ok(logged(world.dad, `node ${MOM} now reset.`));
    assert.ok(servesAll(world.dad));
  });

  test('a node that is cut off loses its groups by the reset and is never held beside', () => {
    const world = device();
    cutAll(world, true, MOM);
    runWithOneHolder(world, 5_000);
    assert.equal(world.mom.isRunning(), false);
    assert.ok(servesAll(world.dad));
  });

  test('a hung node is reset, and what was reset comes back as a stranger', () => {
    const world = device();
    world.mom.pause();
    runWithOneHolder(world, 5_000);
    assert.ok(servesAll(world.dad));
    world.mom.start();
    runWithOneHolder(world, 15_000);
    assert.ok(servesAll(world.dad));
    assert.ok(logged(world.dad, `Heartbeat restart on node ${MOM}`));
  });

  test('a device that fails three times delays the takeover by its retries', () => {
    const world = device({ failures: 3 });
    world.mom.powerOff();
    world.run(17_000);
    assert.equal(servesAll(world.dad), false);
    assert.ok(logged(world.dad, `STONITH of ${MOM} failed.  Retrying...`));
    world.run(3_000);
    assert.ok(servesAll(world.dad));
  });

  test('a cut that ends while the device fails moves nothing', () => {
    const world = device({ failures: 100 });
    const before = [new Set(world.mom.kernel), new Set(world.dad.kernel)];
    cutAll(world, true);
    runWithOneHolder(world, 12_000);
    cutAll(world, false);
    runWithOneHolder(world, 15_000);
    assert.deepEqual([world.mom.kernel, world.dad.kernel], before);
    assert.ok(logged(world.mom, `node ${DAD} is back: no reset is wanted any more`));
    assert.deepEqual(world.violations, []);
  });

  test('a node that starts beside one that nobody hears resets it before it takes its own', () => {
    const world = settledPair({ stonith: { takesMs: 700, failures: 1 } });
    world.dad.powerOff();
    world.mom.powerOff();
    world.mom.start();
    world.run(6_000);
    assert.equal(world.mom.kernel.size, 0);
    world.run(3_000);
    assert.ok(servesAll(world.mom));
  });
});
