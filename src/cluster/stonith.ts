// Resetting a dead node before its groups are taken (as in heartbeat 3.0.6). While a reset is
// wanted and not confirmed nothing is taken, neither the dead node's groups nor our own, which it
// may hold; a reset that fails is tried again for ever, as in the original.

import { after, seconds } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, msSince, say, tell } from './context.js';
import { sendMessage } from './egress.js';
import type { NodeRecord } from './node-table.js';

/** heartbeat 3.0.6 waits as long before it tries again. */
const retryAfter = seconds(5);

/** How an order to reset a node ended. `bad-host`: the device does not know the node. */
export type ResetResult = 'done' | 'bad-host' | 'failed';

interface ResetRecord {
  /** Of the run of the node that is to be reset: another one is another case. */
  readonly generation: number | undefined;
  readonly begunAt: Context['now']['monotonic'];
  /** Of the order under way. */
  orderId: number | undefined;
  tries: number;
  /** False when the node came back while the order was under way. */
  isWanted: boolean;
}

export interface StonithState {
  /** By node name: wanted and not confirmed. */
  readonly resets: Map<string, ResetRecord>;
  /** By node name: the generation in which it was reset. One reset a life is enough. */
  readonly confirmed: Map<string, number | undefined>;
}

export const createStonith = (): StonithState => ({ resets: new Map(), confirmed: new Map() });

const retryName = (node: NodeRecord): string => `stonith:${node.name}`;

/** Nothing may be taken: a node that may hold it is not known to be dead. */
export const isTakingBarred = (ctx: Context): boolean =>
  [...ctx.stonith.resets.values()].some((reset) => reset.isWanted);

/** What the clients of the original are told of the end of a node. */
export function sayStonith(ctx: Context, node: NodeRecord, result: string): void {
  const fields = [
    textField('t', 'stonith'),
    textField('node', node.name),
    textField('result', result),
  ];
  sendMessage(ctx, fields);
}

/**
 * True when the node's groups may be taken at once: no device, or it was reset in this life of it
 * already. Else the reset is under way, and `node-reset` tells when it is confirmed.
 */
export function mayTakeFrom(ctx: Context, node: NodeRecord): boolean {
  if (ctx.config.stonithDevice === undefined) {
    say(ctx, 'WARN', 'no-stonith', 'No STONITH device configured.');
    say(ctx, 'WARN', 'no-stonith', 'Shared disks are not protected.');
    sayStonith(ctx, node, 'n_stnth');
    return true;
  }
  const { confirmed, resets } = ctx.stonith;
  if (confirmed.has(node.name) && confirmed.get(node.name) === node.generation) return true;
  const underWay = resets.get(node.name);
  if (underWay?.orderId !== undefined && underWay.generation === node.generation) {
    underWay.isWanted = true;
    return false;
  }
  resets.set(node.name, {
    generation: node.generation,
    begunAt: ctx.now.monotonic,
    orderId: undefined,
    tries: 0,
    isWanted: true,
  });
  orderReset(ctx, node);
  return false;
}

function orderReset(ctx: Context, node: NodeRecord): void {
  const reset = ctx.stonith.resets.get(node.name);
  if (reset === undefined || reset.orderId !== undefined) return;
  reset.orderId = ctx.nextOrderId++;
  reset.tries++;
  const device = ctx.config.stonithDevice ?? '';
  say(ctx, 'info', 'resetting-node', `Resetting node ${node.name} with [${device}]`);
  ctx.effects.push({ kind: 'reset-node', id: reset.orderId, node: node.name });
}

/** The wait after a failed reset is over. */
export function retryReset(ctx: Context, name: string): void {
  const node = ctx.nodes.get(name);
  if (node === undefined) return;
  if (ctx.holding.phase === 'shutdown') forgetReset(ctx, node, 'is left to itself by our stop');
  else orderReset(ctx, node);
}

export function takeResetOutcome(
  ctx: Context,
  id: number,
  result: ResetResult,
  reason: string,
): void {
  for (const [name, reset] of ctx.stonith.resets) {
    const node = ctx.nodes.get(name);
    if (node === undefined || reset.orderId !== id) continue;
    reset.orderId = undefined;
    if (result === 'done') confirmReset(ctx, node, reset);
    else if (!reset.isWanted) ctx.stonith.resets.delete(name);
    else failReset(ctx, node, reset, result, reason);
    return;
  }
}

function confirmReset(ctx: Context, node: NodeRecord, reset: ResetRecord): void {
  const facts = `(after ${msSince(ctx, reset.begunAt)} ms)`;
  say(ctx, 'notice', 'node-reset', `node ${node.name} now reset. ${facts}`);
  ctx.stonith.resets.delete(node.name);
  ctx.stonith.confirmed.set(node.name, reset.generation);
  sayStonith(ctx, node, 'OK');
  // Heard again meanwhile, in the life that was just ended: it is taken from when it has died.
  if (node.state === 'dead') tell(ctx, { kind: 'node-reset', node });
}

function failReset(
  ctx: Context,
  node: NodeRecord,
  reset: ResetRecord,
  result: 'bad-host' | 'failed',
  reason: string,
): void {
  const device = ctx.config.stonithDevice ?? '';
  const words =
    result === 'bad-host'
      ? `Device ${device} cannot reset host ${node.name}.`
      : `Host ${node.name} not reset!`;
  say(ctx, 'ERROR', 'reset-failed', `${words} (try ${reset.tries}: ${reason})`);
  const retrying = `STONITH of ${node.name} failed.  Retrying...`;
  say(ctx, 'CRIT', 'reset-failed', `${retrying} (nothing is taken from it before it is reset)`);
  // Clients hear of each kind of failure once; it is tried for ever.
  if (reset.tries === 1) sayStonith(ctx, node, result === 'bad-host' ? 'badhost' : 'bad');
  ctx.deadlines.set(retryName(node), after(ctx.now.monotonic, retryAfter));
}

/** The node is back, speaks of what it holds itself, or said good-bye: no reset is wanted. */
export function forgetReset(ctx: Context, node: NodeRecord, why: string): void {
  ctx.deadlines.clear(retryName(node));
  const reset = ctx.stonith.resets.get(node.name);
  if (reset?.isWanted !== true) return;
  // An order under way cannot be taken back: its outcome still says whether the node was reset.
  if (reset.orderId === undefined) ctx.stonith.resets.delete(node.name);
  else reset.isWanted = false;
  say(ctx, 'notice', 'reset-not-needed', `node ${node.name} ${why}: no reset is wanted any more`);
}
