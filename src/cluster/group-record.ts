// What is known of one resource group, and what can be asked of it. What changes it is in
// resource-group.ts.

import type { Instant } from '../base/time.js';
import { isAddressScript } from '../config/resource-kind.js';
import type { AddressVerb } from '../config/resource-order.js';
import type { ResourceGroup, ResourceSpec } from './cluster-config.js';
import type { GroupState } from './cluster-status.js';
import type { Context } from './context.js';

export interface ResourceRecord {
  readonly spec: ResourceSpec;
  state: 'started' | 'stopped' | 'unknown';
}

export interface OutstandingOrder {
  readonly id: number;
  readonly verb: AddressVerb;
  /** More than one are addresses side by side, in the order in which they are taken up. */
  readonly resources: readonly ResourceRecord[];
  readonly givenAt: Instant;
}

export interface GroupRecord {
  readonly spec: ResourceGroup;
  /** Prefers this node. */
  readonly isLocal: boolean;
  state: GroupState;
  aim: 'held' | 'prepared' | 'released';
  changedAt: Instant | undefined;
  reason: string;
  readonly resources: readonly ResourceRecord[];
  /** The resource that the run has come to. */
  at: number;
  order: OutstandingOrder | undefined;
  stopRetries: number;
  /** After the last retry: does it still run at all? */
  isStopDoubted: boolean;
  /** A resource that would not start; cleared when the group is asked for anew. */
  failure: string | undefined;
  /** A resource that would not stop: the group is in place and must not be claimed released. */
  isStuck: boolean;
  /** The peer was offered it after a failure; not again before it was held. */
  isOffered: boolean;
  /** A predecessor held it: what runs is to be left alone, and not announced before we are sure. */
  isAdopted: boolean;
  /** Its addresses are in place and not announced: it is being handed over. */
  isMuted: boolean;
  aimedAt: Instant | undefined;
}

export interface GroupWaiter {
  readonly groups: readonly GroupRecord[];
  readonly then: (ctx: Context) => void;
}

export function createGroup(spec: ResourceGroup, localNode: string): GroupRecord {
  return {
    spec,
    isLocal: spec.preferredNode === localNode,
    state: 'released',
    aim: 'released',
    changedAt: undefined,
    reason: 'start',
    resources: spec.resources.map((resource) => ({ spec: resource, state: 'unknown' })),
    at: 0,
    order: undefined,
    stopRetries: 0,
    isStopDoubted: false,
    failure: undefined,
    isStuck: false,
    isOffered: false,
    isAdopted: false,
    isMuted: false,
    aimedAt: undefined,
  };
}

/** Something of it may be in place here. */
export const isInPlace = (group: GroupRecord): boolean =>
  (group.state !== 'released' && group.state !== 'failed') || group.isStuck;

export const isAtRest = (group: GroupRecord): boolean =>
  group.order === undefined &&
  group.state !== 'preparing' &&
  group.state !== 'acquiring' &&
  group.state !== 'releasing';

export const isAddress = (resource: ResourceRecord | undefined): resource is ResourceRecord =>
  resource !== undefined && isAddressScript(resource.spec.script);

export const addressesOf = (group: GroupRecord): readonly ResourceRecord[] =>
  group.resources.filter(isAddress);

/** The addresses from a place on, up to the next resource of another kind. */
export function addressRun(group: GroupRecord, from: number): readonly ResourceRecord[] {
  const rest = group.resources.slice(from);
  const end = rest.findIndex((resource) => !isAddress(resource));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The addresses up to a place that are not stopped, from the right. */
export function addressRunBack(group: GroupRecord, from: number): readonly ResourceRecord[] {
  const rest = group.resources.slice(0, from + 1).reverse();
  const end = rest.findIndex((resource) => !isAddress(resource));
  const run = end < 0 ? rest : rest.slice(0, end);
  return run.filter((resource) => resource.state !== 'stopped');
}
