// The unsolicited neighbour advertisement, against bytes as seen on the wire.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emitAdvertisement,
  emitSolicitation,
  parseAdvertisement,
  parseAdvertisementFrame,
  solicitedNodeGroup,
} from '#src/wire/icmp6.js';
import { feedHostile, fromHex } from './hostile.js';

/** As tcpdump saw it leave a Linux machine; the checksum is the kernel's. */
const onTheWire = fromHex(`
  88 00 5ed9 20000000 fd770000000000000000000000000100 02 01 42c09ff41822`);

const advertisement = {
  target: 'fd77::100',
  mac: '42:c0:9f:f4:18:22',
  isRouter: false,
  isSolicited: false,
  isOverride: true,
};

test('an advertisement is taken apart into flags, target and hardware address', () => {
  assert.equal(onTheWire.length, 32);
  assert.equal(onTheWire[4], 0x20);
});

test('an advertisement is parsed as it was seen on the wire', () => {
  assert.deepEqual(parseAdvertisement(onTheWire), { ok: true, value: advertisement });
});

test('an advertisement is emitted as it was seen, but for the checksum', () => {
  const emitted = emitAdvertisement(advertisement);
  assert.deepEqual(emitted.ok ? emitted.value : undefined, onTheWire.with(2, 0).with(3, 0));
});

test('a router says that it is one', () => {
  const built = emitAdvertisement({ ...advertisement, isRouter: true });
  assert.equal(built.ok ? built.value[4] : 0, 0xa0);
  assert.equal(emitAdvertisement({ ...advertisement, target: '10.77.0.1' }).ok, false);
});

test('a question goes to the group of its target and names who asks', () => {
  const asked = emitSolicitation('fd77::100', '42:c0:9f:f4:18:22');
  const expected = fromHex(`
    87 00 0000 00000000 fd770000000000000000000000000100 01 01 42c09ff41822`);
  assert.deepEqual(asked.ok ? asked.value : undefined, expected);
  assert.equal(solicitedNodeGroup('fd77::1:2:100'), 'ff02::1:ff02:100');
  assert.equal(solicitedNodeGroup('fd77::ab:cdef'), 'ff02::1:ffab:cdef');
  assert.equal(solicitedNodeGroup('10.0.0.1'), undefined);
});

test('who advertises is named by the message, else by the frame that carried it', () => {
  const frame = new Uint8Array(54 + onTheWire.length);
  frame.set(fromHex('020000000009'), 6);
  frame.set(onTheWire, 54);
  const said = { target: 'fd77::100', mac: '42:c0:9f:f4:18:22' };
  assert.deepEqual(parseAdvertisementFrame(frame), { ok: true, value: said });
  const short = frame.subarray(0, 78);
  const sender = { target: 'fd77::100', mac: '02:00:00:00:00:09' };
  assert.deepEqual(parseAdvertisementFrame(short), { ok: true, value: sender });
  feedHostile(frame, parseAdvertisementFrame);
});

test('hostile bytes are refused and never thrown at', () => {
  feedHostile(onTheWire, parseAdvertisement);
});
