// Verdicts by kind of failure, rises, fast intervals, jitter, the floor of the pool and slow start,
// in virtual time over a model of the kernel's table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HealthRules, plainHealth } from '#src/config/director-health.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const C = '10.0.0.3:80';

type More = Parameters<typeof virtual>[2];

function farm(rules: Partial<HealthRules>, more: More = {}, weight = 1): DirectorWorld {
  const reals = [A, B, C].map((name) => real(name, { weight }));
  const health = { ...plainHealth, ...rules };
  const world = new DirectorWorld(
    config([virtual(WEB, reals, { isQuiescent: true, checkTimeoutSeconds: 1, ...more, health })]),
  );
  for (const name of [A, B, C]) world.server(name, true);
  world.start();
  world.run(2000);
  world.log.length = 0;
  world.kernel.requests.length = 0;
  return world;
}

const verdictOf = (world: DirectorWorld, index = 0): string | undefined =>
  world.status().virtuals[0]?.reals[index]?.verdict;

const weightOf = (world: DirectorWorld, index = 0): number | undefined =>
  world.status().virtuals[0]?.reals[index]?.weight;

/** Runs until so many further checks of the server were started, and answers are in. */
function runChecks(world: DirectorWorld, name: string, count: number): void {
  const countNow = (): number =>
    world.started.filter(({ spec }) => 'port' in spec && `${spec.address}:${spec.port}` === name)
      .length;
  const until = countNow() + count;
  for (let steps = 0; countNow() < until; steps++) {
    assert.ok(steps < 10_000, `no ${count} checks of ${name}`);
    world.run(50);
  }
  world.run(1600);
}

test('timeouts count less than refusals: one refusal is enough, and so are five timeouts', () => {
  const rules = { refusedCount: 1, timeoutCount: 5, wrongCount: 3 };
  const slow = farm(rules);
  slow.mute(A);
  runChecks(slow, A, 4);
  assert.equal(verdictOf(slow), 'up');
  const counted = slow.log.filter((line) => line.includes('Soft failure')).at(-1);
  assert.match(counted ?? '', /10\.0\.0\.1:80 \(tcp:10\.0\.0\.100:80\) failure 4\/5: timed out/);
  runChecks(slow, A, 1);
  assert.equal(verdictOf(slow), 'down');
  const dead = farm(rules);
  dead.server(A, false);
  runChecks(dead, A, 1);
  assert.equal(verdictOf(dead), 'down');
});

test('failures of different kinds add up by their parts', () => {
  const world = farm({ refusedCount: 2, timeoutCount: 4 });
  world.mute(A);
  runChecks(world, A, 2);
  assert.equal(verdictOf(world), 'up');
  // Two quarters and a half.
  world.server(A, false);
  runChecks(world, A, 1);
  assert.equal(verdictOf(world), 'down');
});

test('three thirds are a whole', () => {
  const world = farm({ timeoutCount: 3 });
  world.mute(A);
  runChecks(world, A, 2);
  assert.equal(verdictOf(world), 'up');
  runChecks(world, A, 1);
  assert.equal(verdictOf(world), 'down');
});

test('a real server that was down is restored after risecount good checks in a row', () => {
  const world = farm({ riseCount: 3 });
  world.server(A, false);
  runChecks(world, A, 1);
  world.server(A, true);
  runChecks(world, A, 2);
  assert.equal(verdictOf(world), 'down');
  assert.equal(weightOf(world), 0);
  world.server(A, false);
  runChecks(world, A, 1);
  world.server(A, true);
  runChecks(world, A, 2);
  assert.equal(verdictOf(world), 'down');
  runChecks(world, A, 1);
  assert.equal(verdictOf(world), 'up');
  assert.deepEqual(
    world.log.filter((line) => line.startsWith('Rising')).map((line) => /\d\/\d/.exec(line)?.[0]),
    ['1/3', '2/3', '1/3', '2/3'],
  );
});

test('a new real server rises with its first good check, whatever risecount is', () => {
  const world = farm({ riseCount: 5 });
  assert.equal(verdictOf(world), 'up');
});

const startsOf = (world: DirectorWorld, address: string): readonly number[] =>
  world.started
    .filter(({ spec }) => 'address' in spec && spec.address === address)
    .map(({ atMs }) => atMs);

const gapsOf = (starts: readonly number[]): readonly number[] =>
  starts.slice(1).map((at, index) => Math.round(at - (starts[index] ?? 0)));

test('a real server in doubt is checked at the fast interval, the others are not', () => {
  const world = farm({ fastIntervalSeconds: 0.5, riseCount: 4 }, { failureCount: 4 });
  world.server(A, false);
  runChecks(world, A, 1);
  world.started.length = 0;
  world.server(A, false);
  world.run(1000);
  assert.equal(verdictOf(world), 'down');
  world.started.length = 0;
  // Down for sure: it is asked as seldom as any other.
  world.run(8000);
  assert.equal(startsOf(world, '10.0.0.1').length, 4);
  world.server(A, true);
  world.started.length = 0;
  world.run(6000);
  const gaps = gapsOf(startsOf(world, '10.0.0.1'));
  assert.deepEqual(gaps.slice(0, 4), [500, 500, 500, 2000]);
  assert.equal(verdictOf(world), 'up');
  assert.equal(startsOf(world, '10.0.0.2').length, 3);
});

test('jitter makes waits unequal, within its bounds', () => {
  const world = farm({ jitterPercent: 20 });
  world.started.length = 0;
  world.run(100_000);
  const gaps = gapsOf(startsOf(world, '10.0.0.1'));
  assert.ok(Math.min(...gaps) >= 1600 && Math.max(...gaps) <= 2400, gaps.join(' '));
  assert.ok(Math.max(...gaps) - Math.min(...gaps) > 400, gaps.join(' '));
});

test('without any of the new directives waits are equal', () => {
  const world = farm({});
  world.started.length = 0;
  world.run(20_000);
  assert.deepEqual(new Set(gapsOf(startsOf(world, '10.0.0.1'))), new Set([2000]));
});

test('minpool keeps the last one that went down in service, and says so by log and mail', () => {
  const alert = { to: 'ops@example.org', repeatSeconds: 0, states: ['running'], smtp: undefined };
  const world = farm({ minPool: { amount: 1, isPercent: false } }, { alert } as More);
  for (const name of [A, B]) world.server(name, false);
  world.run(4000);
  assert.deepEqual(
    [0, 1, 2].map((index) => weightOf(world, index)),
    [0, 0, 1],
  );
  world.log.length = 0;
  world.server(C, false);
  world.run(4000);
  assert.deepEqual(
    [0, 1, 2].map((index) => weightOf(world, index)),
    [0, 0, 1],
  );
  assert.equal(verdictOf(world, 2), 'down');
  assert.equal(world.status().virtuals[0]?.reals[2]?.isKept, true);
  const kept = 'Kept real server: 10.0.0.3:80 (10.0.0.100:80) (down, but minpool is 1)';
  assert.deepEqual(world.log, [`${kept}: connect refused`]);
  assert.equal(world.mails.at(-1), `running: ${kept}`);
  world.log.length = 0;
  world.server(A, true);
  world.run(4000);
  assert.deepEqual(
    [0, 1, 2].map((index) => weightOf(world, index)),
    [1, 0, 0],
  );
  const line = 'No longer kept real server: 10.0.0.3:80 (10.0.0.100:80): enough are up';
  assert.ok(world.log.includes(line));
});

test('minpool as a part of the pool is rounded up, and 0 of it is none', () => {
  const half = farm({ minPool: { amount: 50, isPercent: true } });
  const none = farm({ minPool: { amount: 0, isPercent: true } });
  for (const world of [half, none]) {
    for (const name of [A, B, C]) world.server(name, false);
    world.run(6000);
  }
  const carriers = (world: DirectorWorld): number =>
    [0, 1, 2].filter((index) => (weightOf(world, index) ?? 0) > 0).length;
  assert.equal(carriers(half), 2);
  assert.equal(carriers(none), 0);
});

test('minpool keeps a slow real server rather than one whose port is closed', () => {
  const world = farm({ minPool: { amount: 1, isPercent: false } });
  world.mute(A);
  world.run(5000);
  world.server(B, false);
  world.server(C, false);
  world.run(5000);
  assert.deepEqual(
    [0, 1, 2].map((index) => weightOf(world, index)),
    [1, 0, 0],
  );
});

test('with minpool a slow real server is kept rather than replaced by the fallback server', () => {
  const fallbackServer = { family: 4, address: '127.0.0.1', port: 80, forwarding: 'masq' } as const;
  const world = farm({ minPool: { amount: 1, isPercent: false } }, { fallback: fallbackServer });
  for (const name of [A, B, C]) world.mute(name);
  world.run(6000);
  assert.equal(world.status().virtuals[0]?.isFallbackActive, false);
  // Closed ports serve nobody: then the fallback server does.
  for (const name of [A, B, C]) world.server(name, false);
  world.run(6000);
  assert.equal(world.status().virtuals[0]?.isFallbackActive, true);
  assert.deepEqual(
    [0, 1, 2].map((index) => weightOf(world, index)),
    [0, 0, 0],
  );
});

test('who is in maintenance is not kept', () => {
  const world = farm({ minPool: { amount: 3, isPercent: false } });
  world.offer({ kind: 'maintenance-changed', endpoints: new Set([A]) });
  world.run(100);
  assert.equal(weightOf(world), 0);
});

test('slow start raises the weight in steps, by one request for each change', () => {
  const world = farm({ slowStartSeconds: 10 }, {}, 4);
  assert.equal(weightOf(world), 4);
  world.server(A, false);
  world.run(3000);
  world.server(A, true);
  world.kernel.requests.length = 0;
  world.log.length = 0;
  const weights: (number | undefined)[] = [];
  for (let n = 0; n < 26; n++) {
    world.run(500);
    if (weights.at(-1) !== weightOf(world)) weights.push(weightOf(world));
  }
  assert.deepEqual(
    weights.filter((weight) => weight !== 0),
    [1, 2, 3, 4],
  );
  assert.equal(world.kernel.requests.length, 4);
  const line = (verb: string, weight: number): string =>
    `${verb} real server: 10.0.0.1:80 (10.0.0.100:80) (Weight set to ${weight})`;
  assert.deepEqual(
    world.log.filter((text) => text.includes('Weight')),
    [
      `${line('Restored', 1)}: connected`,
      ...[2, 3, 4].map((weight) => `${line('Raised', weight)}: slow start`),
    ],
  );
});

test('a recovery that fails again while the weight rises starts anew', () => {
  const world = farm({ slowStartSeconds: 20 }, {}, 10);
  world.server(A, false);
  world.run(3000);
  world.server(A, true);
  world.run(12_000);
  assert.ok((weightOf(world) ?? 0) >= 4);
  world.server(A, false);
  world.run(3000);
  assert.equal(weightOf(world), 0);
  world.server(A, true);
  world.run(2500);
  assert.ok((weightOf(world) ?? 9) <= 2);
});
