// When a medium says up and down, and what it counts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTally, describeError } from '#src/media/medium-tools.js';

function watched() {
  const changes: string[] = [];
  const tally = createTally({
    onBytes: () => undefined,
    onUp: () => changes.push('up'),
    onDown: (reason) => changes.push(reason),
  });
  return { changes, tally };
}

test('a medium says once that it is down and once that it is up again', () => {
  const { changes, tally } = watched();
  tally.up();
  tally.sent();
  tally.sendFailed('ENETUNREACH', 'no network');
  tally.sendFailed('ENETUNREACH', 'no network');
  tally.sent();
  tally.sent();
  assert.deepEqual(changes, ['up', 'no network', 'up']);
  assert.deepEqual(tally.counters(), {
    sent: 3,
    received: 0,
    dropped: 2,
    errors: { ENETUNREACH: 2 },
  });
});

test('a full queue is a fault only when it stays full', () => {
  const { changes, tally } = watched();
  tally.up();
  tally.sendFailed('ENOBUFS', 'full');
  tally.sendFailed('ENOBUFS', 'full');
  tally.sent();
  tally.sendFailed('ENOBUFS', 'full');
  tally.sendFailed('ENOBUFS', 'full');
  assert.deepEqual(changes, ['up']);
  tally.sendFailed('ENOBUFS', 'full');
  assert.deepEqual(changes, ['up', 'full']);
});

test('a closed medium says nothing more', () => {
  const { changes, tally } = watched();
  tally.close();
  tally.up();
  tally.down('late');
  assert.deepEqual(changes, []);
});

test('however many kinds of error there are, their table stays small', () => {
  const { tally } = watched();
  for (let kind = 0; kind < 1000; kind++) tally.error(`E${kind}`);
  const { errors } = tally.counters();
  assert.ok(Object.keys(errors).length <= 33);
  assert.equal(errors.other, 968);
});

test('an error is told by its code', () => {
  const fault = Object.assign(new Error('send EPERM 10.0.0.1:694'), { code: 'EPERM' });
  assert.deepEqual(describeError(fault), { code: 'EPERM', reason: 'send EPERM 10.0.0.1:694' });
  assert.deepEqual(describeError('odd'), { code: 'unknown', reason: 'odd' });
});
