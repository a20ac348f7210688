// Netlink headers, attributes and refusals, against bytes of a kernel 6.18.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attributeTable,
  buildAttribute,
  buildNested,
  buildNetlinkMessage,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  NLMSG_ERROR,
  parseNetlinkAnswer,
  readText,
  readU16be,
  readU32,
  takeAttributes,
  takeNetlinkMessages,
  u16be,
  u32,
  zeroEnded,
} from '#src/wire/netlink.js';
import { feedHostile, fromHex } from './hostile.js';

/** The kernel's refusal of an address that is there already, with its extended text (6.18). */
const refusal = fromHex(`
  48000000 0200 0003 05000000 de5f0000  efffffff 3c000000 1400 0506 05000000 00000000
  2300 0100 697076343a204164647265737320616c72656164792061737369676e656400 00`);

test('a message is taken apart into type, flags, sequence number and payload', () => {
  const messages = takeNetlinkMessages(refusal);
  assert.ok(messages.ok);
  assert.equal(messages.value.length, 1);
  const [message] = messages.value;
  assert.equal(message?.type, NLMSG_ERROR);
  assert.equal(message?.flags, NLM_F_CAPPED | NLM_F_ACK_TLVS);
  assert.equal(message?.sequence, 5);
  assert.equal(message?.payload.length, 0x48 - 16);
});

test('a message is built with its length and attributes padded to four bytes', () => {
  const label = buildAttribute(3, zeroEnded('eth0:0'));
  assert.deepEqual(label, fromHex('0b000300 657468303a3000 00'));
  const bytes = buildNetlinkMessage(20, 5, 7, label);
  assert.deepEqual(bytes, fromHex('1c000000 1400 0500 07000000 00000000 0b000300657468303a300000'));
  assert.deepEqual(
    buildNested(1, buildAttribute(4, u16be(80))),
    fromHex('0c000180 060004000050 0000'),
  );
});

test('a refusal is parsed into error number and the kernel’s text', () => {
  const messages = takeNetlinkMessages(refusal);
  const message = messages.ok ? messages.value[0] : undefined;
  assert.ok(message);
  assert.deepEqual(parseNetlinkAnswer(message), {
    ok: true,
    value: { errno: 17, text: 'ipv4: Address already assigned' },
  });
  const done = { type: NLMSG_DONE, flags: 2, sequence: 1, payload: new Uint8Array(0) };
  assert.deepEqual(parseNetlinkAnswer(done), { ok: true, value: { errno: 0, text: '' } });
});

test('what was built is taken apart again', () => {
  const attributes = [buildAttribute(1, u32(42)), buildAttribute(2, zeroEnded('wrr'))];
  const two = [1, 2].map((sequence) => buildNetlinkMessage(30, 1, sequence, ...attributes));
  const messages = takeNetlinkMessages(Buffer.concat(two));
  assert.ok(messages.ok);
  assert.deepEqual(
    messages.value.map(({ sequence }) => sequence),
    [1, 2],
  );
  const table = attributeTable(messages.value[1]?.payload ?? new Uint8Array(0));
  assert.ok(table.ok);
  assert.equal(readU32(table.value.get(1)), 42);
  assert.equal(readText(table.value.get(2)), 'wrr');
  assert.equal(readU16be(table.value.get(3)), undefined);
});

test('a length that lies ends the reading with a code', () => {
  const codes = (hex: string): string => {
    const taken = takeNetlinkMessages(fromHex(hex));
    return taken.ok ? 'ok' : taken.code;
  };
  assert.equal(codes('1000'), 'truncated');
  assert.equal(codes('0f000000 0200 0000 00000000 00000000'), 'bad-length');
  assert.equal(codes('11000000 0200 0000 00000000 00000000'), 'truncated');
  const short = takeAttributes(fromHex('0300 0100'));
  assert.equal(short.ok ? 'ok' : short.code, 'bad-length');
});

test('hostile bytes are refused and never thrown at', () => {
  feedHostile(refusal, (bytes) => {
    const messages = takeNetlinkMessages(bytes);
    if (messages.ok) for (const message of messages.value) parseNetlinkAnswer(message);
    takeAttributes(bytes);
  });
});
