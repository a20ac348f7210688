// Bytes as recorded between this codec and a kernel 6.18.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeTable } from '#src/wire/netlink.js';
import {
  emitAddress,
  emitLinkRequest,
  emitNeighbourRequest,
  emitRouteRequest,
  formatMac,
  parseAddress,
  parseLink,
  parseMac,
  parseNeighbour,
  parseRoute,
  unlimitedSeconds,
} from '#src/wire/rtnetlink.js';
import { feedHostile, fromHex } from './hostile.js';

const told = fromHex(`
  02 18 81 00 02000000  0800 0100 0a4d0064  0800 0200 0a4d0064  0800 0400 0a4d00ff
  0b00 0300 657468303a3000 00  0800 0800 81000000
  1400 0600 ffffffff ffffffff 98680500 98680500`);
const told6 = fromHex(`
  0a 40 82 00 02000000  1400 0100 fd770000000000000000000000000001
  1400 0600 ffffffff ffffffff 95680500 95680500  0800 0800 82000000`);
const asked = fromHex(`
  02 18 00 00 02000000  0800 0200 0a4d0064  0800 0100 0a4d0064
  0b00 0300 657468303a3000 00  0800 0400 0a4d00ff`);
const link = fromHex(`
  0000 0100 02000000 43100100 00000000  0900 0300 6574683000 000000  0500 1000 06 000000
  0800 0400 dc050000  0500 2100 01 000000  0a00 0100 065d83f98eff 0000
  0a00 0200 ffffffffffff 0000  1000 1200 0900 0100 7665746800 000000`);
const neighbour = fromHex(`
  02000000 02000000 8000 00 00  0800 0100 0a4d0002  0a00 0200 020000000099 0000
  0800 0400 00000000`);
const route = fromHex(`
  02 18 00 00 fe 02 fd 01 00000000  0800 0f00 fe000000  0800 0100 0a4d0000
  0800 0700 0a4d0001  0800 0400 02000000`);

const vip = {
  family: 4,
  prefixLength: 24,
  flags: 0,
  scope: 0,
  interfaceIndex: 2,
  address: '10.77.0.100',
  label: 'eth0:0',
  broadcast: '10.77.0.255',
} as const;

test('an address message is taken apart into a head of 8 bytes and attributes', () => {
  const table = attributeTable(told.subarray(8));
  assert.ok(table.ok);
  assert.deepEqual([...table.value.keys()], [1, 2, 4, 3, 8, 6]);
});

test('an address, a link, a neighbour and a route are parsed as the kernel told them', () => {
  assert.deepEqual(parseAddress(told), { ok: true, value: { ...vip, flags: 0x81 } });
  const six = parseAddress(told6);
  assert.equal(six.ok ? six.value.address : '', 'fd77::1');
  assert.equal(six.ok ? six.value.flags : 0, 0x82);
  assert.deepEqual(parseLink(link), {
    ok: true,
    value: {
      index: 2,
      name: 'eth0',
      hardwareType: 1,
      mac: '06:5d:83:f9:8e:ff',
      isUp: true,
      hasCarrier: true,
    },
  });
  assert.deepEqual(parseNeighbour(neighbour), {
    ok: true,
    value: { interfaceIndex: 2, address: '10.77.0.2', state: 0x80, mac: '02:00:00:00:00:99' },
  });
  assert.deepEqual(parseRoute(route), {
    ok: true,
    value: { interfaceIndex: 2, prefixLength: 24, isDirect: true },
  });
});

test('an address with an end is valid and preferred for so long, one without has no end', () => {
  const built = emitAddress({ ...vip, validSeconds: 4 });
  assert.ok(built.ok);
  const ending = built.value.subarray(asked.length);
  assert.deepEqual(ending, fromHex('1400 0600 04000000 04000000 00000000 00000000'));
  assert.deepEqual(parseAddress(built.value), { ok: true, value: { ...vip, validSeconds: 4 } });
  const forever = emitAddress({ ...vip, validSeconds: unlimitedSeconds });
  assert.ok(forever.ok);
  assert.deepEqual(parseAddress(forever.value), { ok: true, value: vip });
});

test('an address is emitted as the kernel accepted it', () => {
  const emitted = emitAddress(vip);
  assert.deepEqual(emitted.ok ? emitted.value : undefined, asked);
  assert.deepEqual(parseAddress(asked), { ok: true, value: vip });
  const flagged = emitAddress({ ...vip, flags: 0x202 });
  assert.ok(flagged.ok);
  assert.deepEqual(parseAddress(flagged.value), { ok: true, value: { ...vip, flags: 0x202 } });
});

test('requests for one link, neighbour and route are built as the kernel answered them', () => {
  assert.deepEqual(emitLinkRequest(2), fromHex('00000000 02000000 00000000 00000000'));
  const who = emitNeighbourRequest('10.77.0.2', 2);
  assert.deepEqual(
    who.ok ? who.value : undefined,
    fromHex('02000000 02000000 00000000 0800 0100 0a4d0002'),
  );
  const way = emitRouteRequest('10.77.0.9');
  assert.deepEqual(
    way.ok ? way.value : undefined,
    fromHex('02 20 00 00 00 00 00 00 00200000 0800 0100 0a4d0009'),
  );
});

test('what is no address is refused before it reaches the kernel', () => {
  assert.equal(emitAddress({ ...vip, address: '10.77.0' }).ok, false);
  assert.equal(emitAddress({ ...vip, family: 6 }).ok, false);
  assert.equal(emitAddress({ ...vip, broadcast: '::1' }).ok, false);
  assert.equal(emitNeighbourRequest('eth0', 2).ok, false);
  assert.equal(emitRouteRequest('').ok, false);
});

test('hardware addresses are six pairs of hexadecimal digits', () => {
  assert.equal(formatMac(Uint8Array.of(2, 0, 0, 0, 0, 0x99)), '02:00:00:00:00:99');
  assert.deepEqual(parseMac('02:00:00:00:00:9A'), Uint8Array.of(2, 0, 0, 0, 0, 0x9a));
  for (const text of ['', '02:00', '(incomplete)', '[-vn]', '02:00:00:00:00:0g']) {
    assert.equal(parseMac(text), undefined, text);
  }
});

test('hostile bytes are refused and never thrown at', () => {
  feedHostile(told, parseAddress);
  feedHostile(told6, parseAddress);
  feedHostile(link, parseLink);
  feedHostile(neighbour, parseNeighbour);
  feedHostile(route, parseRoute);
});
