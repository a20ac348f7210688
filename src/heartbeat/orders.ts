// Carries out the engine's orders to resources and keeps account of what is held. All addresses
// that one step of the engine orders go to the kernel together; their outcomes go back before
// anything is written, because clients wait for what follows from them.

import type { ClusterEvent } from '../cluster/cluster-event.js';
import type { VipSettings } from '../config/ha-vip.js';
import type { AddressVerb, ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { ResourceRunner } from '../resources/resource-runner.js';
import { isScriptResource } from '../resources/resource-runner.js';
import type { BeatThread } from './beat-thread.js';
import type { Daemon } from './daemon-parts.js';
import type { HeldResources } from './held-resources.js';
import type { VipClaims } from './vip-claims.js';
import type { OutwardEffect } from './worker-messages.js';

/** The parts of a daemon that orders to addresses need. */
export interface OrderParts {
  readonly resources: { readonly runner: Pick<ResourceRunner, 'runAddresses' | 'addressOf'> };
  readonly thread: Pick<BeatThread, 'offer'>;
  readonly held: HeldResources;
  readonly prepared: { readonly config: { readonly vips: Pick<VipSettings, 'conflict'> } };
  readonly vipClaims?: Pick<VipClaims, 'update' | 'whenFree'> | undefined;
}

type AddressOrder = Extract<OutwardEffect, { kind: 'run-addresses' }>;
type ResourceOrder = Extract<OutwardEffect, { kind: 'run-resource' }>;

/** One order for each verb; the outcomes are told apart again. */
interface Batch {
  readonly verb: AddressVerb;
  readonly orders: AddressOrder[];
}

function batchesOf(orders: readonly AddressOrder[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const effect of orders) {
    const last = batches.at(-1);
    if (last?.verb === effect.verb) last.orders.push(effect);
    else batches.push({ verb: effect.verb, orders: [effect] });
  }
  return batches;
}

/** What is left to do once the outcomes are on their way: log, account and will. */
export type Afterwards = () => void;

/** Runs all address orders among the effects; undefined when there are none. */
export function runAddressOrders(
  daemon: OrderParts,
  effects: readonly OutwardEffect[],
  renewWill: () => void,
): Afterwards | undefined {
  const orders = effects.flatMap((each) => (each.kind === 'run-addresses' ? [each] : []));
  const isAsking = daemon.prepared.config.vips.conflict !== 'warn';
  const asking = isAsking ? orders.filter((order) => mayBeTaken(daemon, order)) : [];
  for (const order of asking) void startWhenFree(daemon, order, renewWill);
  const batches = batchesOf(orders.filter((order) => !asking.includes(order)));
  if (batches.length === 0) return undefined;
  const { runner } = daemon.resources;
  const events: ClusterEvent[] = [];
  const steps = batches.map(({ verb, orders }) => {
    const { outcomes, say } = runner.runAddresses(
      orders.flatMap((order) => order.resources),
      verb,
    );
    let at = 0;
    const notes = orders.map((order) => {
      const own = outcomes.slice(at, at + order.resources.length);
      at += order.resources.length;
      events.push({ kind: 'addresses-ran', id: order.id, outcomes: own });
      return { order, outcomes: own };
    });
    return { say, notes };
  });
  daemon.thread.offer(...events);
  return () => {
    let isChanged = false;
    for (const { say, notes } of steps) {
      say();
      for (const { order, outcomes } of notes) {
        if (noteAddresses(daemon, order, outcomes)) isChanged = true;
      }
    }
    daemon.vipClaims?.update();
    if (isChanged) renewWill();
  };
}

/** Prepared addresses are here already, and their giver answers for them until it has let go. */
const mayBeTaken = ({ resources: { runner } }: OrderParts, order: AddressOrder): boolean =>
  order.verb === 'start' && order.resources.some((each) => runner.addressOf(each) === undefined);

/** `vip_conflict wait` and `refuse`: the segment is asked before the kernel is. */
async function startWhenFree(
  daemon: OrderParts,
  order: AddressOrder,
  renewWill: () => void,
): Promise<void> {
  const refusals = await daemon.vipClaims?.whenFree(order.resources);
  const free = order.resources.filter(({ word }) => refusals?.has(word) !== true);
  const { outcomes: ran, say } = daemon.resources.runner.runAddresses(free, 'start');
  const left = [...ran];
  const missing: ResourceOutcome = { kind: 'failed', exitCode: 1, reason: 'no outcome' };
  const outcomes = order.resources.map(
    ({ word }) => refusals?.get(word) ?? left.shift() ?? missing,
  );
  daemon.thread.offer({ kind: 'addresses-ran', id: order.id, outcomes });
  say();
  daemon.vipClaims?.update();
  if (noteAddresses(daemon, order, outcomes)) renewWill();
}

/** A prepared address is in the kernel, so that whoever comes after us has to know of it. */
const asHeld: Readonly<Record<AddressVerb, ResourceVerb | undefined>> = {
  status: 'status',
  start: 'start',
  prepare: 'start',
  stop: 'stop',
  mute: undefined,
};

function noteAddresses(
  daemon: OrderParts,
  order: AddressOrder,
  outcomes: readonly ResourceOutcome[],
): boolean {
  const verb = asHeld[order.verb];
  let isChanged = false;
  for (const [at, resource] of verb === undefined ? [] : order.resources.entries()) {
    const outcome = outcomes[at];
    if (outcome === undefined || verb === undefined) continue;
    const address = daemon.resources.runner.addressOf(resource);
    if (daemon.held.note(order.groupKey, resource, verb, outcome, address)) isChanged = true;
  }
  return isChanged;
}

export async function runResourceOrder(
  daemon: Daemon,
  order: ResourceOrder,
  renewWill: () => void,
): Promise<void> {
  const { runner } = daemon.resources;
  const environment = { ...daemon.prepared.environment, ...order.environment };
  const { groupKey, resource, verb } = order;
  if (verb === 'start' && isScriptResource(resource)) {
    // It may run for minutes, and on after our death: whoever comes after us has to know of it.
    daemon.held.note(groupKey, resource, verb, { kind: 'done' }, undefined);
    renewWill();
  }
  const outcome = await runner.run(resource, verb, environment);
  const address = runner.addressOf(resource);
  daemon.thread.offer({ kind: 'resource-ran', id: order.id, outcome });
  if (daemon.held.note(groupKey, resource, verb, outcome, address)) renewWill();
}
