// The director engine in virtual time over a model of the kernel's table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROGRAMS_IN_FLIGHT_MAX } from '#src/director/check-schedule.js';
import { config, fallback, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

function started(world: DirectorWorld): DirectorWorld {
  world.start();
  world.run(100);
  return world;
}

const pair = (more: Parameters<typeof virtual>[2] = {}) =>
  config([virtual(WEB, [real(A), real(B)], more)]);

function healthyPair(more: Parameters<typeof virtual>[2] = {}): DirectorWorld {
  const world = new DirectorWorld(pair(more));
  world.server(A, true);
  world.server(B, true);
  return started(world);
}

test('a healthy start writes each real server once, after its first good check', () => {
  const world = healthyPair();
  assert.deepEqual(kinds(world), ['add-service', 'add-destination', 'add-destination']);
  assert.deepEqual(world.log, [
    'Added virtual server: 10.0.0.100:80',
    'Resetting soft failure count: 10.0.0.1:80 (tcp:10.0.0.100:80)',
    'Added real server: 10.0.0.1:80 (10.0.0.100:80) (Weight set to 1): connected',
    'Resetting soft failure count: 10.0.0.2:80 (tcp:10.0.0.100:80)',
    'Added real server: 10.0.0.2:80 (10.0.0.100:80) (Weight set to 1): connected',
  ]);
  assert.equal(world.status().isSettled, true);
});

test('a dead real server never appears at the start without quiescent', () => {
  const world = new DirectorWorld(pair());
  world.server(A, true);
  started(world);
  assert.deepEqual(world.kernel.lines(), [
    '-A tcp 10.0.0.100:80 -s wrr',
    '-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1',
  ]);
});

test('a dead real server appears with weight 0 at the start with quiescent', () => {
  const world = new DirectorWorld(pair({ isQuiescent: true }));
  world.server(A, true);
  started(world);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.2:80 masq -w 0'));
  const line = 'Quiescent real server: 10.0.0.2:80 (10.0.0.100:80) (Weight set to 0)';
  assert.ok(world.log.includes(`${line}: connect refused`));
});

test('a failing real server is quiesced and restored to its own weight', () => {
  const world = new DirectorWorld(
    config([virtual(WEB, [real(A, { weight: 5 }), real(B)], { isQuiescent: true })]),
  );
  world.server(A, true);
  world.server(B, true);
  started(world);
  world.server(A, false);
  world.run(3000);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 0'));
  world.server(A, true);
  world.run(3000);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 5'));
  const restored = 'Restored real server: 10.0.0.1:80 (10.0.0.100:80) (Weight set to 5)';
  assert.ok(world.log.includes(`${restored}: connected`));
});

test('failurecount failures in a row make a real server down, a success in between resets', () => {
  const world = healthyPair({ failureCount: 3 });
  world.log.length = 0;
  world.server(A, false);
  world.run(4100);
  world.server(A, true);
  world.run(2000);
  assert.equal(world.status().virtuals[0]?.reals[0]?.verdict, 'up');
  world.server(A, false);
  world.run(8000);
  assert.deepEqual(
    world.log.map((line) => line.replace(/: connect refused$/, '')),
    [
      'Soft failure real server: 10.0.0.1:80 (tcp:10.0.0.100:80) failure 1/3',
      'Soft failure real server: 10.0.0.1:80 (tcp:10.0.0.100:80) failure 2/3',
      'Resetting soft failure count: 10.0.0.1:80 (tcp:10.0.0.100:80)',
      'Soft failure real server: 10.0.0.1:80 (tcp:10.0.0.100:80) failure 1/3',
      'Soft failure real server: 10.0.0.1:80 (tcp:10.0.0.100:80) failure 2/3',
      'Deleted real server: 10.0.0.1:80 (10.0.0.100:80)',
    ],
  );
});

test('a failure counts once for each virtual service that shares the real server', () => {
  const shared = config([
    virtual(WEB, [real(A)], { failureCount: 4 }),
    virtual('10.0.0.101:80', [real(A)], { failureCount: 4 }),
  ]);
  const world = new DirectorWorld(shared);
  world.server(A, true);
  started(world);
  world.server(A, false);
  world.run(4500);
  assert.equal(world.status().virtuals[0]?.reals[0]?.failures, 2);
  assert.equal(world.status().virtuals[1]?.reals[0]?.failures, 2);
});

test('virtual services whose checks are equal share one run', () => {
  const shared = config([virtual(WEB, [real(A)]), virtual('10.0.0.101:80', [real(A)])]);
  const world = started(new DirectorWorld(shared));
  assert.equal(world.status().checks, 1);
  assert.equal(world.started.length, 1);
});

test('the fallback server comes when the last real server goes and leaves with the first', () => {
  const world = healthyPair({ fallback: fallback('127.0.0.1:80') });
  const line = '-a tcp 10.0.0.100:80 -r 127.0.0.1:80 masq -w 1';
  assert.ok(!world.log.some((text) => text.includes('fallback')));
  world.server(A, false);
  world.server(B, false);
  world.run(3000);
  assert.deepEqual(world.kernel.lines(), ['-A tcp 10.0.0.100:80 -s wrr', line]);
  world.server(B, true);
  world.run(3000);
  assert.ok(!world.kernel.lines().includes(line));
  assert.ok(world.log.includes('Deleted fallback server: 127.0.0.1:80 (10.0.0.100:80)'));
});

test('a real server in the table with a weight is adopted and loses nothing until it fails', () => {
  const world = healthyPair();
  const { kernel } = world;
  const next = new DirectorWorld(pair(), 'active', kernel);
  next.server(A, true, 400);
  next.server(B, false, 500);
  kernel.requests.length = 0;
  next.start();
  assert.deepEqual(kernel.requests, []);
  next.run(450);
  assert.deepEqual(kernel.requests, []);
  next.run(100);
  assert.deepEqual(kinds(next), ['delete-destination']);
  assert.ok(next.log.includes('Deleted real server: 10.0.0.2:80 (10.0.0.100:80): connect refused'));
});

const kinds = (world: DirectorWorld): readonly string[] =>
  world.kernel.requests.map((request) => request.kind);

test('an adopted service is brought to the configuration by edits', () => {
  const world = healthyPair();
  const changed = config([
    virtual(WEB, [real(A, { weight: 7 }), real(B, { forwarding: 'gate' })], { scheduler: 'wlc' }),
  ]);
  world.kernel.requests.length = 0;
  const next = new DirectorWorld(changed, 'active', world.kernel);
  next.start();
  assert.deepEqual(kinds(world), ['edit-service', 'edit-destination', 'edit-destination']);
});

test('an unknown destination of ours is purged, a foreign service is not touched', () => {
  const foreign = config([virtual('203.0.113.5:443', [real('10.0.0.9:443')])]);
  const other = new DirectorWorld(foreign);
  other.server('10.0.0.9:443', true);
  started(other);
  const ours = new DirectorWorld(
    config([virtual(WEB, [real('10.0.0.7:80')])]),
    'active',
    other.kernel,
  );
  ours.server('10.0.0.7:80', true);
  started(ours);
  const next = new DirectorWorld(pair(), 'active', other.kernel);
  next.server(A, true);
  started(next);
  assert.ok(next.log.includes('Purged real server (start): 10.0.0.7:80 (10.0.0.100:80)'));
  assert.deepEqual(next.kernel.lines(), [
    '-A tcp 10.0.0.100:80 -s wrr',
    '-A tcp 203.0.113.5:443 -s wrr',
    '-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1',
    '-a tcp 203.0.113.5:443 -r 10.0.0.9:443 masq -w 1',
  ]);
});

test('a gate real server is entered with the port of its service and named with its own', () => {
  const world = new DirectorWorld(
    config([virtual(WEB, [real('10.0.0.1:8080', { forwarding: 'gate' })], { isQuiescent: true })]),
  );
  world.server('10.0.0.1:8080', true);
  started(world);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 gate -w 1'));
  assert.ok(world.log.some((line) => line.startsWith('Added real server: 10.0.0.1:8080 (')));
  world.server('10.0.0.1:8080', false);
  world.run(3000);
  const mapped = 'Quiescent real server: 10.0.0.1:80 mapped from 10.0.0.1:8080 (10.0.0.100:80)';
  assert.ok(world.log.some((line) => line.startsWith(mapped)));
  world.server('10.0.0.1:8080', true);
  world.run(3000);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 gate -w 1'));
});

test('a change by another program is told and repaired within a round', () => {
  const world = healthyPair();
  const key = virtual(WEB, []).key;
  const destination = { ...real(A), forwarding: 'masq', weight: 77 } as const;
  world.kernel.apply([{ kind: 'edit-destination', key, destination }]);
  world.run(2100);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1'));
  const what = 'real server 10.0.0.1:80 of tcp 10.0.0.100:80 was changed: weight 1 -> 77';
  assert.ok(world.log.includes(`Table changed by another program: ${what}`));
  assert.ok(world.log.some((line) => line.endsWith('repaired after a change by another program')));
  assert.equal(world.status().repairs, 1);
});

test('a quiesced real server that somebody deleted is not added again while it is down', () => {
  const world = healthyPair({ isQuiescent: true });
  world.server(A, false);
  world.run(3000);
  const key = virtual(WEB, []).key;
  world.kernel.apply([{ kind: 'delete-destination', key, destination: real(A) }]);
  world.run(6000);
  assert.ok(!world.kernel.lines().some((line) => line.includes(A)));
  world.server(A, true);
  world.run(3000);
  assert.ok(world.kernel.lines().includes('-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1'));
});

test('a check that does not answer is failed at its deadline', () => {
  const world = healthyPair();
  world.mute(A);
  world.run(9000);
  const status = world.status().virtuals[0]?.reals[0];
  assert.equal(status?.verdict, 'down');
  assert.equal(status?.reason, 'timed out after 5.0 s');
});

test('one silent real server does not delay the verdict on another', () => {
  const world = healthyPair();
  world.mute(A);
  world.run(2500);
  world.server(B, false);
  world.run(2500);
  assert.equal(world.status().virtuals[0]?.reals[1]?.verdict, 'down');
});

function farm(size: number, more: Parameters<typeof virtual>[2] = {}): DirectorWorld {
  const names = Array.from({ length: size }, (_, at) => `10.1.${at >> 8}.${at & 255}:80`);
  const reals = names.map((name) => real(name));
  const world = new DirectorWorld(config([virtual(WEB, reals, more)]));
  for (const name of names) world.server(name, true, 20);
  return world;
}

test('starts of checks are spread over the interval', () => {
  const world = farm(200);
  world.start();
  world.run(2000);
  assert.equal(world.inFlightMost, 200);
  world.started.length = 0;
  world.inFlightMost = 0;
  world.run(2000);
  assert.ok(world.started.length >= 190, `${world.started.length} checks in a round`);
  assert.ok(world.inFlightMost <= 8, `${world.inFlightMost} at once`);
});

test('no more programs of external checks run at once than the limit', () => {
  const world = farm(200, { checkType: { kind: 'external' }, checkCommand: '/bin/check' });
  world.start();
  world.run(2000);
  assert.equal(world.inFlightMost, PROGRAMS_IN_FLIGHT_MAX);
});

test('a round of servers that do not answer ends within one timeout', () => {
  const world = farm(200);
  for (const name of world.servers.keys()) world.mute(name);
  world.start();
  const { checkTimeoutSeconds } = virtual(WEB, []);
  world.run(1000 * checkTimeoutSeconds + 1000);
  assert.ok(world.status().isSettled);
});
