// What other programs do to the table is seen in the next round, told from what to what, and put
// right; services that are not ours are nobody's business here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpvsRequest } from '#src/wire/ipvs-table.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const { key } = virtual(WEB, []);
const entry = (name: string, weight = 1, forwarding: 'masq' | 'gate' = 'masq') => ({
  ...real(name, { weight }),
  forwarding,
});
const service = {
  key,
  scheduler: 'wrr',
  persistenceSeconds: undefined,
  persistencePrefix: 32,
  isOnePacket: false,
  schedulerFlags: 0,
};

function running(): DirectorWorld {
  const world = new DirectorWorld(config([virtual(WEB, [real(A), real(B)])]));
  world.server(A, true);
  world.server(B, true);
  world.start();
  world.run(1000);
  world.log.length = 0;
  return world;
}

const told = (what: string): string => `Table changed by another program: ${what}`;

const cases: readonly (readonly [string, readonly IpvsRequest[], string])[] = [
  [
    'a changed weight and forwarding',
    [{ kind: 'edit-destination', key, destination: entry(A, 7, 'gate') }],
    `real server ${A} of tcp ${WEB} was changed: weight 1 -> 7, forwarding masq -> gate`,
  ],
  [
    'a removed real server',
    [{ kind: 'delete-destination', key, destination: entry(A) }],
    `real server ${A} of tcp ${WEB} was removed (weight 1, masq)`,
  ],
  [
    'an added real server',
    [{ kind: 'add-destination', key, destination: entry('10.0.0.66:80', 9) }],
    `real server 10.0.0.66:80 of tcp ${WEB} was added (weight 9, masq)`,
  ],
  [
    'another scheduler and persistence',
    [{ kind: 'edit-service', service: { ...service, scheduler: 'rr', persistenceSeconds: 60 } }],
    `virtual server tcp ${WEB} was changed: scheduler wrr -> rr, persistence none -> 60 s, ` +
      'netmask none -> /32',
  ],
  [
    'a removed service',
    [{ kind: 'delete-service', key }],
    `virtual server tcp ${WEB} was removed (scheduler wrr, 2 real servers)`,
  ],
];

for (const [name, requests, text] of cases) {
  test(`${name} is told and put right within one round`, () => {
    const world = running();
    const before = world.kernel.lines();
    world.kernel.apply(requests);
    assert.notDeepEqual(world.kernel.lines(), before);
    world.run(2100);
    assert.deepEqual(world.kernel.lines(), before);
    assert.equal(world.log[0], told(text));
    assert.equal(world.status().repairs, 1);
    // Told once, and nothing more is asked of the kernel.
    const count = world.kernel.requests.length;
    world.run(6000);
    assert.equal(world.kernel.requests.length, count);
    assert.equal(world.log.filter((line) => line.startsWith('Table changed')).length, 1);
  });
}

test('who changes the same in every round is put right in every round and told once', () => {
  const world = running();
  for (let round = 0; round < 5; round++) {
    world.kernel.apply([{ kind: 'edit-destination', key, destination: entry(A, 7) }]);
    world.run(2000);
  }
  assert.ok(world.kernel.lines().includes(`-a tcp ${WEB} -r ${A} masq -w 1`));
  assert.equal(world.status().repairs, 5);
  assert.equal(world.log.filter((line) => line.startsWith('Table changed')).length, 1);
});

test('what others do to services that are not ours is neither told nor touched', () => {
  const world = running();
  const foreign = virtual('203.0.113.5:443', []).key;
  world.kernel.apply([{ kind: 'add-service', service: { ...service, key: foreign } }]);
  world.run(4000);
  world.kernel.apply([
    { kind: 'add-destination', key: foreign, destination: entry('10.0.0.9:443') },
  ]);
  const before = world.kernel.lines();
  world.kernel.requests.length = 0;
  world.run(6000);
  assert.deepEqual(world.kernel.lines(), before);
  assert.deepEqual(world.kernel.requests, []);
  assert.deepEqual(world.log, []);
  assert.equal(world.status().repairs, 0);
});
