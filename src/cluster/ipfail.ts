// ipfail, which 3.0.6 has as a program of its own (`respawn hacluster …/ipfail`): of two nodes that
// hear each other, the one that sees fewer ping nodes gives its resources up. Both sides tell their
// counts in messages between clients named `ipfail` (as in heartbeat 3.0.6), so that ours and a
// 3.0.6 node's decide together. How resources move is standby.ts.

import { after, type Duration, millis, seconds } from '../base/time.js';
import { fieldText, textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import { isLegacy } from './holding.js';
import type { Received } from './ingress.js';
import { type NodeRecord, presentPeer } from './node-table.js';
import { visiblePingNodes } from './ping-nodes.js';
import { canGoStandby, requestStandby } from './standby.js';

/** What was refused while resources moved is judged anew so long after they came to rest. */
const recheckTime = seconds(10);
const COUNT = /^[0-9]{1,9}$/;

export interface IpfailState {
  isOn: boolean;
  /** What is given up when the delay is over, unless the other side balances the counts before. */
  pending: 'all' | 'foreign' | undefined;
  /** It could not be given up, because resources were moving. */
  isPostponed: boolean;
}

export const createIpfail = (): IpfailState => ({
  isOn: false,
  pending: undefined,
  isPostponed: false,
});

/** Signs on as the original's program does once comm is up; the other answers with its count. */
export function startIpfail(ctx: Context): void {
  if (ctx.config.isIpfailWanted !== true) return;
  if (isLegacy(ctx)) {
    const text = 'ipfail needs auto_failback on or off: it does nothing';
    say(ctx, 'WARN', 'ipfail-off', text);
    return;
  }
  ctx.ipfail.isOn = true;
  sendPresence(ctx, 'join', 'signon');
}

export function endIpfail(ctx: Context): void {
  if (!ctx.ipfail.isOn) return;
  cancelGiveUp(ctx);
  ctx.ipfail.isOn = false;
  sendPresence(ctx, 'leave', 'signoff');
}

function sendPresence(ctx: Context, st: 'join' | 'leave', info: string): void {
  sendMessage(ctx, [
    textField('t', 'hbapi-clstat'),
    textField('st', st),
    textField('from_id', 'ipfail'),
    textField('to_id', 'ipfail'),
    textField('info', info),
    textField('client_gen', '0'),
  ]);
}

function tellPeer(ctx: Context, type: string, count?: number): void {
  const peer = presentPeer(ctx);
  if (peer === undefined) return;
  const fields = [textField('t', type)];
  if (count !== undefined) fields.push(textField('num_ping', String(count)));
  fields.push(
    textField('dest', peer.name),
    textField('from_id', 'ipfail'),
    textField('to_id', 'ipfail'),
    textField('client_gen', '0'),
  );
  sendMessage(ctx, fields, peer);
}

function tellCount(ctx: Context): void {
  if (presentPeer(ctx) === undefined) return;
  say(ctx, 'info', 'ipfail-count', 'Asking other side for ping node count.');
  tellPeer(ctx, 'num_ping_nodes', visiblePingNodes(ctx));
}

/** A node died or came back. Of ping nodes either is a reason to compare; the peer's end none. */
export function noteNodeForIpfail(ctx: Context, node: NodeRecord): void {
  if (!ctx.ipfail.isOn) return;
  const text = `Status update: Node ${node.name} now has status ${node.state}`;
  say(ctx, 'info', 'ipfail-status', text);
  if (node.kind === 'ping') {
    if (visiblePingNodes(ctx) === 0) say(ctx, 'WARN', 'ipfail-blind', 'NS: We are dead. :<');
    tellCount(ctx);
  } else if (node === ctx.peer && node.state === 'dead') cancelGiveUp(ctx);
}

/** The one link of a ping node is judged with its node. */
export function noteLinkForIpfail(ctx: Context, node: NodeRecord, medium: string): void {
  if (!ctx.ipfail.isOn || node.kind === 'ping') return;
  const text = `Link Status update: Link ${node.name}/${medium} now has status dead`;
  say(ctx, 'info', 'ipfail-status', text);
  tellCount(ctx);
}

export function takeIpfailMessage(ctx: Context, received: Received): void {
  const { from, type, message } = received;
  if (!ctx.ipfail.isOn || from !== ctx.peer) return;
  if (fieldText(message, 'from_id') !== 'ipfail') return;
  switch (type) {
    case 'hbapi-clstat':
      if (fieldText(message, 'st') === 'join') tellCount(ctx);
      return;
    case 'num_ping_nodes': {
      const count = fieldText(message, 'num_ping') ?? '';
      if (COUNT.test(count)) compare(ctx, Number(count));
      return;
    }
    case 'abort_giveup':
      cancelGiveUp(ctx);
      return;
    case 'you_are_dead':
      giveUpSoon(ctx, 'all', 'Giving up because we were told that we have less ping nodes.');
      return;
  }
}

function compare(ctx: Context, others: number): void {
  const own = visiblePingNodes(ctx);
  const facts = `(${own} here, ${others} there)`;
  if (own > others) {
    const text = `Telling other node that we have more visible ping nodes. ${facts}`;
    say(ctx, 'info', 'ipfail-count', text);
    tellPeer(ctx, 'you_are_dead');
    return;
  }
  if (own < others) {
    giveUpSoon(ctx, 'all', `Giving up because we have less ping nodes. ${facts}`);
    return;
  }
  say(ctx, 'info', 'ipfail-count', `Ping node count is balanced. ${facts}`);
  const wasPending = ctx.ipfail.pending !== undefined;
  cancelGiveUp(ctx);
  tellPeer(ctx, 'abort_giveup');
  // With auto_failback on each side is to have its own again when both see the same.
  const isAway = ctx.config.autoFailback === 'on' && ctx.holding.claim.foreign;
  if (!wasPending && isAway && canGoStandby(ctx)) giveUpSoon(ctx, 'foreign', undefined);
}

/** The delay of the original: time for the other side to see what we see. */
const delayOf = (ctx: Context): Duration => millis(2 * ctx.config.keepalive);

function giveUpSoon(ctx: Context, what: 'all' | 'foreign', reason: string | undefined): void {
  if (reason !== undefined) say(ctx, 'WARN', 'ipfail-giveup', reason);
  ctx.ipfail.pending = what;
  const delay = delayOf(ctx);
  ctx.deadlines.set('ipfail-giveup', after(ctx.now.monotonic, delay));
  say(ctx, 'info', 'ipfail-giveup', `Delayed giveup in ${delay / 1000} seconds.`);
}

function cancelGiveUp(ctx: Context): void {
  ctx.ipfail.isPostponed = false;
  ctx.deadlines.clear('ipfail-recheck');
  if (ctx.ipfail.pending === undefined) return;
  ctx.ipfail.pending = undefined;
  ctx.deadlines.clear('ipfail-giveup');
  say(ctx, 'info', 'ipfail-giveup', 'Giveup cancelled: the counts are balanced again.');
}

/** The delay is over. What cannot move now is judged anew once resources are at rest. */
export function giveUp(ctx: Context): void {
  const { pending } = ctx.ipfail;
  ctx.ipfail.pending = undefined;
  const { claim } = ctx.holding;
  if (pending === undefined) return;
  say(ctx, 'info', 'ipfail-giveup', 'giveup() called (timeout worked)');
  if (!canGoStandby(ctx)) {
    ctx.ipfail.isPostponed = true;
    return;
  }
  // Who holds nothing has nothing to give; 3.0.6 goes through the exchange all the same.
  if (claim.foreign || (pending === 'all' && claim.local)) requestStandby(ctx, pending, undefined);
}

/** To be called when resources of either side may have come to rest. */
export function recheckIpfail(ctx: Context): void {
  if (!ctx.ipfail.isPostponed || !canGoStandby(ctx)) return;
  ctx.ipfail.isPostponed = false;
  ctx.deadlines.set('ipfail-recheck', after(ctx.now.monotonic, recheckTime));
}

export function tellCountAgain(ctx: Context): void {
  if (ctx.ipfail.isOn) tellCount(ctx);
}
