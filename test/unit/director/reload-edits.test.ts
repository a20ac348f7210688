// A reload asks of the kernel what differs and nothing else, and whoever stays keeps his health.
// One check serves every virtual service whose real server it is about.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectorConfig } from '#src/config/director-config.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const C = '10.0.0.3:80';

/** A hundred services with ten real servers each; `weightOf` names the weight of one. */
function big(weightOf: (service: number, server: number) => number): DirectorConfig {
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
  return config(
    numbers(100).map((service) =>
      virtual(
        `10.0.1.${service}:80`,
        numbers(10).map((n) =>
          real(`10.1.${service}.${n + 1}:80`, { weight: weightOf(service, n) }),
        ),
        { isQuiescent: true },
      ),
    ),
  );
}

test('a reload that changes one weight of a thousand real servers is one request', () => {
  const world = new DirectorWorld(big(() => 5));
  world.judge = () => ({ isUp: true, delayMs: 5 });
  world.start();
  world.run(3000);
  const before = world.status();
  world.kernel.requests.length = 0;
  world.log.length = 0;
  const next = big((service, n) => (service === 42 && n === 7 ? 9 : 5));
  world.offer({ kind: 'config-changed', id: 1, config: next });
  assert.deepEqual(
    world.kernel.requests.map((request) => [
      request.kind,
      'destination' in request ? [request.destination.address, request.destination.weight] : [],
    ]),
    [['edit-destination', ['10.1.42.8', 9]]],
  );
  assert.deepEqual(world.answers, [{ id: 1, isDone: true, text: 'reloaded' }]);
  const after = world.status();
  for (const [index, one] of before.virtuals.entries()) {
    assert.deepEqual(
      after.virtuals[index]?.reals.map(({ verdict, since, reason }) => [verdict, since, reason]),
      one.reals.map(({ verdict, since, reason }) => [verdict, since, reason]),
    );
  }
  world.run(6000);
  assert.equal(world.kernel.requests.length, 1);
});

test('a reload keeps counts of failures and rises, quiesced servers and the pace of checks', () => {
  const health = { riseCount: 4 };
  const build = (weight: number) => {
    const one = virtual(WEB, [real(A), real(B), real(C, { weight })], { failureCount: 5 });
    return config([{ ...one, isQuiescent: true, health: { ...one.health, ...health } }]);
  };
  const world = new DirectorWorld(build(1));
  for (const name of [A, B, C]) world.server(name, true);
  world.start();
  world.run(3000);
  world.server(A, false);
  world.server(B, false);
  world.run(12_000);
  world.server(B, true);
  world.run(4000);
  world.started.length = 0;
  world.kernel.requests.length = 0;
  world.offer({ kind: 'config-changed', id: 1, config: build(3) });
  assert.equal(world.started.length, 0);
  assert.equal(world.kernel.requests.length, 1);
  const [a, b] = world.status().virtuals[0]?.reals ?? [];
  assert.equal(a?.verdict, 'down');
  assert.equal(b?.verdict, 'down');
  // Two good checks were there before the reload, two more are needed.
  world.run(4500);
  assert.equal(world.status().virtuals[0]?.reals[1]?.verdict, 'up');
});

test('a new real server enters the table with its first good check and not before', () => {
  const world = new DirectorWorld(config([virtual(WEB, [real(A)])]));
  world.server(A, true);
  world.server(B, true, 400);
  world.start();
  world.run(1000);
  world.kernel.requests.length = 0;
  world.offer({
    kind: 'config-changed',
    id: 1,
    config: config([
      virtual(
        WEB,
        [A, B].map((n) => real(n)),
      ),
    ]),
  });
  world.run(300);
  assert.deepEqual(world.kernel.requests, []);
  world.run(200);
  assert.deepEqual(
    world.kernel.requests.map(({ kind }) => kind),
    ['add-destination'],
  );
});

test('a reload that replaces all real servers removes the old ones when a new one is up', () => {
  const world = new DirectorWorld(config([virtual(WEB, [real(A)])]));
  world.server(A, true);
  world.server(B, true, 400);
  world.start();
  world.run(1000);
  world.offer({ kind: 'config-changed', id: 1, config: config([virtual(WEB, [real(B)])]) });
  const carriers = (): number =>
    world.kernel.read()[0]?.destinations.filter(({ weight }) => weight > 0).length ?? 0;
  let fewest = 9;
  world.kernel.onChange = () => {
    fewest = Math.min(fewest, carriers());
  };
  world.run(350);
  assert.ok(world.kernel.lines().some((line) => line.includes(A)));
  world.run(100);
  assert.deepEqual(world.kernel.lines(), [
    `-A tcp ${WEB} -s wrr`,
    `-a tcp ${WEB} -r ${B} masq -w 1`,
  ]);
  assert.equal(fewest, 1);
});

test('one real server in ten virtual services costs one check an interval', () => {
  const services = Array.from({ length: 10 }, (_, n) =>
    virtual(`10.0.0.${100 + n}:80`, [real(A)], { failureCount: n + 1 }),
  );
  const world = new DirectorWorld(config(services));
  world.server(A, true);
  world.start();
  world.run(1000);
  assert.equal(world.status().checks, 1);
  world.started.length = 0;
  world.run(20_000);
  assert.equal(world.started.length, 10);
  // Each judges the shared outcome by its own limit.
  world.server(A, false);
  world.run(9000);
  const verdicts = world.status().virtuals.map(({ reals }) => reals[0]?.verdict);
  const downs = verdicts.filter((verdict) => verdict === 'down').length;
  assert.ok(downs >= 4 && downs <= 5, verdicts.join(' '));
  assert.deepEqual(
    verdicts,
    verdicts.map((_, n) => (n < downs ? 'down' : 'up')),
  );
});

test('what makes the answer different makes a check of its own', () => {
  const one = (n: number, more: Parameters<typeof virtual>[2]) =>
    virtual(`10.0.0.${100 + n}:80`, [real(A)], { checkType: { kind: 'negotiate' }, ...more });
  const world = new DirectorWorld(
    config([
      one(0, {}),
      one(1, {}),
      one(2, { request: '/alive' }),
      one(3, { receive: 'OK' }),
      one(4, { virtualHost: 'www.example.org' }),
      one(5, { httpMethod: 'HEAD' }),
      one(6, { checkPort: 8080 }),
      one(7, { service: 'https' }),
      one(8, { negotiateTimeoutSeconds: 3 }),
      one(9, { checkType: { kind: 'connect' } }),
      // Nothing that http uses.
      one(10, { login: 'x', database: 'y', secret: 'z' }),
    ]),
  );
  world.start();
  assert.equal(world.status().checks, 9);
});
