// Who holds what, in the words of the original: `local` are the groups that prefer the speaker,
// `foreign` all others (as in heartbeat 3.0.6). Own claim and phase, the `starting` and
// `resource` messages and the ten seconds of settling. Groups are run by resource-group.ts.

import { after, type Instant, seconds } from '../base/time.js';
import { fieldText, textField } from '../wire/ha-message.js';
import type { Holding } from './cluster-status.js';
import { type Context, say, tell } from './context.js';
import { sendMessage } from './egress.js';
import type { GroupRecord } from './group-record.js';
import type { Received } from './ingress.js';
import type { Claim, NodeRecord } from './node-table.js';
import { aimHeld, aimReleased, whenAtRest } from './resource-group.js';
import { isTakingBarred } from './stonith.js';

export type ResourceSet = keyof Claim;

/**
 * `starting`: our `starting` is out. `received`: some `resource` message was seen or sent, the
 * settling time runs. `stable`: nothing more is taken without a new event.
 */
export type HoldingPhase = 'init' | 'starting' | 'received' | 'stable' | 'shutdown';

/** Two 3.0.6 nodes wait this long for each other at a cold start (recorded), and so do we. */
const settlingTime = seconds(10);
/** When not even an answer to `starting` comes, which in the original ends nowhere. */
const settlingFallback = seconds(15);

export interface HoldingState {
  phase: HoldingPhase;
  readonly claim: Claim;
  /** Since when each set has been claimed: the elder holder keeps it after a partition. */
  readonly since: { local: Instant | undefined; foreign: Instant | undefined };
  /** The first completion is logged as such. */
  isInitialDone: boolean;
  /** The peer went away or came anew since its groups were last handed back. */
  isFailbackDue: boolean;
  /** A predecessor's groups were adopted and the peer has not said yet what it holds. */
  isAdoptionOpen: boolean;
}

export const createHolding = (): HoldingState => ({
  phase: 'init',
  claim: { local: false, foreign: false },
  since: { local: undefined, foreign: undefined },
  isInitialDone: false,
  isFailbackDue: false,
  isAdoptionOpen: false,
});

export const isLegacy = (ctx: Context): boolean => ctx.config.autoFailback === 'legacy';

export const mirrored = (set: ResourceSet): ResourceSet => (set === 'local' ? 'foreign' : 'local');

export function holdingWord(claim: Claim): Holding {
  if (claim.local) return claim.foreign ? 'all' : 'local';
  return claim.foreign ? 'foreign' : 'none';
}

export function parseHolding(text: string | undefined): Claim | undefined {
  switch (text) {
    case 'none':
      return { local: false, foreign: false };
    case 'local':
      return { local: true, foreign: false };
    case 'foreign':
      return { local: false, foreign: true };
    case 'all':
      return { local: true, foreign: true };
    default:
      return undefined;
  }
}

export const setsOf = (claim: Claim): readonly ResourceSet[] =>
  (['local', 'foreign'] as const).filter((set) => claim[set]);

export const groupsOf = (ctx: Context, set: ResourceSet): readonly GroupRecord[] =>
  [...ctx.groups.values()].filter((group) => group.isLocal === (set === 'local'));

export function markClaimed(ctx: Context, set: ResourceSet): void {
  if (ctx.holding.claim[set]) return;
  ctx.holding.claim[set] = true;
  ctx.holding.since[set] = ctx.now.monotonic;
}

export function markYielded(ctx: Context, set: ResourceSet): void {
  ctx.holding.claim[set] = false;
  ctx.holding.since[set] = undefined;
}

/** Claims a set and starts its groups; the claim stands before they run, as in 3.0.6. */
export function claimSet(ctx: Context, set: ResourceSet, reason: string): readonly GroupRecord[] {
  markClaimed(ctx, set);
  const groups = groupsOf(ctx, set);
  for (const group of groups) aimHeld(ctx, group, reason);
  return groups;
}

export function yieldSet(ctx: Context, set: ResourceSet, reason: string): readonly GroupRecord[] {
  markYielded(ctx, set);
  const groups = groupsOf(ctx, set);
  for (const group of groups) aimReleased(ctx, group, reason);
  return groups;
}

/** What `isstable` says: nothing more is taken or given without a new event. */
export const isSettled = (ctx: Context): boolean =>
  ctx.holding.phase === 'stable' && ctx.standby.state === 'none' && !ctx.heal.isActive;

/**
 * What the other side is told. Healing is no reason to say otherwise before it takes part: a 3.0.6
 * puts its restart off while we are unstable (recorded), and knows nothing of healing.
 */
function saysStable(ctx: Context): boolean {
  if (isSettled(ctx)) return true;
  const isAloneHealing = ctx.heal.isActive && ctx.heal.theirs === undefined;
  return ctx.holding.phase === 'stable' && ctx.standby.state === 'none' && isAloneHealing;
}

/**
 * A 3.0.6 that was told that we are stable may hand groups back before it restarts. Refused, it
 * waits for ten seconds, and both hold everything for as long (recorded).
 */
export const isBesideSilentPeer = (ctx: Context): boolean =>
  saysStable(ctx) && ctx.heal.patientUntil !== undefined;

/** States the complete holding. The first one also arms the settling time. */
export function sendResource(
  ctx: Context,
  info?: string,
  isStable: boolean = saysStable(ctx),
): void {
  if (isLegacy(ctx)) return;
  const fields = [
    textField('t', 'resource'),
    textField('rsc_hold', holdingWord(ctx.holding.claim)),
    textField('rtype', 'full'),
    textField('isstable', isStable ? '1' : '0'),
  ];
  if (info !== undefined) fields.push(textField('info', info));
  sendMessage(ctx, fields);
  noteResourceSeen(ctx);
}

/** Any `resource` message, our own included, starts the ten seconds of settling. */
function noteResourceSeen(ctx: Context): void {
  if (ctx.holding.phase !== 'starting') return;
  ctx.holding.phase = 'received';
  ctx.deadlines.set('settle', after(ctx.now.monotonic, settlingTime));
}

/** On going active. One that adopted groups holds them already and does not settle. */
export function startHolding(ctx: Context): void {
  ctx.holding.phase = 'starting';
  ctx.deadlines.set('settle', after(ctx.now.monotonic, settlingFallback));
  sendMessage(ctx, [textField('t', 'starting')]);
}

/** Nothing more was heard for the settling time: what is ours and free is taken. */
export function settle(ctx: Context): void {
  if (ctx.holding.phase !== 'starting' && ctx.holding.phase !== 'received') return;
  if (isTakingBarred(ctx)) {
    ctx.deadlines.set('settle', after(ctx.now.monotonic, settlingTime));
    return;
  }
  say(ctx, 'info', 'local-transition-done', 'local resource transition completed.');
  finishSettling(ctx, 'T_RESOURCES');
}

function finishSettling(ctx: Context, reason: string): void {
  becomeStable(ctx);
  acquireOwn(ctx);
  sendResource(ctx);
  noteInitialDone(ctx, reason);
}

export function becomeStable(ctx: Context): void {
  ctx.holding.phase = 'stable';
  ctx.deadlines.clear('settle');
}

export function noteInitialDone(ctx: Context, reason: string): void {
  if (ctx.holding.isInitialDone) return;
  ctx.holding.isInitialDone = true;
  say(ctx, 'info', 'initial-done', `Initial resource acquisition complete (${reason})`);
}

/** Takes the groups that prefer this node, unless the peer holds them. */
export function acquireOwn(ctx: Context): void {
  // The takeover that follows the reset comes here again.
  if (isTakingBarred(ctx)) return;
  const isPeerHolding = ctx.peer?.hasLeft === false && ctx.peer.claim?.foreign === true;
  if (isPeerHolding || ctx.holding.claim.local) {
    const text = 'Local Resource acquisition completed. (none)';
    say(ctx, 'info', 'local-acquired', text);
    return;
  }
  runOwn(ctx, 'local resources');
}

export function runOwn(ctx: Context, reason: string): void {
  const groups = claimSet(ctx, 'local', reason);
  if (groups.length === 0) {
    const text = `No local resources [listkeys ${ctx.local.name}] to acquire.`;
    say(ctx, 'info', 'no-local-resources', text);
  }
  whenAtRest(ctx, groups, () => {
    if (!ctx.holding.claim.local) return;
    say(ctx, 'info', 'local-acquired', 'Local Resource acquisition completed.');
    sendResource(ctx, 'req_our_resources()');
  });
}

/** The peer is going active and asks what we hold. */
export function takeStarting(ctx: Context, from: NodeRecord): void {
  if (isLegacy(ctx) || from !== ctx.peer) return;
  if (ctx.holding.phase === 'init') {
    const text = `Received 'starting' message in state ${ctx.holding.phase}`;
    say(ctx, 'info', 'starting-early', text);
    return;
  }
  from.isStable = false;
  sendResource(ctx);
}

/** The peer says what it holds. A message overtaken by a newer one changes nothing. */
export function takeResource(ctx: Context, received: Received): void {
  const { from, message, seq } = received;
  const said = parseHolding(fieldText(message, 'rsc_hold'));
  if (isLegacy(ctx) || from !== ctx.peer || said === undefined || seq < from.claimSeq) return;
  from.claimSeq = seq;
  const isFull = fieldText(message, 'rtype') === 'full';
  const known = from.claim ?? { local: false, foreign: false };
  const isNone = !said.local && !said.foreign;
  const joined = { local: known.local || said.local, foreign: known.foreign || said.foreign };
  from.claim = isFull || isNone ? said : joined;
  noteResourceSeen(ctx);
  // Before we are active nothing can be answered; `starting` will ask again.
  if (ctx.holding.phase === 'init') return;
  noteStability(ctx, from, fieldText(message, 'isstable'));
  tell(ctx, { kind: 'claims-changed' });
}

function noteStability(ctx: Context, from: NodeRecord, isstable: string | undefined): void {
  if (isstable === undefined) return;
  const wasStable = from.isStable;
  from.isStable = isstable === '1';
  if (from.isStable && !wasStable) {
    say(ctx, 'info', 'remote-transition-done', 'remote resource transition completed.');
    sendResource(ctx);
    tell(ctx, { kind: 'peer-stable' });
  }
  if (from.isStable && (ctx.holding.phase === 'received' || ctx.holding.phase === 'starting')) {
    finishSettling(ctx, 'T_RESOURCES(us)');
  }
}
