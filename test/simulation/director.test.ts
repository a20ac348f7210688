// The director under many seeds, and each checker against a fault that it has to find.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSwarm } from './director-swarm.js';

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

test('no seed breaks a promise of the director', () => {
  for (const seed of SEEDS) {
    const run = runSwarm(seed);
    assert.deepEqual(run.faults, [], `seed ${seed}: ${JSON.stringify(run.options)}`);
  }
});

test('a run is a function of its seed', () => {
  assert.deepEqual(runSwarm(7), runSwarm(7));
});

const isFound = (tamper: Parameters<typeof runSwarm>[1], fault: string): boolean =>
  SEEDS.some((seed) => runSwarm(seed, tamper).faults.some((one) => one.includes(fault)));

test('the checkers find requests in the wrong order', () => {
  const removeFirst: Parameters<typeof runSwarm>[1] = (requests) =>
    [...requests].sort(
      (a, b) => Number(b.kind.startsWith('delete')) - Number(a.kind.startsWith('delete')),
    );
  const quiesceAll: Parameters<typeof runSwarm>[1] = (requests) =>
    requests.map((request) =>
      request.kind === 'edit-destination'
        ? { ...request, destination: { ...request.destination, weight: 0 } }
        : request,
    );
  assert.ok(isFound(quiesceAll, 'is empty') || isFound(removeFirst, 'is empty'));
});

test('the checkers find a change that is told but not made', () => {
  const forgetful: Parameters<typeof runSwarm>[1] = (requests) =>
    requests.map((request) =>
      request.kind === 'delete-destination'
        ? { ...request, kind: 'edit-destination' as const }
        : request,
    );
  assert.ok(isFound(forgetful, 'the table is not as wanted'));
});

test('the checkers find a foreign service that is touched', () => {
  const greedy: Parameters<typeof runSwarm>[1] = (requests) => {
    const [first] = requests;
    if (first === undefined) return requests;
    const key = {
      kind: 'address',
      family: 4,
      protocol: 'tcp',
      address: '203.0.113.9',
      port: 80,
    } as const;
    return [{ kind: 'delete-service', key }, ...requests.slice(1)];
  };
  assert.ok(isFound(greedy, 'a foreign service was touched'));
});
