// The life of a director in virtual time: reload, stop, standing by, refusals, restarts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('a reload keeps verdicts, edits what differs and purges what is gone', () => {
  const world = healthyPair();
  world.kernel.requests.length = 0;
  world.log.length = 0;
  const next = config([virtual(WEB, [real(B, { weight: 5 })])]);
  world.offer({ kind: 'config-changed', id: 9, config: next });
  assert.deepEqual(world.log, [
    'Restored real server: 10.0.0.2:80 (10.0.0.100:80) (Weight set to 5): connected',
    'Purged real server (start): 10.0.0.1:80 (10.0.0.100:80)',
  ]);
  assert.deepEqual(world.answers, [{ id: 9, isDone: true, text: 'reloaded' }]);
  assert.equal(world.kernel.requests.length, 2);
});

test('a reload without a change asks nothing of the kernel', () => {
  const world = healthyPair({ isQuiescent: true });
  world.server(A, false);
  world.run(3000);
  world.kernel.requests.length = 0;
  world.offer({ kind: 'config-changed', id: 1, config: pair({ isQuiescent: true }) });
  world.run(5000);
  assert.deepEqual(world.kernel.requests, []);
});

test('a reload removes a virtual service that is gone and adds a new one after its checks', () => {
  const world = healthyPair();
  const next = config([virtual('10.0.0.101:80', [real(B)])]);
  world.offer({ kind: 'config-changed', id: 1, config: next });
  world.run(100);
  assert.ok(world.log.includes('Purged virtual server (start): 10.0.0.100:80'));
  assert.deepEqual(world.kernel.lines(), [
    '-A tcp 10.0.0.101:80 -s wrr',
    '-a tcp 10.0.0.101:80 -r 10.0.0.2:80 masq -w 1',
  ]);
});

test('at the stop the up real servers and then their service are purged', () => {
  const world = new DirectorWorld(pair({ isQuiescent: true }));
  world.server(A, true);
  started(world);
  world.log.length = 0;
  world.offer({ kind: 'shutdown-asked', signal: 'TERM' });
  assert.deepEqual(world.log, [
    'Purged real server (stop): 10.0.0.1:80 (10.0.0.100:80)',
    'Purged virtual server (stop): 10.0.0.100:80',
    'Linux Director Daemon terminated on signal: TERM',
  ]);
  assert.deepEqual(world.kernel.lines(), []);
  assert.equal(world.hasExited, true);
  assert.equal(world.nextDeadline(), undefined);
});

test('at the stop cleanstop=no leaves the table as it is', () => {
  const world = healthyPair({ isCleanStop: false });
  const before = world.kernel.lines();
  world.offer({ kind: 'shutdown-asked', signal: 'TERM' });
  assert.deepEqual(world.kernel.lines(), before);
  assert.deepEqual(world.log.at(-1), 'Linux Director Daemon terminated on signal: TERM');
});

test('a warm director touches nothing and loads a proven table in one batch', () => {
  const world = new DirectorWorld(pair(), 'warm');
  world.server(A, true);
  started(world);
  world.run(20_000);
  assert.deepEqual(world.kernel.requests, []);
  const at = world.nowMs;
  world.offer({ kind: 'activated', id: 3 });
  assert.equal(world.nowMs, at);
  assert.deepEqual(world.answers, [{ id: 3, isDone: true, text: 'active' }]);
  assert.deepEqual(world.kernel.lines(), [
    '-A tcp 10.0.0.100:80 -s wrr',
    '-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1',
  ]);
});

test('a director that stands by asks less often, and once active as usual, without a wave', () => {
  const names = Array.from({ length: 20 }, (_, at) => `10.0.1.${at + 1}:80`);
  const farm = config(
    [
      virtual(
        WEB,
        names.map((name) => real(name)),
      ),
    ],
    { standbyPace: 5 },
  );
  const world = new DirectorWorld(farm, 'warm');
  for (const name of names) world.server(name, true);
  started(world);
  world.run(20_000);
  const before = world.started.length;
  world.run(100_000);
  assert.equal(world.started.length - before, (20 * 100) / (2 * 5));
  world.offer({ kind: 'activated', id: 1 });
  const at = world.nowMs;
  const count = world.started.length;
  world.run(2000);
  const times = world.started.slice(count).map(({ atMs }) => Math.floor((atMs - at) / 500));
  const perHalfSecond = [0, 1, 2, 3].map((part) => times.filter((time) => time === part).length);
  assert.ok(times.length >= 19, `${times.length} checks in the first interval`);
  for (const some of perHalfSecond) assert.ok(some <= 7, perHalfSecond.join(' '));
});

test('a director that hands its table over goes on checking and can take it again', () => {
  const world = healthyPair();
  world.offer({ kind: 'deactivated', id: 1 });
  assert.deepEqual(world.kernel.lines(), []);
  assert.equal(world.status().mode, 'warm');
  world.server(B, false);
  world.run(20_000);
  world.offer({ kind: 'activated', id: 2 });
  assert.deepEqual(world.kernel.lines(), [
    '-A tcp 10.0.0.100:80 -s wrr',
    '-a tcp 10.0.0.100:80 -r 10.0.0.1:80 masq -w 1',
  ]);
  assert.deepEqual(
    world.answers.map(({ isDone }) => isDone),
    [true, true],
  );
});

test('what the kernel refuses is told once, named in the answer and tried again each round', () => {
  const world = new DirectorWorld(pair({ scheduler: 'nosuch' }));
  world.kernel.unknownSchedulers.add('nosuch');
  world.server(A, true);
  started(world);
  world.run(10_000);
  const told = world.log.filter((line) => line.startsWith('The kernel refused'));
  assert.deepEqual(told, ['The kernel refused add-service tcp 10.0.0.100:80 nosuch: ENOENT']);
  assert.ok(!world.log.some((line) => line.startsWith('Added')));
  assert.equal(world.status().isTableConfirmed, false);
  world.kernel.unknownSchedulers.clear();
  world.run(3000);
  assert.equal(world.kernel.lines().length, 2);
  assert.equal(world.status().isTableConfirmed, true);
});

test('checktype=on brings real servers in without a check, off leaves them out', () => {
  const on = started(new DirectorWorld(pair({ checkType: { kind: 'on' } })));
  assert.equal(on.kernel.lines().length, 3);
  assert.equal(on.started.length, 0);
  const off = started(
    new DirectorWorld(pair({ checkType: { kind: 'off' }, fallback: fallback('127.0.0.1:80') })),
  );
  off.run(5000);
  assert.deepEqual(off.kernel.lines(), ['-A tcp 10.0.0.100:80 -s wrr']);
});

test('a restart leaves the fallback server in place until somebody is known to be up', () => {
  const dead = new DirectorWorld(pair({ fallback: fallback('127.0.0.1:80'), isQuiescent: true }));
  started(dead);
  const line = '-a tcp 10.0.0.100:80 -r 127.0.0.1:80 masq -w 1';
  assert.ok(dead.kernel.lines().includes(line));
  const again = pair({ fallback: fallback('127.0.0.1:80'), isQuiescent: true });
  const next = new DirectorWorld(again, 'active', dead.kernel);
  next.server(A, true, 300);
  next.server(B, false, 300);
  next.start();
  next.run(250);
  assert.ok(next.kernel.lines().includes(line));
  next.run(250);
  assert.ok(!next.kernel.lines().includes(line));
});

test('a deadline that the process itself slept through is extended once', () => {
  const world = healthyPair();
  world.server(A, true, 7000);
  world.run(2000);
  // Nothing ran for seven seconds; the answer lies in the socket when the loop goes on.
  world.sleep(7000);
  world.offer({ kind: 'deadline-reached' });
  world.run(500);
  assert.equal(world.status().virtuals[0]?.reals[0]?.verdict, 'up');
});

test('a service that the kernel refuses does not keep a node from taking over', () => {
  const both = config([
    virtual(WEB, [real(A)]),
    virtual('10.0.0.101:80', [real(A)], { scheduler: 'nosuch' }),
  ]);
  const world = new DirectorWorld(both, 'warm');
  world.kernel.unknownSchedulers.add('nosuch');
  world.server(A, true);
  started(world);
  world.offer({ kind: 'activated', id: 1 });
  assert.equal(world.answers[0]?.isDone, true);
  assert.match(world.answers[0]?.text ?? '', /the kernel refused add-service tcp 10\.0\.0\.101:80/);
  assert.equal(world.kernel.lines().length, 2);
});

test('a director that stands by withdraws what a killed predecessor left, when asked', () => {
  const killed = healthyPair();
  const next = new DirectorWorld(pair(), 'warm', killed.kernel);
  next.server(A, true);
  started(next);
  assert.equal(killed.kernel.lines().length, 3);
  next.offer({ kind: 'deactivated', id: 1 });
  assert.deepEqual(killed.kernel.lines(), []);
  assert.deepEqual(next.answers, [{ id: 1, isDone: true, text: 'warm' }]);
  next.run(10_000);
  assert.deepEqual(killed.kernel.lines(), []);
});

test('a withdrawal that the kernel refuses is told, and what is left is looked after', () => {
  const world = healthyPair();
  world.kernel.refuses = (request) => request.kind === 'delete-service';
  world.offer({ kind: 'deactivated', id: 1 });
  assert.deepEqual(world.answers, [
    { id: 1, isDone: false, text: 'the kernel refused delete-service tcp 10.0.0.100:80: EPERM' },
  ]);
  assert.equal(world.status().mode, 'active');
  world.run(5000);
  assert.equal(world.kernel.lines().length, 3, 'its real servers are in the table again');
  world.kernel.refuses = () => false;
  world.offer({ kind: 'deactivated', id: 2 });
  assert.deepEqual(world.answers[1], { id: 2, isDone: true, text: 'warm' });
  assert.deepEqual(world.kernel.lines(), []);
});

test('a director that stands by goes on standing by when a left-over cannot be withdrawn', () => {
  const killed = healthyPair();
  killed.kernel.refuses = (request) => request.kind === 'delete-service';
  const next = new DirectorWorld(pair(), 'warm', killed.kernel);
  next.server(A, true);
  started(next);
  next.offer({ kind: 'deactivated', id: 1 });
  assert.equal(next.answers[0]?.isDone, false);
  assert.equal(next.status().mode, 'warm');
  killed.kernel.requests.length = 0;
  next.run(10_000);
  assert.deepEqual(killed.kernel.requests, []);
});

test('a service that somebody else has deleted does not hold a withdrawal up', () => {
  const world = healthyPair();
  const gone = world.kernel.read()[0]?.key;
  assert.ok(gone);
  world.tamper = (requests) => {
    world.kernel.apply([{ kind: 'delete-service', key: gone }]);
    return requests;
  };
  world.offer({ kind: 'deactivated', id: 1 });
  assert.deepEqual(world.answers, [{ id: 1, isDone: true, text: 'warm' }]);
});

test('a stop whose withdrawal is refused ends all the same, and says what was left', () => {
  const world = healthyPair();
  world.kernel.refuses = (request) => request.kind === 'delete-service';
  world.offer({ kind: 'shutdown-asked', signal: 'TERM' });
  assert.equal(world.hasExited, true);
  assert.deepEqual(world.log.slice(-2), [
    'The IPVS table was not withdrawn: the kernel refused delete-service tcp 10.0.0.100:80: EPERM',
    'Linux Director Daemon terminated on signal: TERM',
  ]);
});

test('a stop that comes before the start ends the director at once', () => {
  const world = new DirectorWorld(pair());
  world.offer({ kind: 'shutdown-asked', signal: 'TERM' });
  assert.equal(world.hasExited, true);
  world.start();
  assert.deepEqual(world.kernel.requests, []);
});

test('an activation in the middle of a withdrawal leaves no question without an answer', () => {
  const world = healthyPair();
  world.offer({ kind: 'deactivated', id: 1 });
  world.offer({ kind: 'activated', id: 2 });
  assert.deepEqual(
    world.answers.map(({ id }) => id),
    [1, 2],
  );
});
