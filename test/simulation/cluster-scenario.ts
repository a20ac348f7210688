// What scenarios of a pair say again and again.

import assert from 'node:assert/strict';

import { faultsAtRest } from './cluster-checkers.js';
import type { Host } from './cluster-host.js';
import {
  createWorld,
  plainOptions,
  servesGroup,
  type World,
  type WorldOptions,
} from './cluster-world.js';

/** Both started together and settled: each holds its own. */
export function settledPair(change: Partial<WorldOptions> = {}): World {
  const world = createWorld(plainOptions(change));
  world.mom.start();
  world.dad.start();
  world.run(15_000);
  return world;
}

export const holding = (host: Host): string | undefined => host.status()?.holding;

export const logged = (host: Host, words: string): boolean =>
  host.log.some((line) => line.includes(words));

/** All groups are in place on the host, whole. */
export const servesAll = (host: Host): boolean =>
  host.config.groups.every((group) => servesGroup(host, group));

/** Runs until the claim holds and gives the time that it took; fails after the limit. */
export function timeUntil(world: World, limitMs: number, holds: () => boolean): number {
  const start = world.time();
  while (!holds()) {
    assert.ok(world.time() - start < limitMs, `not within ${limitMs} ms`);
    world.run(1);
  }
  return world.time() - start;
}

export function assertHoldings(world: World, mom: string, dad: string): void {
  assert.deepEqual([holding(world.mom), holding(world.dad)], [mom, dad]);
}

/** No checker has found anything, and both agree on who holds what. */
export function assertQuiet(world: World): void {
  assert.deepEqual([...world.violations, ...faultsAtRest(world)], []);
}
