// The ping check over a model of the system calls, since a raw socket needs root.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '#src/base/time.js';
import type { PingCheck } from '#src/checks/check-spec.js';
import type { Sys } from '#src/kernel/sys.js';
import { runPingCheck } from '#src/runtime/checks/ping.js';

const spec: PingCheck = {
  kind: 'ping',
  family: 4,
  address: '10.0.0.1',
  attempts: 2,
  timeout: millis(40),
};

/** Answers the echo request with that sequence number; earlier ones are lost. */
function fakeSys(answered: number): { sys: Sys; closed: string[] } {
  const closed: string[] = [];
  const waiting: Uint8Array[] = [];
  let onReadable = (): void => undefined;
  const sys = {
    socket: () => 7,
    connect: () => 0,
    send: (_fd: number, bytes: Uint8Array) => {
      if (bytes[7] !== answered) return bytes.length;
      const reply = new Uint8Array(20 + bytes.length);
      reply[0] = 0x45;
      reply.set(bytes, 20);
      reply[20] = 0;
      // Somebody else's reply comes first.
      const foreign = Uint8Array.from(reply);
      foreign[24] = (foreign[24] ?? 0) ^ 1;
      waiting.push(foreign, reply);
      setImmediate(() => onReadable());
      return bytes.length;
    },
    recv: (_fd: number, into: Uint8Array) => {
      const packet = waiting.shift();
      if (packet === undefined) return -11;
      into.set(packet);
      return packet.length;
    },
    poll: (_fd: number, callback: () => void) => {
      onReadable = callback;
      return { close: () => closed.push('poll') };
    },
    close: () => {
      closed.push('fd');
      return 0;
    },
    // The rest of the calls is not made by a ping.
  } as unknown as Sys;
  return { sys, closed };
}

const context = (signal: AbortSignal) => ({
  signal,
  whenOver: () => undefined,
  waitFor: () => undefined,
});

test('an echo reply to any of the attempts is up, and the socket is closed last', async () => {
  const { sys, closed } = fakeSys(2);
  const verdict = await runPingCheck(spec, context(new AbortController().signal), sys);
  assert.deepEqual(verdict, { isUp: true, reason: 'echo reply 2' });
  assert.deepEqual(closed, ['poll', 'fd']);
});

test('a ping that is cancelled closes its socket', () => {
  const { sys, closed } = fakeSys(0);
  const abort = new AbortController();
  void runPingCheck(spec, context(abort.signal), sys);
  abort.abort();
  assert.deepEqual(closed, ['poll', 'fd']);
});

test('without the right to a raw socket it is down and says so', async () => {
  const { sys } = fakeSys(0);
  const forbidden = { ...sys, socket: () => -1 };
  const verdict = await runPingCheck(spec, context(new AbortController().signal), forbidden);
  assert.deepEqual(verdict, { isUp: false, reason: 'ping needs a raw socket: EPERM' });
});
