// Starts of addresses in few steps: those ordered in one turn of the loop go to the kernel
// together, and with the first address of a group go those that stand right behind it. A hundred
// addresses, each with its own order and answer, would be announced a tenth of a second later.
//
// Whoever orders sees nothing of it but that the next address runs already when it is asked for its
// status. What was started ahead and never ordered is stopped with the one it was started with.

import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome } from '../config/resource-order.js';
import type { AddressResources } from './address-resource.js';

export interface AddressStarts {
  /** `following`: addresses that come right after it in its group. */
  start(resource: ResourceSpec, following: readonly ResourceSpec[]): Promise<ResourceOutcome>;
  /** To be called before any order: from now on the resource is the orderer's own. */
  ordered(resource: ResourceSpec): void;
  /** To be called before a stop: takes away what was started ahead with the resource. */
  withdraw(resource: ResourceSpec): void;
}

interface Pending {
  readonly resource: ResourceSpec;
  readonly following: readonly ResourceSpec[];
  readonly resolve: (outcome: ResourceOutcome) => void;
}

interface Ahead {
  readonly resource: ResourceSpec;
  /** The word of the one that it was started with. */
  readonly leader: string;
}

export function createAddressStarts(
  addresses: Pick<AddressResources, 'run' | 'startMany'>,
): AddressStarts {
  let pending: Pending[] = [];
  /** By word, in the order of starting. */
  const ahead = new Map<string, Ahead>();

  const withdraw = (resource: ResourceSpec): void => {
    for (const each of [...ahead.values()].reverse()) {
      if (each.leader !== resource.word) continue;
      addresses.run(each.resource, 'stop');
      ahead.delete(each.resource.word);
    }
  };
  const flush = (): void => {
    const batch = pending;
    pending = [];
    const wanted = new Map<string, ResourceSpec>();
    for (const { resource, following } of batch) {
      for (const each of [resource, ...following]) wanted.set(each.word, each);
    }
    const words = [...wanted.keys()];
    const outcomes = addresses.startMany([...wanted.values()]);
    const outcomeOf = new Map(outcomes.map((outcome, at) => [words[at], outcome]));
    for (const { resource, following, resolve } of batch) {
      for (const each of following) {
        // One that would not start fails again, and is told, when it is ordered.
        if (outcomeOf.get(each.word)?.kind !== 'done') continue;
        ahead.set(each.word, { resource: each, leader: resource.word });
      }
      const outcome = outcomeOf.get(resource.word);
      if (outcome?.kind !== 'done') withdraw(resource);
      resolve(outcome ?? { kind: 'failed', exitCode: 1, reason: 'no outcome' });
    }
    for (const { resource } of batch) ahead.delete(resource.word);
  };
  return {
    start: (resource, following) =>
      new Promise((resolve) => {
        if (pending.length === 0) setImmediate(flush);
        pending.push({ resource, following, resolve });
      }),
    ordered: (resource) => void ahead.delete(resource.word),
    withdraw,
  };
}
