// Compares what both sides say they hold: a set with two holders is healed, a set with none is
// taken. 3.0.6 only logs these, and serves nothing.

import { after, seconds } from '../base/time.js';
import { type Context, say } from './context.js';
import {
  claimSet,
  groupsOf,
  isLegacy,
  isSettled,
  mirrored,
  type ResourceSet,
  runOwn,
  sendResource,
  yieldSet,
} from './holding.js';
import { presentPeer } from './node-table.js';
import { beginHeal, conflicts } from './partition.js';
import { canGoStandby, requestStandby } from './standby.js';

/** The preferred node takes a set that nobody holds after this; messages may still be under way. */
const orphanOwnAfter = seconds(2);
/** The other node only after this, when the preferred one does nothing about it. */
const orphanForeignAfter = seconds(10);
const failbackRetry = seconds(2);

export function auditClaims(ctx: Context): void {
  if (isLegacy(ctx) || ctx.holding.phase !== 'stable') return;
  auditDouble(ctx);
  if (ctx.peer?.claim !== undefined) ctx.holding.isAdoptionOpen = false;
  auditOrphan(ctx, 'local');
  auditOrphan(ctx, 'foreign');
  failBack(ctx);
}

function auditDouble(ctx: Context): void {
  const twice = conflicts(ctx);
  if (twice.length === 0 || ctx.heal.isActive || ctx.standby.state !== 'none') return;
  const name = ctx.peer?.name ?? '';
  for (const set of twice) {
    const what = set === 'local' ? 'our' : 'foreign';
    say(ctx, 'ERROR', 'two-holders', `Both machines own ${what} resources! (we and ${name})`);
  }
  // An adopted holding is by definition the younger one: the peer did not wait for us.
  if (ctx.holding.isAdoptionOpen) {
    for (const set of twice) yieldSet(ctx, set, `${name} took over before we came back`);
    sendResource(ctx);
    return;
  }
  beginHeal(ctx, `node ${name} says that it holds the same`);
}

const isOrphan = (ctx: Context, set: ResourceSet): boolean => {
  const peer = presentPeer(ctx);
  if (peer?.claim === undefined || !peer.isStable || !isSettled(ctx)) return false;
  if (ctx.holding.claim[set] || peer.claim[mirrored(set)]) return false;
  // One that failed here is the business of the offer to the peer, not of another try.
  return !groupsOf(ctx, set).some((group) => group.state === 'failed');
};

function auditOrphan(ctx: Context, set: ResourceSet): void {
  const name = `orphan-${set}`;
  if (!isOrphan(ctx, set)) ctx.deadlines.clear(name);
  else if (!ctx.deadlines.has(name)) {
    const wait = set === 'local' ? orphanOwnAfter : orphanForeignAfter;
    ctx.deadlines.set(name, after(ctx.now.monotonic, wait));
  }
}

export function adoptOrphan(ctx: Context, set: ResourceSet): void {
  if (ctx.holding.phase !== 'stable' || !isOrphan(ctx, set)) return;
  if (set === 'local') {
    say(ctx, 'ERROR', 'no-holder', 'No one owns our local resources!');
    runOwn(ctx, 'nobody held it');
  } else {
    say(ctx, 'ERROR', 'no-holder', 'No one owns foreign resources!');
    claimSet(ctx, 'foreign', 'nobody held it');
  }
  sendResource(ctx);
}

/** `auto_failback on`: a peer that came back stable gets its groups, once. */
export function failBack(ctx: Context): void {
  const { holding, config } = ctx;
  if (config.autoFailback !== 'on' || !holding.isFailbackDue || !holding.claim.foreign) return;
  if (presentPeer(ctx)?.isStable !== true) return;
  if (canGoStandby(ctx)) requestStandby(ctx, 'foreign', undefined);
  else ctx.deadlines.set('failback', after(ctx.now.monotonic, failbackRetry));
}
