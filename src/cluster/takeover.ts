// What becomes of a node's resource groups when it dies, leaves or comes anew: the takeover with
// the meaning of the original's mach_down built in, adoption of what a predecessor process held,
// and the hand-back of failed groups; in the words and order of heartbeat 3.0.6.

import { after, seconds } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, msSince, say } from './context.js';
import { sendMessage } from './egress.js';
import type { GroupRecord } from './group-record.js';
import {
  acquireOwn,
  becomeStable,
  claimSet,
  groupsOf,
  isLegacy,
  markClaimed,
  markYielded,
  noteInitialDone,
  parseHolding,
  runOwn,
  sendResource,
  setsOf,
  startHolding,
} from './holding.js';
import { acquireLegacy, startLegacy } from './legacy.js';
import { forgetClaim, isPresent, type NodeRecord, presentPeer } from './node-table.js';
import { beginHeal, endHeal, forgetHeal, onNodeReturned } from './partition.js';
import { adoptGroup, aimHeld, releaseLeftOver, whenAtRest } from './resource-group.js';
import { canGoStandby, requestStandby, resetStandby } from './standby.js';
import { releasePrepared } from './standby-state.js';
import { forgetReset, isTakingBarred, mayTakeFrom, sayStonith } from './stonith.js';

/** Announcements of what is held are repeated at this pace, as keepalived does on demand. */
const refreshInterval = seconds(60);
/** As long as 3.0.6 waits before it reacts to a failed start. */
const failedRetry = seconds(30);
/** How long until a failed group is offered again to a peer that could not be asked. */
const offerRetry = seconds(2);

/** A predecessor's groups are ours from the first moment; each resource is asked for its status. */
export function adopt(ctx: Context): void {
  const { adoptedGroupKeys, adoptedHolding } = ctx.start;
  const adopted = parseHolding(adoptedHolding) ?? { local: false, foreign: false };
  for (const set of setsOf(adopted)) markClaimed(ctx, set);
  const groups = [...ctx.groups.values()].filter((g) => adoptedGroupKeys.includes(g.spec.key));
  ctx.holding.isAdoptionOpen = setsOf(adopted).length > 0;
  for (const group of groups) {
    // What it did not claim any more it was giving up, or had failed to start.
    if (adopted[group.isLocal ? 'local' : 'foreign']) adoptGroup(ctx, group);
    else releaseLeftOver(ctx, group);
  }
  if (groups.length === 0) return;
  const keys = groups.map((group) => group.spec.key).join(' ');
  say(ctx, 'notice', 'adopted', `We are restarting and go on holding ${adoptedHolding}: ${keys}`);
}

/** We are active: say so, take from nodes that are not there, or wait for those that are. */
export function onCommUp(ctx: Context): void {
  if (ctx.holding.phase === 'shutdown') return;
  planRefresh(ctx);
  const dead = [...ctx.nodes.values()].filter(
    (node) => !node.isLocal && node.kind === 'normal' && node.state === 'dead',
  );
  // Before anything is taken: what a node that nobody hears may hold has to wait for its reset.
  const free = dead.filter((node) => !isBystander(ctx, node) && isFree(ctx, node));
  if (isLegacy(ctx)) {
    startLegacy(ctx);
    // No claims are exchanged in legacy mode: whether the peer took over is found out by healing.
    if (ctx.holding.isAdoptionOpen) beginHeal(ctx, 'we adopted');
  } else {
    startHolding(ctx);
    if (ctx.start.adoptedHolding !== 'none') {
      becomeStable(ctx);
      sendResource(ctx);
      noteInitialDone(ctx, 'adopted');
    }
  }
  for (const node of ctx.nodes.values()) {
    if (node.isLocal || node.kind === 'ping') continue;
    if (node.state === 'dead' ? free.includes(node) && !node.hasLeft : node.hasLeft) {
      takeOverFrom(ctx, node);
    }
  }
  if (ctx.peer === undefined && !isLegacy(ctx)) {
    becomeStable(ctx);
    runOwn(ctx, 'single node');
    noteInitialDone(ctx, 'single node');
  }
}

export function onNodeDied(ctx: Context, node: NodeRecord): void {
  if (node.kind === 'ping' || ctx.holding.phase === 'shutdown') return;
  // Before we are active the takeover waits for the end of the comm-up test.
  if (!ctx.startUp.isActive || isBystander(ctx, node)) return;
  if (!isFree(ctx, node)) {
    // The exchange has lost its other side, and must not take anything when its time is over.
    endHeal(ctx);
    return;
  }
  // The groups of one that said good-bye were taken then.
  if (!node.hasLeft) takeOverFrom(ctx, node);
}

/** A third member holds nothing while the two that share the groups are there. */
const isBystander = (ctx: Context, node: NodeRecord): boolean =>
  node !== ctx.peer && isPresent(ctx.peer);

/** Whether what the dead node held may be taken now; else its reset is under way. */
function isFree(ctx: Context, node: NodeRecord): boolean {
  const { claim } = node;
  const gaveUp = node.hasLeft || (claim !== undefined && !claim.local && !claim.foreign);
  if (!gaveUp) return isHeldHere(ctx) || mayTakeFrom(ctx, node);
  say(ctx, 'info', 'dead-gave-up', `Dead node ${node.name} gave up resources.`);
  sayStonith(ctx, node, 'unneeded');
  return true;
}

/** A predecessor of this process had taken all there is, and we adopted it. */
const isHeldHere = (ctx: Context): boolean =>
  ctx.config.stonithDevice !== undefined &&
  ctx.holding.isAdoptionOpen &&
  ctx.holding.claim.local &&
  ctx.holding.claim.foreign;

export function onNodeReset(ctx: Context, node: NodeRecord): void {
  if (ctx.holding.phase !== 'shutdown') takeOverFrom(ctx, node);
}

/** The node speaks again: what it holds it says itself. */
function dropReset(ctx: Context, node: NodeRecord, why: string): void {
  if (!isTakingBarred(ctx)) return;
  forgetReset(ctx, node, why);
  if (isLegacy(ctx) && ctx.startUp.isActive) acquireLegacy(ctx, 'no reset needed');
}

/** Same generation as before its death was declared. */
export function onNodeBack(ctx: Context, node: NodeRecord): void {
  dropReset(ctx, node, 'is back');
  if (node === ctx.peer) onNodeReturned(ctx);
}

/** `shutdone`: the node has released everything, though its statuses go on for a moment. */
export function onShutdone(ctx: Context, node: NodeRecord): void {
  if (node.isLocal || node.kind === 'ping' || node.hasLeft) return;
  node.hasLeft = true;
  say(ctx, 'info', 'shutdown-notice', `Received shutdown notice from '${node.name}'.`);
  forgetReset(ctx, node, 'has released everything');
  if (ctx.startUp.isActive && ctx.holding.phase !== 'shutdown') takeOverFrom(ctx, node);
}

function takeOverFrom(ctx: Context, node: NodeRecord): void {
  resetStandby(ctx, `node ${node.name} went away`, true);
  if (ctx.heal.splitSince !== undefined || ctx.heal.isActive) {
    // It held the same addresses: neighbours may have learnt its place last.
    ctx.effects.push({ kind: 'announce-held', reason: `node ${node.name} gave way` });
  }
  endHeal(ctx);
  ctx.holding.isFailbackDue = true;
  const { claim } = node;
  forgetClaim(node);
  // A false alarm may come to light; then it is known what was taken from a living node.
  if (!node.hasLeft) node.formerClaim = claim;
  say(ctx, 'info', 'acquiring-from', `Resources being acquired from ${node.name}.`);
  if (isLegacy(ctx)) {
    acquireLegacy(ctx, 'takeover');
    runMachDown(ctx, node);
    return;
  }
  becomeStable(ctx);
  runMachDown(ctx, node);
  takeOwn(ctx);
  releasePrepared(ctx);
  noteInitialDone(ctx, 'mach_down');
}

function takeOwn(ctx: Context): void {
  if (ctx.holding.claim.local) acquireFailed(ctx);
  else acquireOwn(ctx);
}

/** Alone, what failed before is worth another try: nobody else can serve it. */
function acquireFailed(ctx: Context): void {
  const waiting = groupsOf(ctx, 'local').filter((group) => group.state !== 'held');
  for (const group of waiting) aimHeld(ctx, group, 'takeover');
}

function runMachDown(ctx: Context, node: NodeRecord): void {
  const startedAt = ctx.now.monotonic;
  const theirs = groupsOf(ctx, 'foreign').filter((g) => g.spec.preferredNode === node.name);
  for (const group of theirs) {
    if (group.state === 'held') continue;
    say(ctx, 'info', 'taking-over', `Taking over resource group ${group.spec.key}`);
  }
  const groups = claimSet(ctx, 'foreign', `takeover from ${node.name}`);
  whenAtRest(ctx, groups, () => {
    if (!ctx.holding.claim.foreign) return;
    const took = `(${groups.length} groups in ${msSince(ctx, startedAt)} ms)`;
    if (!isLegacy(ctx)) {
      say(ctx, 'info', 'foreign-acquired', 'nice_failback: foreign resources acquired');
      const fields = [
        textField('t', 'resource'),
        textField('rsc_hold', 'foreign'),
        textField('info', 'mach_down'),
      ];
      sendMessage(ctx, fields);
    }
    const text = `mach_down takeover complete for node ${node.name}.`;
    say(ctx, 'info', 'mach-down-complete', `${text} ${took}`);
    sendResource(ctx);
  });
}

/** The node came anew: what it held before is gone, or adopted and said so in a moment. */
export function onNodeRestarted(ctx: Context, node: NodeRecord): void {
  if (node !== ctx.peer) return;
  resetStandby(ctx, `node ${node.name} restarted`);
  const wasHealing = ctx.heal.isActive;
  forgetHeal(ctx);
  // What we had given up for it nobody holds now; without claims on the wire none would notice.
  if (wasHealing && isLegacy(ctx)) acquireLegacy(ctx, 'healing ended');
  ctx.holding.isFailbackDue = true;
}

function planRefresh(ctx: Context): void {
  const interval = ctx.config.announceInterval ?? refreshInterval;
  if (interval > 0) ctx.deadlines.set('refresh', after(ctx.now.monotonic, interval));
}

/** What a switch or a neighbour has forgotten or learnt wrongly is mended by and by. */
export function refreshAnnouncements(ctx: Context): void {
  planRefresh(ctx);
  const { claim } = ctx.holding;
  if (!claim.local && !claim.foreign) return;
  ctx.effects.push({ kind: 'announce-held', reason: 'refresh' });
}

/** Switches may have learnt otherwise while the peer was away. */
export function onNodeHeard(ctx: Context, node: NodeRecord): void {
  dropReset(ctx, node, 'has come anew');
  const { claim } = ctx.holding;
  if (node !== ctx.peer || (!claim.local && !claim.foreign)) return;
  ctx.effects.push({ kind: 'announce-held', reason: `node ${node.name} is back` });
  // It went active without us, a restart behind a partition: no `starting` will come from it.
  if (node.state === 'active') beginHeal(ctx, `node ${node.name} is active already`);
}

/** A group came to rest: if it failed, the set is told truthfully and offered to the peer. */
export function onGroupSettled(ctx: Context, group: GroupRecord): void {
  if (group.state !== 'failed') return;
  const set = group.isLocal ? 'local' : 'foreign';
  if (group.isStuck) {
    markClaimed(ctx, set);
    sendResource(ctx);
    return;
  }
  const isAllFailed = groupsOf(ctx, set).every((one) => one.state === 'failed' && !one.isStuck);
  if (isAllFailed && ctx.holding.claim[set]) {
    markYielded(ctx, set);
    sendResource(ctx);
  }
  ctx.deadlines.set('failed-retry', after(ctx.now.monotonic, failedRetry));
  offerFailed(ctx);
}

/** Whether a group that failed here is for this node to try again. */
function isOursToRetry(ctx: Context, group: GroupRecord): boolean {
  if (group.state !== 'failed' || group.isStuck) return false;
  if (isLegacy(ctx)) return group.isLocal || ctx.holding.claim.foreign;
  const peer = presentPeer(ctx);
  if (peer === undefined) return true;
  // The peer was offered it and does not hold it either: at home it is tried again.
  return group.isLocal && group.isOffered && peer.claim?.foreign !== true && canGoStandby(ctx);
}

/** What kept a resource from starting may have gone away; nobody serves it meanwhile. */
export function retryFailed(ctx: Context): void {
  if (ctx.holding.phase === 'shutdown') return;
  const isBarred = isTakingBarred(ctx);
  for (const group of ctx.groups.values()) {
    if (!isBarred && isOursToRetry(ctx, group)) {
      markClaimed(ctx, group.isLocal ? 'local' : 'foreign');
      aimHeld(ctx, group, 'tried again');
      sendResource(ctx);
    } else if (group.state === 'failed') {
      ctx.deadlines.set('failed-retry', after(ctx.now.monotonic, failedRetry));
    }
  }
}

/** `req_resource KEY` of a script: a group that is ours and not in place is tried anew. */
export function reacquire(ctx: Context, key: string): void {
  const group = ctx.groups.get(key);
  const isOurs = group !== undefined && ctx.holding.claim[group.isLocal ? 'local' : 'foreign'];
  if (group !== undefined && isOurs && !isTakingBarred(ctx)) {
    aimHeld(ctx, group, 'asked by a script');
    return;
  }
  const why = group === undefined ? 'no such group' : 'it is not held here: see hb_takeover';
  say(ctx, 'WARN', 'offer-refused', `a script asks for the group ${key.slice(0, 100)}: ${why}`);
}

/**
 * A group that did not start here is offered to the peer, once, with the set that it belongs to:
 * the standby exchange knows no single groups. 3.0.6 names the wrong set here (recorded).
 */
export function offerFailed(ctx: Context): void {
  if (isLegacy(ctx) || ctx.holding.phase !== 'stable') return;
  const failed = [...ctx.groups.values()].find(
    (group) => group.state === 'failed' && !group.isStuck && !group.isOffered,
  );
  const peer = presentPeer(ctx);
  if (failed === undefined || !isPresent(peer)) return;
  const set = failed.isLocal ? 'local' : 'foreign';
  if (!canGoStandby(ctx)) {
    ctx.deadlines.set('offer-failed', after(ctx.now.monotonic, offerRetry));
    return;
  }
  for (const group of groupsOf(ctx, set)) {
    if (group.state === 'failed') group.isOffered = true;
  }
  const isTheirs = set === 'local' ? peer.claim?.foreign : peer.claim?.local;
  if (isTheirs !== true) requestStandby(ctx, set, undefined);
  offerFailed(ctx);
}
