// Carries out the engine's orders to resources and keeps account of what is held. All addresses
// that one step of the engine orders go to the kernel together; their outcomes go back before
// anything is written, because clients wait for what follows from them.

import type { ClusterEvent } from '../cluster/cluster-event.js';
import type { AddressVerb, ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import { isScriptResource } from '../resources/resource-runner.js';
import type { Daemon } from './daemon-parts.js';
import type { OutwardEffect } from './worker-messages.js';

type AddressOrder = Extract<OutwardEffect, { kind: 'run-addresses' }>;
type ResourceOrder = Extract<OutwardEffect, { kind: 'run-resource' }>;

/** One order for each verb; the outcomes are told apart again. */
interface Batch {
  readonly verb: AddressVerb;
  readonly orders: AddressOrder[];
}

function batchesOf(effects: readonly OutwardEffect[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const effect of effects) {
    if (effect.kind !== 'run-addresses') continue;
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
  daemon: Daemon,
  effects: readonly OutwardEffect[],
  renewWill: () => void,
): Afterwards | undefined {
  const batches = batchesOf(effects);
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
    if (isChanged) renewWill();
  };
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
  daemon: Daemon,
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
