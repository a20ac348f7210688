// Addresses as resources: what goes to the kernel in one request, and what is announced.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, ok } from '#src/base/result.js';
import type { ResourceSpec } from '#src/config/resource-group.js';
import type { AddressTable, InterfaceAddress } from '#src/kernel/addresses.js';
import { createAddressResources } from '#src/resources/address-resource.js';

const address = (number: number): ResourceSpec => {
  const args = [`10.0.0.${number}/24/eth0`];
  return { script: 'IPaddr2', args, word: `IPaddr2::${args[0]}` };
};

const [a, b, c] = [address(1), address(2), address(3)];

/** A kernel and a network that note what was asked of them; addresses of `broken` are refused. */
function fixture(...broken: readonly string[]) {
  const asked: string[] = [];
  const kernel = new Map<string, InterfaceAddress>();
  const list = (vips: readonly InterfaceAddress[]): string =>
    vips.map((vip) => vip.address.replace('10.0.0.', '')).join(' ');
  const addMany: AddressTable['addMany'] = (vips) => {
    asked.push(`add ${list(vips)}`);
    return vips.map((vip) => {
      if (broken.includes(vip.address)) return failure('refused', 'scripted');
      kernel.set(vip.address, vip);
      return ok('added');
    });
  };
  const removeMany: AddressTable['removeMany'] = (vips) => {
    asked.push(`remove ${list(vips)}`);
    return vips.map((vip) => ok(kernel.delete(vip.address) ? 'removed' : 'absent'));
  };
  const table: AddressTable = {
    add: (vip) => addMany([vip])[0] ?? failure('refused', ''),
    remove: (vip) => removeMany([vip])[0] ?? failure('refused', ''),
    addMany,
    removeMany,
    renewMany: (vips) => vips.map(() => ok('renewed')),
    list: () => ok([...kernel.values()]),
    placeOf: () => undefined,
    interfaces: () => ok([]),
    close: () => undefined,
  };
  const announceMany = (vips: readonly InterfaceAddress[]) => {
    if (vips.length > 0) asked.push(`announce ${list(vips)}`);
    return vips.map(() => ok(undefined));
  };
  const addresses = createAddressResources({
    table,
    announcer: { announce: () => ok(undefined), announceMany, close: () => undefined },
    log: () => undefined,
  });
  return { addresses, asked };
}

describe('addresses', () => {
  it('of one start are one request to the kernel and one burst of announcements', () => {
    const { addresses, asked } = fixture();
    const { outcomes } = addresses.run([a, b, c], 'start');
    assert.deepEqual(outcomes, Array(3).fill({ kind: 'done' }));
    assert.deepEqual(asked, ['add 1 2 3', 'announce 1 2 3']);
    addresses.close();
  });

  it('that the kernel refuses fail alone', () => {
    const { addresses, asked } = fixture('10.0.0.2');
    const { outcomes } = addresses.run([a, b, c], 'start');
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['done', 'failed', 'done'],
    );
    assert.deepEqual(asked.at(-1), 'announce 1 3');
    addresses.close();
  });

  it('that are prepared are in place and not announced until they are started', () => {
    const { addresses, asked } = fixture();
    addresses.run([a, b], 'prepare');
    addresses.announceHeld('refresh', true);
    assert.deepEqual(asked, ['add 1 2']);
    addresses.run([a, b], 'start');
    assert.deepEqual(asked.slice(1), ['add ', 'announce 1 2']);
    addresses.close();
  });

  it('that are muted stay in place and are not announced any more', () => {
    const { addresses, asked } = fixture();
    addresses.run([a, b], 'start');
    addresses.run([a], 'mute');
    asked.length = 0;
    addresses.announceHeld('link eth0 is up again', true);
    assert.deepEqual(asked, ['announce 2']);
    assert.deepEqual(addresses.run([a], 'status').outcomes, [{ kind: 'running' }]);
    addresses.close();
  });

  it('of one stop are one request, and a stop of what is not there is done', () => {
    const { addresses, asked } = fixture();
    addresses.run([a, b], 'start');
    const { outcomes } = addresses.run([c, b, a], 'stop');
    assert.deepEqual(outcomes, Array(3).fill({ kind: 'done' }));
    assert.equal(asked.at(-1), 'remove 2 1');
    addresses.close();
  });
});
