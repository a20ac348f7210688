// Scenarios of a pair, as sentences. Times are virtual; both engines, the codecs and the signatures
// are the real ones.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { faultsAtRest } from './cluster-checkers.js';
import type { Host } from './cluster-host.js';
import {
  createWorld,
  cutAll,
  DAD,
  MOM,
  plainOptions,
  servesGroup,
  type World,
  type WorldOptions,
} from './cluster-world.js';

/** Both started together and settled: each holds its own. */
function settledPair(change: Partial<WorldOptions> = {}): World {
  const world = createWorld(plainOptions(change));
  world.mom.start();
  world.dad.start();
  world.run(15_000);
  return world;
}

const holding = (host: Host): string | undefined => host.status()?.holding;
const logged = (host: Host, words: string): boolean =>
  host.log.some((line) => line.includes(words));

function servedBy(host: Host): boolean {
  return host.config.groups.every((group) => servesGroup(host, group));
}

/** Runs until the claim holds and gives the time that it took; fails after the limit. */
function timeUntil(world: World, limitMs: number, holds: () => boolean): number {
  const start = world.time();
  while (!holds()) {
    assert.ok(world.time() - start < limitMs, `not within ${limitMs} ms`);
    world.run(1);
  }
  return world.time() - start;
}

function assertQuiet(world: World): void {
  assert.deepEqual([...world.violations, ...faultsAtRest(world)], []);
}

describe('cold start', () => {
  test('two nodes that start together take nothing for ten seconds, then each its own', () => {
    const world = createWorld(plainOptions());
    world.mom.start();
    world.dad.start();
    world.run(9_500);
    assert.equal(holding(world.mom), 'none');
    assert.equal(holding(world.dad), 'none');
    world.run(2_000);
    assert.equal(holding(world.mom), 'local');
    assert.equal(holding(world.dad), 'local');
    world.run(1_000);
    assertQuiet(world);
  });

  test('a node that stays alone takes everything after initdead', () => {
    const world = createWorld(plainOptions());
    world.mom.start();
    const took = timeUntil(world, 5_000, () => servedBy(world.mom));
    assert.ok(took >= 2_000 && took < 2_000 + 200, `${took} ms`);
    assert.ok(logged(world.mom, `node ${DAD}: is dead`));
    assert.ok(logged(world.mom, 'No STONITH device configured.'));
    assert.ok(logged(world.mom, `mach_down takeover complete for node ${DAD}.`));
    assert.equal(holding(world.mom), 'all');
  });
});

describe('death', () => {
  test('the survivor serves everything within the dead time and the start of the group', () => {
    const world = settledPair();
    world.mom.powerOff();
    const took = timeUntil(world, 2_000, () => servedBy(world.dad));
    assert.ok(took <= 1_000 + 2 * (20 + 5) + 5, `${took} ms`);
    assert.ok(logged(world.dad, `Resources being acquired from ${MOM}.`));
  });

  test('with auto_failback off the returning node takes nothing', () => {
    const world = settledPair();
    world.mom.powerOff();
    world.run(5_000);
    world.mom.start();
    world.run(10_000);
    assert.equal(holding(world.mom), 'none');
    assert.equal(holding(world.dad), 'all');
    assert.ok(logged(world.dad, `Heartbeat restart on node ${MOM}`));
    assertQuiet(world);
  });

  test('with auto_failback on the returning node gets its own back', () => {
    const world = settledPair({ autoFailback: 'on' });
    world.mom.powerOff();
    world.run(5_000);
    world.mom.start();
    world.run(10_000);
    assert.equal(holding(world.mom), 'local');
    assert.equal(holding(world.dad), 'local');
    assertQuiet(world);
  });
});

describe('clean stop', () => {
  test('the peer serves as soon as everything was released, without waiting a dead time', () => {
    const world = settledPair();
    world.mom.offer({ kind: 'shutdown-asked' });
    const took = timeUntil(world, 2_000, () => servedBy(world.dad));
    assert.ok(took < 150, `${took} ms`);
    assert.ok(logged(world.dad, `Received shutdown notice from '${MOM}'.`));
    world.run(3_000);
    assert.equal(world.mom.isRunning(), false);
    assert.ok(logged(world.mom, 'Heartbeat shutdown complete.'));
    assert.ok(logged(world.dad, `Dead node ${MOM} gave up resources.`));
  });
});

describe('standby', () => {
  test('all resources move and the operator is told', () => {
    const world = settledPair();
    const id = world.mom.ask('standby', 'all');
    world.run(1_000);
    assert.equal(world.mom.answers.get(id)?.isDone, true);
    assert.equal(holding(world.mom), 'none');
    assert.equal(holding(world.dad), 'all');
    assertQuiet(world);
  });
});

describe('partition', () => {
  test('after a full partition the elder holders keep their groups', () => {
    const world = settledPair();
    cutAll(world, true);
    world.run(5_000);
    assert.equal(holding(world.mom), 'all');
    assert.equal(holding(world.dad), 'all');
    cutAll(world, false);
    world.run(2_000);
    assert.equal(holding(world.mom), 'local');
    assert.equal(holding(world.dad), 'local');
    assert.ok(logged(world.mom, `Cluster node ${DAD} returning after partition.`));
    world.run(2_000);
    assertQuiet(world);
  });
});
