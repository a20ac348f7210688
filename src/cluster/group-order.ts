// Orders to the resources of a group: one is outstanding at a time, and one that does not end is
// worth a line.

import { after, seconds } from '../base/time.js';
import type { AddressVerb } from '../config/resource-order.js';
import { type Context, msSince, say } from './context.js';
import { type GroupRecord, isAddress, type ResourceRecord } from './group-record.js';
import { scriptEnvironment } from './notify.js';

/** A script may take its time; after this it is worth a line. The engine never kills one. */
const orderAlarmAfter = seconds(60);

const alarmName = (group: GroupRecord): string => `order-alarm:${group.spec.key}`;

/** Several resources are addresses; one may be anything. */
export function order(
  ctx: Context,
  group: GroupRecord,
  resources: readonly ResourceRecord[],
  verb: AddressVerb,
): void {
  const id = ctx.nextOrderId++;
  group.order = { id, verb, resources, givenAt: ctx.now.monotonic };
  ctx.deadlines.set(alarmName(group), after(ctx.now.monotonic, orderAlarmAfter));
  const groupKey = group.spec.key;
  const specs = resources.map(({ spec }) => spec);
  const [resource] = specs;
  if (resources.every(isAddress) || verb === 'prepare' || verb === 'mute') {
    ctx.effects.push({ kind: 'run-addresses', id, groupKey, resources: specs, verb });
  } else if (resource !== undefined) {
    const environment = scriptEnvironment(ctx);
    ctx.effects.push({ kind: 'run-resource', id, groupKey, resource, verb, environment });
  }
}

export function endOrder(ctx: Context, group: GroupRecord): void {
  group.order = undefined;
  ctx.deadlines.clear(alarmName(group));
}

export function alarmOrder(ctx: Context, key: string): void {
  const group = ctx.groups.get(key);
  const given = group?.order;
  if (group === undefined || given === undefined) return;
  const [first, ...others] = given.resources;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const what = `${given.verb} of ${first?.spec.word}${more}`;
  const text = `${what} has not ended for ${msSince(ctx, given.givenAt)} ms`;
  say(ctx, 'WARN', 'order-slow', text);
  ctx.deadlines.set(alarmName(group), after(ctx.now.monotonic, orderAlarmAfter));
}
