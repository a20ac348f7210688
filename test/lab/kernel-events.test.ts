// What the kernel tells by itself, and what it answers about the network around: events, probes,
// neighbours and the place of a new address, in two namespaces.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AddressTable, openAddressTable } from '#src/kernel/addresses.js';
import { watchKernel } from '#src/kernel/events.js';
import { neighbourMac } from '#src/kernel/neighbours.js';
import { probeAddress } from '#src/kernel/probe.js';
import { openSys, type Sys } from '#src/kernel/sys.js';
import { ip, makePair, type Pair, runIn, sysIn, until, whyNoNamespaces } from './netns.js';

const skip = whyNoNamespaces() ?? false;
let pair: Pair;
let table: AddressTable;

before(() => {
  if (skip !== false) return;
  pair = makePair('events');
  const opened = openAddressTable(sysIn(pair.a));
  assert.ok(opened.ok);
  table = opened.value;
});

after(() => {
  if (skip !== false) return;
  table.close();
  pair.destroy();
});

const vip = { family: 4, address: '10.77.0.100', prefixLength: 24, interfaceName: 'eth0' } as const;

function macOf(namespace: string): string {
  const opened = openAddressTable(sysIn(namespace));
  assert.ok(opened.ok);
  const interfaces = opened.value.interfaces();
  opened.value.close();
  assert.ok(interfaces.ok);
  return interfaces.value.find(({ name }) => name === 'eth0')?.mac ?? '';
}

test('an address that comes and goes is told as it happens', { skip }, async () => {
  const told: string[] = [];
  const watch = watchKernel(
    {
      onAddress: ({ address }, isPresent) => told.push(`${isPresent ? '+' : '-'}${address}`),
      onOverflow: () => told.push('overflow'),
    },
    sysIn(pair.a),
  );
  assert.ok(watch.ok);
  table.add(vip);
  table.remove(vip);
  await until('both were told', () => told.length === 2);
  assert.deepEqual(told, ['+10.77.0.100', '-10.77.0.100']);
  watch.value.close();
  watch.value.close();
  table.add(vip);
  table.remove(vip);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(told.length, 2);
});

test('a link that loses its carrier and gets it back is told', { skip }, async () => {
  const told: string[] = [];
  const onLink = ({ name, hasCarrier }: { name: string; hasCarrier: boolean }): void => {
    const text = `${name} ${hasCarrier}`;
    if (told.at(-1) !== text) told.push(text);
  };
  const watch = watchKernel({ onLink, onOverflow: () => told.push('overflow') }, sysIn(pair.a));
  assert.ok(watch.ok);
  ip('-n', pair.b, 'link', 'set', 'eth0', 'down');
  await until('the carrier is gone', () => told.includes('eth0 false'));
  ip('-n', pair.b, 'link', 'set', 'eth0', 'up');
  await until('the carrier is back', () => told.at(-1) === 'eth0 true');
  watch.value.close();
});

test('lost events are told as such, and those behind them come', { skip }, async () => {
  const told: string[] = [];
  const SO_RCVBUFFORCE = 33;
  const inA = sysIn(pair.a);
  // The same kernel with the smallest queue, so that a hundred addresses are too many.
  const small: Sys = {
    ...inA,
    setsockopt: (fd, level, option, value) =>
      inA.setsockopt(fd, level, option, option === SO_RCVBUFFORCE ? new Uint8Array(4) : value),
  };
  const watch = watchKernel(
    { onAddress: ({ address }) => told.push(address), onOverflow: () => told.push('overflow') },
    small,
  );
  assert.ok(watch.ok);
  const vips = Array.from({ length: 100 }, (_, at) => ({ ...vip, address: `10.77.0.${at + 101}` }));
  table.addMany(vips);
  table.removeMany(vips);
  await until('the overflow was told', () => told.includes('overflow'));
  await until('events go on', () => {
    table.add(vip);
    table.remove(vip);
    return told.includes(vip.address);
  });
  watch.value.close();
});

test('a probe finds the machine that holds an address, and nobody for a free one', {
  skip,
}, async () => {
  const probe = { interfaceName: 'eth0', count: 2, spacingMs: 100 };
  const held = await probeAddress({ ...probe, address: '10.77.0.2' }, sysIn(pair.a));
  assert.deepEqual(held, { ok: true, value: macOf(pair.b) });
  const free = await probeAddress({ ...probe, address: '10.77.0.77' }, sysIn(pair.a));
  assert.deepEqual(free, { ok: true, value: undefined });
  const nowhere = await probeAddress(
    { ...probe, interfaceName: 'eth9', address: '10.77.0.77' },
    sysIn(pair.a),
  );
  assert.equal(nowhere.ok ? '' : nowhere.code, 'no-interface');
});

test('a neighbour that nobody asked for has no hardware address', { skip }, () => {
  const sys = sysIn(pair.a);
  assert.deepEqual(neighbourMac('10.77.0.99', 'eth0', sys), { ok: true, value: undefined });
  assert.equal(neighbourMac('10.77.0.99', 'eth9', sys).ok, false);
});

test('a new address belongs to the interface on whose segment it lies', { skip }, () => {
  const place = { interfaceName: 'eth0', prefixLength: 24 };
  assert.deepEqual(table.placeOf('10.77.0.100'), place);
  assert.deepEqual(table.placeOf('fd77::100'), { interfaceName: 'eth0', prefixLength: 64 });
  assert.equal(table.placeOf('192.0.2.1'), undefined);
  ip('-n', pair.a, 'route', 'add', 'default', 'via', '10.77.0.2');
  assert.equal(table.placeOf('192.0.2.1'), undefined);
  ip('-n', pair.a, 'link', 'set', 'eth0', 'down');
  assert.deepEqual(table.placeOf('10.77.0.100'), { ...place, broadcast: '10.77.0.255' });
  ip('-n', pair.a, 'link', 'set', 'eth0', 'up');
});

test('who holds an address is told for the log, with node-arp and without', { skip }, () => {
  const module = new URL('../../kernel/who-holds.js', import.meta.url);
  const ask = (address: string, path: string): string => {
    const script =
      `import { whoHolds } from '${module.href}';` +
      `process.env.PATH = '${path}';` +
      `console.log(await whoHolds('${address}', 5000));process.exit();`;
    return runIn(pair.a, process.execPath, '--input-type=module', '-e', script).trim();
  };
  const mac = macOf(pair.b);
  assert.equal(ask('10.77.0.2', '/nonexistent'), mac);
  assert.equal(ask('10.77.0.2', process.env.PATH ?? ''), mac);
  assert.equal(ask('10.77.0.88', process.env.PATH ?? ''), 'undefined');
  assert.equal(ask('192.0.2.1', '/nonexistent'), 'undefined');
});

test('without rights the refusal says so', { skip }, () => {
  const opened = openSys();
  assert.ok(opened.ok);
  const EPERM = 1;
  const table = openAddressTable({ ...opened.value, socket: () => -EPERM });
  assert.equal(table.ok ? '' : table.code, 'no-permission');
});
