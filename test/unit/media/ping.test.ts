// The ping medium where the kernel refuses: full queues, no right to raw sockets, and floods.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sys } from '#src/kernel/sys.js';
import type { Medium } from '#src/media/medium.js';
import { openMedium } from '#src/media/open-medium.js';
import { makeFakeSys } from '../kernel/fake-sys.js';

const ENOBUFS = 105;
const EPERM = 1;

interface Opened {
  readonly medium: Medium;
  readonly changes: string[];
  readonly came: string[];
  ask(): void;
  /** What the event loop does when the socket is readable. */
  readonly readable: () => void;
}

function open(sys: Sys, hosts: readonly string[]): Opened {
  const changes: string[] = [];
  const came: string[] = [];
  let readable = (): void => undefined;
  const poll: Sys['poll'] = (fd, onReadable) => {
    readable = onReadable;
    return sys.poll(fd, onReadable);
  };
  const medium = openMedium(
    { kind: 'ping_group', name: 'routers', hosts },
    {
      onBytes: (bytes) => came.push(new TextDecoder().decode(bytes)),
      onUp: () => changes.push('up'),
      onDown: (reason) => changes.push(`down: ${reason}`),
    },
    { sys: { ...sys, poll }, reopenMs: 5 },
  );
  const bytes = new TextEncoder().encode('question');
  return {
    medium,
    changes,
    came,
    ask: () => medium.send({ datagram: bytes, line: bytes }),
    readable: () => readable(),
  };
}

test('a full queue passes by, and is told once when it stays full', () => {
  const fake = makeFakeSys();
  let answer = -ENOBUFS;
  const routers = open({ ...fake.sys, sendto: () => answer }, ['10.0.0.1']);
  routers.ask();
  routers.ask();
  assert.deepEqual(routers.changes, ['up']);
  for (let count = 0; count < 5; count++) routers.ask();
  assert.deepEqual(routers.changes, ['up', 'down: asking 10.0.0.1: ENOBUFS']);
  answer = 100;
  routers.ask();
  assert.deepEqual(routers.changes.at(-1), 'up');
  assert.equal(routers.medium.counters().errors.ENOBUFS, 7);
  routers.medium.close();
  assert.equal(fake.open.size, 0);
});

test('a group is down only when none of its hosts can be asked', () => {
  const fake = makeFakeSys();
  let calls = 0;
  const sendto = (): number => (calls++ % 2 === 0 ? -EPERM : 100);
  const routers = open({ ...fake.sys, sendto }, ['10.0.0.1', '10.0.0.2']);
  routers.ask();
  routers.ask();
  assert.deepEqual(routers.changes, ['up']);
  routers.medium.close();
});

test('without the right to raw sockets it is down, says why, and tries again', async () => {
  const fake = makeFakeSys();
  let isAllowed = false;
  const socket: Sys['socket'] = (...values) => (isAllowed ? fake.sys.socket(...values) : -EPERM);
  const routers = open({ ...fake.sys, socket }, ['10.0.0.1', '::1']);
  routers.ask();
  assert.deepEqual(routers.changes, ['down: ping needs a raw socket: EPERM']);
  isAllowed = true;
  while (routers.changes.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(routers.changes.at(-1), 'up');
  routers.medium.close();
});

test('what is no answer to us is passed over, a few packets at a time', () => {
  const fake = makeFakeSys();
  const routers = open(fake.sys, ['10.0.0.1']);
  routers.ask();
  const request = fake.sent[0] ?? new Uint8Array(0);
  const reply = new Uint8Array(20 + request.length);
  reply[0] = 0x45;
  reply.set(request, 20);
  reply[20] = 0;
  const strange = reply.slice();
  strange[24] = (strange[24] ?? 0) ^ 0xff;
  fake.answers.push(new Uint8Array(0), new Uint8Array(19), strange);
  fake.answers.push(...Array.from({ length: 40 }, () => reply));
  routers.readable();
  assert.equal(routers.came.length, 32 - 3);
  assert.equal(routers.came[0], 'question');
  routers.medium.close();
});
