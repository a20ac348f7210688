// The binding that carries serialport in a worker, against a line that the test plays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTtyBinding } from '#src/media/tty-binding.js';
import { makeFakeSys } from '../kernel/fake-sys.js';

const EAGAIN = 11;
const EIO = 5;

/** A line whose reads and writes a test answers. */
function makeLine(more: { read?: () => number; write?: (bytes: Uint8Array) => number } = {}) {
  const fake = makeFakeSys();
  const settings: Uint8Array[] = [];
  let onReadable: () => void = () => undefined;
  const TCSETS = 0x5402;
  const sys = {
    ...fake.sys,
    read: () => more.read?.() ?? -EAGAIN,
    write: (_fd: number, bytes: Uint8Array) => more.write?.(bytes) ?? bytes.length,
    open: () => fake.sys.socket(0, 0, 0),
    ioctl: (_fd: number, request: number, bytes: Uint8Array): number => {
      if (request === TCSETS) settings.push(bytes.slice());
      return 0;
    },
    ioctlNumber: () => 0,
    poll: (_fd: number, readable: () => void) => {
      onReadable = readable;
      return fake.sys.poll(0, readable);
    },
  };
  return { fake, settings, binding: makeTtyBinding(sys), readable: () => onReadable() };
}

const options = { path: '/dev/ttyS0', baudRate: 19_200 };

test('a line is set to raw, 8 bits, the speed, and no modem control', async () => {
  const line = makeLine();
  await line.binding.open(options);
  const [termios] = line.settings;
  const flags = new Uint32Array(termios?.buffer.slice(0, 16) ?? new ArrayBuffer(0));
  assert.deepEqual([...flags], [0x5, 0, 0x30 | 0x80 | 0x800 | 0xe, 0]);
  await line.binding.open({ ...options, rtscts: true });
  const CRTSCTS = 0x8000_0000;
  const [, flow] = line.settings.map((bytes) => new Uint32Array(bytes.buffer.slice(0, 16))[2]);
  assert.equal(flow, (flags[2] ?? 0) + CRTSCTS);
});

test('a speed that ha.cf does not know is refused, and the line closed again', async () => {
  const line = makeLine();
  await assert.rejects(line.binding.open({ ...options, baudRate: 12_345 }), /EINVAL/);
  assert.equal(line.fake.open.size, 0);
});

test('a read waits for bytes, and a hang-up ends it', async () => {
  let next = -EAGAIN;
  const line = makeLine({ read: () => next });
  const port = await line.binding.open(options);
  const first = port.read(Buffer.alloc(16), 4, 8);
  line.readable();
  next = 5;
  line.readable();
  assert.equal((await first).bytesRead, 5);
  const second = port.read(Buffer.alloc(16), 0, 16);
  next = -EIO;
  line.readable();
  await assert.rejects(second, { code: 'EIO', canceled: false });
});

test('what is still under way when the port is closed is cancelled, not failed', async () => {
  const line = makeLine({ read: () => -EAGAIN, write: () => -EAGAIN });
  const port = await line.binding.open(options);
  const ends = [port.read(Buffer.alloc(4), 0, 4), port.write(Buffer.from('late'))];
  const outcomes = Promise.allSettled(ends);
  await port.close();
  for (const outcome of await outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert.equal(outcome.status === 'rejected' && outcome.reason.canceled, true);
  }
  assert.equal(line.fake.open.size, 0);
});

test('a write goes on where the line stopped taking', async () => {
  const taken: string[] = [];
  const line = makeLine({
    write: (bytes) => {
      taken.push(Buffer.from(bytes).toString());
      return Math.min(bytes.length, 3);
    },
  });
  const port = await line.binding.open(options);
  await port.write(Buffer.from('heartbeat'));
  assert.deepEqual(taken, ['heartbeat', 'rtbeat', 'eat']);
});
