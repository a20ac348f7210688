// `auto_failback legacy`: the exchange of heartbeat 1.x, group by group. A node that becomes active
// asks for its own groups; whoever has one gives it up and answers, as heartbeat 3.0.6 does. No
// claims are exchanged; ours are kept for status and for healing a partition.

import { after, seconds } from '../base/time.js';
import { fieldText, type HaField, textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import { type GroupRecord, isInPlace } from './group-record.js';
import {
  groupsOf,
  isLegacy,
  markClaimed,
  markYielded,
  noteInitialDone,
  type ResourceSet,
} from './holding.js';
import type { Received } from './ingress.js';
import { type NodeRecord, presentPeer } from './node-table.js';
import { aimHeld, aimReleased, whenAtRest } from './resource-group.js';
import { isTakingBarred } from './stonith.js';

/** A request is repeated, because its answer may come from a node that is about to restart. */
const requestRepeat = seconds(2);
const REQUESTS_MAX = 30;

export interface LegacyState {
  /** Own groups asked of the other side and not answered yet. */
  readonly asked: Map<string, number>;
}

export const createLegacy = (): LegacyState => ({ asked: new Map() });

export function startLegacy(ctx: Context): void {
  const text = "Deprecated 'legacy' auto_failback option selected.";
  say(ctx, 'WARN', 'legacy-deprecated', text);
  ctx.holding.phase = 'stable';
  acquireLegacy(ctx, 'start');
  noteInitialDone(ctx, 'req_our_resources()');
}

/** Takes the own groups: at once when alone, else by asking for each. */
export function acquireLegacy(ctx: Context, reason: string): void {
  // The takeover that follows the reset comes here again.
  if (isTakingBarred(ctx)) return;
  markClaimed(ctx, 'local');
  for (const group of groupsOf(ctx, 'local')) {
    if (presentPeer(ctx) === undefined) {
      ctx.legacy.asked.delete(group.spec.key);
      aimHeld(ctx, group, reason);
    } else if (!isInPlace(group)) {
      ctx.legacy.asked.set(group.spec.key, 0);
    }
  }
  askLegacy(ctx);
}

/** Asks for what was not answered; after the last try it is taken without an answer. */
export function askLegacy(ctx: Context): void {
  if (ctx.holding.phase === 'shutdown' || isTakingBarred(ctx)) return;
  for (const [key, count] of ctx.legacy.asked) {
    const group = ctx.groups.get(key);
    if (group === undefined || count >= REQUESTS_MAX) {
      ctx.legacy.asked.delete(key);
      if (group !== undefined) aimHeld(ctx, group, 'not answered');
      continue;
    }
    ctx.legacy.asked.set(key, count + 1);
    sendMessage(ctx, [textField('t', 'ip-request'), textField('ipaddr', key)]);
  }
  if (ctx.legacy.asked.size > 0) {
    ctx.deadlines.set('ip-request', after(ctx.now.monotonic, requestRepeat));
  }
}

export function takeIpRequest(ctx: Context, received: Received): void {
  const key = fieldText(received.message, 'ipaddr');
  const group = key === undefined ? undefined : ctx.groups.get(key);
  if (!isLegacy(ctx) || group === undefined || !ctx.startUp.isActive) return;
  // While both work out who holds what, nothing moves by request; it is repeated.
  if (ctx.heal.isActive) return;
  if (group.isLocal || !isInPlace(group)) {
    answerRequest(ctx, received.from, group, false);
    return;
  }
  aimReleased(ctx, group, `asked by ${received.from.name}`);
  whenAtRest(ctx, [group], () => {
    followGroups(ctx, 'foreign');
    // While it is in place here the other side must not start it: it asks again.
    if (!isInPlace(group)) answerRequest(ctx, received.from, group, true);
  });
}

function answerRequest(ctx: Context, to: NodeRecord, group: GroupRecord, isOwn: boolean): void {
  const fields: readonly HaField[] = [
    textField('t', 'ip-request-resp'),
    textField('dest', to.name),
    textField('ipaddr', group.spec.key),
    textField('weown', isOwn ? 'yes' : 'no'),
    textField('ok', 'OK'),
  ];
  sendMessage(ctx, fields, to);
}

/**
 * A 3.0.6 that goes active before it heard our status, or that lost our messages, takes its group
 * without asking. It cannot be told; without claims on the wire both would hold it for good.
 */
function yieldUnasked(ctx: Context, from: NodeRecord, key: string | undefined): void {
  const group = key === undefined ? undefined : ctx.groups.get(key);
  if (group === undefined || group.isLocal || !isInPlace(group) || ctx.heal.isActive) return;
  const text = `node ${from.name} takes ${group.spec.key} unasked: it is given up here`;
  say(ctx, 'WARN', 'taken-unasked', text);
  aimReleased(ctx, group, `taken by ${from.name}`);
  whenAtRest(ctx, [group], () => followGroups(ctx, 'foreign'));
}

export function takeIpResponse(ctx: Context, received: Received): void {
  const key = fieldText(received.message, 'ipaddr');
  if (fieldText(received.message, 'dest') === received.from.name) {
    if (isLegacy(ctx) && received.from === ctx.peer) yieldUnasked(ctx, received.from, key);
    return;
  }
  if (!isLegacy(ctx) || key === undefined || !ctx.legacy.asked.has(key)) return;
  const ok = fieldText(received.message, 'ok');
  const weown = fieldText(received.message, 'weown');
  say(ctx, 'info', 'ip-response', `received ip-request-resp ${key} ${ok} ${weown}`.slice(0, 200));
  const group = ctx.groups.get(key);
  if (ok !== 'OK' || group === undefined) return;
  ctx.legacy.asked.delete(key);
  markClaimed(ctx, 'local');
  aimHeld(ctx, group, `given by ${received.from.name}`);
}

/** Without claims on the wire, ours follow what is in place. */
export function followGroups(ctx: Context, set: ResourceSet): void {
  if (!groupsOf(ctx, set).some(isInPlace)) markYielded(ctx, set);
}
