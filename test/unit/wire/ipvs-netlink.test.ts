// Bytes as recorded between ipvsadm 1.31, this codec and a kernel 6.1.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildGenericPayload,
  emitFamilyRequest,
  parseFamilyId,
  takeGenericPayload,
} from '#src/wire/generic-netlink.js';
import {
  emitDestinationDump,
  emitIpvsRequest,
  emitServiceDump,
  parseIpvsDestination,
  parseIpvsService,
} from '#src/wire/ipvs-netlink.js';
import type { IpvsDestination, IpvsService } from '#src/wire/ipvs-table.js';
import { attributeTable } from '#src/wire/netlink.js';
import { feedHostile, fromHex } from './hostile.js';

/** The kernel's answer to the controller, without the list of commands. */
const family = fromHex(`
  01020000 0900 0200 4950565300 000000  0600 0100 2000 0000  0800 0300 01000000
  0800 0400 00000000  0800 0500 00000000`);

/** `-A -t 192.168.0.64:80 -s wlc -p 600`, dumped, without statistics. */
const service = fromHex(`
  01010000 6000 0100 0600 0100 0200 0000  0600 0200 0600 0000
  1400 0300 c0a80040000000000000000000000000  0600 0400 0050 0000  0800 0600 776c6300
  0c00 0700 03000000 ffffffff  0800 0800 58020000  0800 0900 ffffffff
  0c00 0a00 0800 0100 00000000`);

/** `-A -t [fd00::64]:443 -s rr`, dumped, without statistics. */
const service6 = fromHex(`
  01010000 5400 0100 0600 0100 0a00 0000  0600 0200 0600 0000
  1400 0300 fd000000000000000000000000000064  0600 0400 01bb 0000  0700 0600 727200 00
  0c00 0700 02000000 ffffffff  0800 0800 00000000  0800 0900 80000000`);

/** `-a -t 192.168.0.64:80 -r 192.168.0.1:80 -m -w 5 -x 100 -y 50`, dumped, without statistics. */
const destination = fromHex(`
  05010000 7800 0200 1400 0100 c0a80001000000000000000000000000  0600 0200 0050 0000
  0800 0300 00000000  0800 0400 05000000  0500 0d00 00 000000  0600 0e00 0000 0000
  0600 0f00 0000 0000  0800 0500 64000000  0800 0600 32000000  0800 0700 00000000
  0800 0800 00000000  0800 0900 00000000  0600 0b00 0200 0000`);

/** What ipvsadm sent for `-e -t 192.168.0.64:80 -r 192.168.0.1:80 -m -w 7`. */
const edit = fromHex(`
  06010000 5400 0180 0600 0100 0200 0000  0600 0200 0600 0000
  1400 0300 c0a80040000000000000000000000000  0600 0400 0050 0000  0500 0600 00 000000
  0c00 0700 00000000 ffffffff  0800 0800 00000000  0800 0900 ffffffff
  6000 0280 0600 0b00 0200 0000  1400 0100 c0a80001000000000000000000000000
  0600 0200 0050 0000  0800 0300 00000000  0800 0400 07000000  0500 0d00 00 000000
  0600 0e00 0000 0000  0600 0f00 0000 0000  0800 0500 00000000  0800 0600 00000000`);

const key = {
  kind: 'address',
  family: 4,
  protocol: 'tcp',
  address: '192.168.0.64',
  port: 80,
} as const;

const web: IpvsService = {
  key,
  scheduler: 'wlc',
  persistenceSeconds: 600,
  persistencePrefix: 32,
  isOnePacket: false,
  schedulerFlags: 0,
};

const real: IpvsDestination = {
  family: 4,
  address: '192.168.0.1',
  port: 80,
  forwarding: 'masq',
  weight: 7,
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** The attributes nested in attribute `top`, in hex by number. */
function nested(payload: Uint8Array, top: number): ReadonlyMap<number, string> {
  const generic = takeGenericPayload(payload);
  assert.ok(generic.ok);
  const outer = attributeTable(generic.value.attributes);
  assert.ok(outer.ok);
  const inner = attributeTable(outer.value.get(top) ?? new Uint8Array(0));
  assert.ok(inner.ok);
  return new Map([...inner.value].map(([type, data]) => [type, Buffer.from(data).toString('hex')]));
}

test('a generic message is taken apart into command, version and attributes', () => {
  const generic = takeGenericPayload(family);
  assert.ok(generic.ok);
  assert.equal(generic.value.command, 1);
  assert.equal(generic.value.version, 2);
  assert.deepEqual(parseFamilyId(family), { ok: true, value: 0x20 });
});

test('the questions for the family and for all services are built as the kernel takes them', () => {
  assert.deepEqual(emitFamilyRequest('IPVS'), fromHex('03010000 0900 0200 4950565300 000000'));
  assert.deepEqual(emitServiceDump(), buildGenericPayload(4, 1));
  const dump = emitDestinationDump(key);
  assert.deepEqual(
    dump.ok ? dump.value : undefined,
    fromHex(`08010000 3000 0180 0600 0100 0200 0000  0600 0200 0600 0000
      1400 0300 c0a80040000000000000000000000000  0600 0400 0050 0000`),
  );
});

test('services and destinations are parsed as the kernel dumped them', () => {
  assert.deepEqual(parseIpvsService(service), { ok: true, value: web });
  const six = parseIpvsService(service6);
  assert.deepEqual(six, {
    ok: true,
    value: {
      ...web,
      key: { kind: 'address', family: 6, protocol: 'tcp', address: 'fd00::64', port: 443 },
      scheduler: 'rr',
      persistenceSeconds: undefined,
      persistencePrefix: 128,
    },
  });
  assert.deepEqual(parseIpvsDestination(destination, 4), {
    ok: true,
    value: {
      ...real,
      weight: 5,
      upperThreshold: 100,
      lowerThreshold: 50,
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
    },
  });
});

test('an edited destination is emitted with what ipvsadm sends for it', () => {
  const emitted = emitIpvsRequest({ kind: 'edit-destination', key, destination: real });
  assert.ok(emitted.ok);
  assert.equal(emitted.value[0], edit[0]);
  const [ours, theirs] = [nested(emitted.value, 2), nested(edit, 2)];
  for (const [type, hex] of ours) assert.equal(hex, theirs.get(type), `destination ${type}`);
  // Tunnels are not ours yet, so their three attributes stay with the kernel's defaults.
  assert.deepEqual(
    [...theirs.keys()].filter((type) => !ours.has(type)),
    [13, 14, 15],
  );
  for (const [type, hex] of nested(emitted.value, 1)) {
    assert.equal(hex, nested(edit, 1).get(type), `service ${type}`);
  }
});

test('a service is emitted with flags, mask, timeout and netmask in the kernel’s forms', () => {
  const emit = (more: Partial<IpvsService>): ReadonlyMap<number, string> => {
    const emitted = emitIpvsRequest({ kind: 'add-service', service: { ...web, ...more } });
    assert.ok(emitted.ok);
    return nested(emitted.value, 1);
  };
  assert.equal(emit({}).get(6), '776c6300');
  assert.equal(emit({}).get(7), '01000000ffffffff');
  assert.equal(emit({}).get(8), '58020000');
  assert.equal(emit({}).get(9), 'ffffffff');
  assert.equal(emit({ persistencePrefix: 24 }).get(9), 'ffffff00');
  assert.equal(emit({ persistencePrefix: 0 }).get(9), '00000000');
  const six = {
    kind: 'address',
    family: 6,
    protocol: 'udp',
    address: 'fd00::64',
    port: 53,
  } as const;
  assert.equal(emit({ key: six, persistencePrefix: 64 }).get(9), '40000000');
  const mark = emit({ key: { kind: 'fwmark', family: 6, mark: 7 }, isOnePacket: true });
  assert.deepEqual([mark.get(1), mark.get(5), mark.has(3)], ['0a00', '07000000', false]);
  assert.equal(mark.get(7), '05000000ffffffff');
});

test('a service that was emitted is parsed as it was, whatever its settings', () => {
  const keys = fc.oneof(
    fc.record(
      {
        kind: fc.constant('address' as const),
        family: fc.constant(4 as const),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
        address: fc.ipV4(),
        port: fc.integer({ min: 0, max: 65_535 }),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        kind: fc.constant('fwmark' as const),
        family: fc.constantFrom(4 as const, 6 as const),
        mark: fc.integer({ min: 1, max: 0xffff_ffff }),
      },
      { noNullPrototype: true },
    ),
  );
  const services = fc.record(
    {
      key: keys,
      scheduler: fc.constantFrom('rr', 'wlc', 'mh', 'lblcr'),
      persistenceSeconds: fc.option(fc.nat(), { nil: undefined }),
      persistencePrefix: fc.integer({ min: 0, max: 32 }),
      isOnePacket: fc.boolean(),
      schedulerFlags: fc.constantFrom(0, 0x08, 0x18, 0x38),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(services, (each) => {
      const emitted = emitIpvsRequest({ kind: 'add-service', service: each });
      assert.ok(emitted.ok);
      assert.deepEqual(parseIpvsService(emitted.value), { ok: true, value: each });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('an address that is none is refused before it reaches the kernel', () => {
  const wrong = { ...key, address: 'penguin1' };
  assert.equal(emitIpvsRequest({ kind: 'delete-service', key: wrong }).ok, false);
  assert.equal(emitIpvsRequest({ kind: 'add-service', service: { ...web, key: wrong } }).ok, false);
  const destination = { ...real, address: '' };
  assert.equal(emitIpvsRequest({ kind: 'add-destination', key, destination }).ok, false);
  assert.equal(emitDestinationDump(wrong).ok, false);
});

test('hostile bytes are refused and never thrown at', () => {
  feedHostile(family, parseFamilyId);
  feedHostile(service, parseIpvsService);
  feedHostile(service6, parseIpvsService);
  feedHostile(destination, (bytes) => parseIpvsDestination(bytes, 4));
});
