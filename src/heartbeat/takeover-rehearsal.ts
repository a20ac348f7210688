// A takeover's way through the main thread, gone through once against nothing: the first run of
// this code takes some milliseconds, and clients should not wait for that.

import { ok } from '../base/result.js';
import type { ResourceGroup } from '../config/resource-group.js';
import { isAddressScript } from '../config/resource-kind.js';
import type { AddressTable } from '../kernel/addresses.js';
import type { Announcer } from '../kernel/announcer.js';
import { createAddressResources } from '../resources/address-resource.js';
import { createHeldResources } from './held-resources.js';
import { runAddressOrders } from './orders.js';
import type { OutwardEffect } from './worker-messages.js';

/** Enough for what runs once for each of many addresses to be compiled. */
const TURNS = 30;
/** More groups teach nothing and take the time of a main thread that has work. */
const GROUPS_MAX = 10;

const noTable: AddressTable = {
  add: () => ok('added'),
  remove: () => ok('removed'),
  addMany: (addresses) => addresses.map(() => ok('added')),
  removeMany: (addresses) => addresses.map(() => ok('removed')),
  renewMany: (addresses) => addresses.map(() => ok('renewed')),
  list: () => ok([]),
  placeOf: () => ({ interfaceName: 'none', prefixLength: 24 }),
  interfaces: () => ok([]),
  close: () => undefined,
};
const noAnnouncer: Announcer = {
  announce: () => ok(undefined),
  announceMany: (addresses) => addresses.map(() => ok(undefined)),
  close: () => undefined,
};

function ordersOf(groups: readonly ResourceGroup[], verb: 'start' | 'stop'): OutwardEffect[] {
  return groups.slice(0, GROUPS_MAX).map((group, id) => ({
    kind: 'run-addresses',
    id,
    groupKey: group.key,
    resources: group.resources.filter(({ script }) => isAddressScript(script)),
    verb,
  }));
}

/** Takes a few milliseconds, and changes and says nothing. */
export function rehearseTakeover(groups: readonly ResourceGroup[]): void {
  const addresses = createAddressResources({
    table: noTable,
    announcer: noAnnouncer,
    log: () => undefined,
  });
  const runner = { runAddresses: addresses.run, addressOf: addresses.heldBy };
  const parts = {
    resources: { runner },
    thread: { offer: () => undefined },
    held: createHeldResources([]),
    prepared: { config: { vips: { conflict: 'warn' } } },
  } as const;
  for (let turn = 0; turn < TURNS; turn++) {
    for (const verb of ['start', 'stop'] as const) {
      runAddressOrders(parts, ordersOf(groups, verb), () => undefined)?.();
    }
  }
  addresses.close();
}
