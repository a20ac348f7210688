// Where a new address belongs, by the addresses that are there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InterfaceAddress } from '#src/kernel/addresses.js';
import { findInterface } from '#src/kernel/routes.js';

const present: readonly InterfaceAddress[] = [
  { family: 4, address: '127.0.0.1', prefixLength: 8, interfaceName: 'lo' },
  {
    family: 4,
    address: '10.0.0.1',
    prefixLength: 8,
    interfaceName: 'eth0',
    broadcast: '10.255.255.255',
  },
  { family: 4, address: '10.142.85.61', prefixLength: 25, interfaceName: 'eth1' },
  { family: 6, address: 'fd00::1', prefixLength: 64, interfaceName: 'eth1' },
];

test('a VIP belongs to the interface whose network it lies in', () => {
  assert.deepEqual(findInterface('10.1.2.3', present), {
    interfaceName: 'eth0',
    prefixLength: 8,
    broadcast: '10.255.255.255',
  });
  assert.deepEqual(findInterface('fd00::64', present), {
    interfaceName: 'eth1',
    prefixLength: 64,
  });
});

test('of two networks the smaller one counts', () => {
  const found = findInterface('10.142.85.64', present);
  assert.deepEqual(found, { interfaceName: 'eth1', prefixLength: 25 });
});

test('an address in no network has no interface', () => {
  assert.equal(findInterface('192.0.2.1', present), undefined);
  assert.equal(findInterface('127.0.0.2', present), undefined);
  assert.equal(findInterface('penguin', present), undefined);
});

test('an address that is there already does not say where it belongs', () => {
  const alone = present.slice(1, 2);
  assert.equal(findInterface('10.0.0.1', alone), undefined);
});
