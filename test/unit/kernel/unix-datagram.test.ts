// Unix socket addresses, words to the service manager, and the scheduling class of a thread.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNotifier } from '#src/kernel/notify.js';
import { favourThisThread, raiseThisThread } from '#src/kernel/scheduling.js';
import { unixAddress } from '#src/kernel/socket-address.js';
import { makeFakeSys } from './fake-sys.js';

test('a path ends with a NUL and a name of the abstract space begins with one', () => {
  assert.deepEqual(unixAddress('/a'), Uint8Array.of(1, 0, 0x2f, 0x61, 0));
  assert.deepEqual(unixAddress('@a'), Uint8Array.of(1, 0, 0, 0x61));
  assert.equal(unixAddress(''), undefined);
  assert.equal(unixAddress('/'.padEnd(108, 'x')), undefined);
  assert.equal(unixAddress('/'.padEnd(107, 'x'))?.length, 110);
});

test('the service manager is told in one datagram', () => {
  const fake = makeFakeSys();
  const notifier = openNotifier('/run/notify', fake.sys);
  assert.ok(notifier.ok);
  assert.deepEqual(notifier.value.send('READY=1\nSTATUS=up'), { ok: true, value: undefined });
  assert.deepEqual(fake.sent, [new TextEncoder().encode('READY=1\nSTATUS=up')]);
  notifier.value.close();
  notifier.value.close();
  assert.equal(fake.open.size, 0);
  assert.equal(notifier.value.send('STOPPING=1').ok, false);
});

test('a thread is raised to SCHED_RR that children do not inherit, or says why not', () => {
  const calls: (readonly number[])[] = [];
  const fake = makeFakeSys();
  const schedSetscheduler = (...values: readonly number[]): number => {
    calls.push(values);
    return calls.length === 1 ? 0 : -1;
  };
  const sys = { ...fake.sys, schedSetscheduler };
  assert.deepEqual(raiseThisThread(10, sys), { ok: true, value: undefined });
  assert.deepEqual(calls, [[0, 2 | 0x4000_0000, 10]]);
  const refused = raiseThisThread(10, sys);
  assert.deepEqual(refused, {
    ok: false,
    code: 'no-permission',
    detail: 'SCHED_RR priority 10: EPERM',
  });
  assert.equal(raiseThisThread(0, sys).ok, false);
  assert.equal(calls.length, 2);
});

test('a thread that may not keep its favour from its children gets none', () => {
  const { sys } = makeFakeSys();
  const calls: (readonly number[])[] = [];
  const schedSetscheduler = (...values: readonly number[]): number => {
    calls.push(values);
    return -1;
  };
  const refused = favourThisThread(-10, { ...sys, schedSetscheduler });
  assert.deepEqual(refused, {
    ok: false,
    code: 'no-permission',
    detail: 'SCHED_RESET_ON_FORK: EPERM',
  });
  assert.deepEqual(calls, [[0, 0x4000_0000, 0]]);
});
