// Batches, lost answers and interrupted dumps of the request socket, against a laid-out kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes } from '#src/base/bytes.js';
import { BATCH_BYTES_MAX, openNetlinkSocket } from '#src/kernel/netlink-socket.js';
import {
  buildNetlinkMessage,
  NLM_F_CAPPED,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  takeNetlinkMessages,
  u32,
} from '#src/wire/netlink.js';
import { type FakeSys, makeFakeSys } from './fake-sys.js';

const ENOBUFS = 105;
const EINTR = 4;

function acknowledge(sequence: number, errno = 0): Uint8Array {
  const echoed = new Uint8Array(16);
  return buildNetlinkMessage(NLMSG_ERROR, NLM_F_CAPPED, sequence, u32(-errno >>> 0), echoed);
}

function sequences(bytes: Uint8Array): readonly number[] {
  const messages = takeNetlinkMessages(bytes);
  return messages.ok ? messages.value.map(({ sequence }) => sequence) : [];
}

function openOn(fake: FakeSys) {
  const socket = openNetlinkSocket(0, fake.sys);
  assert.ok(socket.ok);
  return socket.value;
}

const request = { type: 20, flags: 0, payload: new Uint8Array(8) };

test('each request has its own answer, whatever the order they come in', () => {
  const fake = makeFakeSys();
  fake.onSend = (bytes) => {
    for (const sequence of [...sequences(bytes)].reverse()) {
      fake.answers.push(acknowledge(sequence, sequence === 2 ? 17 : 0));
    }
  };
  const answers = openOn(fake).requestAll([request, request, request]);
  assert.ok(answers.ok);
  assert.deepEqual(
    answers.value.map(({ errno }) => errno),
    [0, 17, 0],
  );
});

test('a batch is at most 16 KiB, and its answers are read before the next is sent', () => {
  const fake = makeFakeSys();
  fake.onSend = (bytes) => {
    assert.equal(fake.answers.length, 0);
    assert.ok(bytes.length <= BATCH_BYTES_MAX);
    for (const sequence of sequences(bytes)) fake.answers.push(acknowledge(sequence));
  };
  const many = Array.from({ length: 1000 }, () => ({ ...request, payload: new Uint8Array(150) }));
  const answers = openOn(fake).requestAll(many);
  assert.ok(answers.ok);
  assert.equal(answers.value.length, 1000);
  assert.ok(answers.value.every(({ errno }) => errno === 0));
  assert.ok(fake.sent.length > 10);
});

test('an overflow of the queue loses the answers that it loses and no more', () => {
  const fake = makeFakeSys();
  fake.onSend = (bytes) => {
    const [first = 0] = sequences(bytes);
    fake.answers.push(-EINTR, -ENOBUFS, acknowledge(first));
  };
  const answers = openOn(fake).requestAll([request, request]);
  assert.ok(answers.ok);
  assert.deepEqual(
    answers.value.map(({ errno }) => errno),
    [0, ENOBUFS],
  );
});

test('a late answer to an earlier request is passed over', () => {
  const fake = makeFakeSys();
  const socket = openOn(fake);
  const lost = socket.requestAll([request]);
  assert.ok(lost.ok && lost.value[0]?.errno !== 0);
  fake.onSend = (bytes) => {
    const [sequence = 0] = sequences(bytes);
    fake.answers.push(acknowledge(sequence - 1, 1), acknowledge(sequence));
  };
  const answers = socket.requestAll([request]);
  assert.deepEqual(answers, { ok: true, value: [{ errno: 0, text: '' }] });
});

test('a dump that was interrupted is read again', () => {
  const fake = makeFakeSys();
  let dumps = 0;
  fake.onSend = (bytes) => {
    const [sequence = 0] = sequences(bytes);
    const interrupted = dumps++ === 0 ? NLM_F_DUMP_INTR : 0;
    const part = buildNetlinkMessage(20, NLM_F_MULTI | interrupted, sequence, u32(dumps));
    const done = buildNetlinkMessage(NLMSG_DONE, NLM_F_MULTI, sequence, u32(0));
    fake.answers.push(concatBytes(part, done));
  };
  const messages = openOn(fake).dump(22, new Uint8Array(8));
  assert.ok(messages.ok);
  assert.deepEqual(
    messages.value.map(({ payload }) => payload),
    [u32(2)],
  );
});

test('answers that are no netlink are as good as none', () => {
  const fake = makeFakeSys();
  fake.onSend = () => fake.answers.push(Uint8Array.of(1, 2, 3), new Uint8Array(16));
  const messages = openOn(fake).dump(22, new Uint8Array(8));
  assert.equal(messages.ok ? '' : messages.code, 'refused');
});

test('the descriptor is closed once', () => {
  const fake = makeFakeSys();
  const socket = openOn(fake);
  assert.equal(fake.open.size, 1);
  socket.close();
  socket.close();
  assert.equal(fake.open.size, 0);
});
