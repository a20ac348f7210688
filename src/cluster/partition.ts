// Two holders of the same groups, and how they become one again (docs/decisions/0002). Two nodes
// of this program say to each other what they held and for how long, and both work out from the
// same two statements who keeps what; 3.0.6, which knows none of this, restarts by itself.
//
// `lubdub-heal` is sent again and again until both are done; every one states the whole, so none
// has to arrive. A statement (`claim`, its number, and the ages) is frozen when healing begins.

import { after, type Duration, type Instant, millis, seconds } from '../base/time.js';
import { fieldText, textField } from '../wire/ha-message.js';
import { type Context, msSince, say, tell } from './context.js';
import { sendMessage } from './egress.js';
import { isInPlace } from './group-record.js';
import {
  claimSet,
  groupsOf,
  holdingWord,
  mirrored,
  parseHolding,
  type ResourceSet,
  sendResource,
  setsOf,
  yieldSet,
} from './holding.js';
import { hexNumber, type Received } from './ingress.js';
import { type Claim, presentPeer } from './node-table.js';
import { whenAtRest } from './resource-group.js';
import { resetStandby } from './standby.js';

/** A peer of this program answers in milliseconds; without any answer it is another program. */
const healAnswerTime: Duration = seconds(1);
const healRepeat = millis(200);
const healAnnounceRepeat = seconds(1);
const HEAL_DEADLINES = ['heal-silence', 'heal-patience', 'heal-repeat', 'heal-announce'];
/** Stands for "this cannot be given up": older than anything. */
const AGE_MAX_MS = 0xffff_ffff;

/** What one side held when healing began, as it said itself. */
interface Statement {
  readonly id: number;
  readonly claim: Claim;
  readonly ages: { readonly local: number; readonly foreign: number };
}

export interface HealState {
  isActive: boolean;
  ours: Statement;
  theirs: Statement | undefined;
  /** The number of our statement that the other side last answered to. */
  echo: number;
  /** What is still in place over there. */
  theirNow: Claim;
  /** Of the last message taken: an older one changes nothing. */
  seq: number;
  startedAt: Instant | undefined;
  /** Our newest message by then: an acknowledgement of a later one shows that we are heard. */
  startSeq: number;
  /** Since when both are known to hold the same groups. */
  splitSince: Instant | undefined;
  /** What this node held when it stepped down after a stall of its own. */
  steppedDown: Claim;
  /** When the patience with a peer that does not answer ends for good. */
  patientUntil: Instant | undefined;
}

export const none = (): Claim => ({ local: false, foreign: false });

export const createHeal = (): HealState => ({
  isActive: false,
  ours: { id: 0, claim: none(), ages: { local: 0, foreign: 0 } },
  theirs: undefined,
  echo: 0,
  theirNow: none(),
  seq: 0,
  startedAt: undefined,
  startSeq: 0,
  splitSince: undefined,
  steppedDown: none(),
  patientUntil: undefined,
});

const SETS: readonly ResourceSet[] = ['local', 'foreign'];

/** What both claim, as seen from here. */
export function conflicts(ctx: Context): readonly ResourceSet[] {
  const theirs = presentPeer(ctx)?.claim;
  if (theirs === undefined) return [];
  return setsOf(ctx.holding.claim).filter((set) => theirs[mirrored(set)]);
}

const isStuckHere = (ctx: Context, set: ResourceSet): boolean =>
  groupsOf(ctx, set).some((group) => group.isStuck);

function ageOf(ctx: Context, set: ResourceSet): number {
  if (isStuckHere(ctx, set)) return AGE_MAX_MS;
  const since = ctx.holding.since[set];
  return since === undefined ? 0 : Math.min(AGE_MAX_MS - 1, msSince(ctx, since));
}

/** What is in place here still, claimed or on its way out. */
function inPlaceNow(ctx: Context): Claim {
  const { claim } = ctx.holding;
  return {
    local: claim.local || groupsOf(ctx, 'local').some(isInPlace),
    foreign: claim.foreign || groupsOf(ctx, 'foreign').some(isInPlace),
  };
}

/** Freezes a statement of what is held and begins to say it. Does nothing while healing goes on. */
export function beginHeal(ctx: Context, reason: string): void {
  const { heal } = ctx;
  if (heal.isActive || ctx.holding.phase === 'shutdown' || !ctx.startUp.isActive) return;
  resetStandby(ctx, reason);
  ctx.legacy.asked.clear();
  heal.isActive = true;
  heal.startedAt = ctx.now.monotonic;
  heal.startSeq = ctx.egress.sequence;
  if (conflicts(ctx).length > 0) heal.splitSince ??= ctx.now.monotonic;
  state(ctx);
  say(ctx, 'WARN', 'heal-begins', `healing begins: ${reason}; ${describe(heal.ours)}`);
  ctx.deadlines.set('heal-silence', after(ctx.now.monotonic, healAnswerTime));
  sendHeal(ctx);
  sendResource(ctx);
}

function state(ctx: Context): void {
  const { heal } = ctx;
  const { local, foreign } = ctx.holding.claim;
  const ages = { local: ageOf(ctx, 'local'), foreign: ageOf(ctx, 'foreign') };
  heal.ours = { id: heal.ours.id + 1, claim: { local, foreign }, ages };
  heal.theirs = undefined;
  heal.echo = 0;
  heal.theirNow = none();
}

function describe(statement: Statement): string {
  const { claim, ages } = statement;
  const parts = setsOf(claim).map((set) => `${set} for ${ages[set]} ms`);
  return parts.length === 0 ? 'we hold nothing' : `we hold ${parts.join(' and ')}`;
}

function sendHeal(ctx: Context): void {
  const { heal, peer } = ctx;
  if (peer === undefined) return;
  const { ours } = heal;
  const fields = [
    textField('t', 'lubdub-heal'),
    textField('dest', peer.name),
    textField('claim', ours.id.toString(16)),
    textField('echo', (heal.theirs?.id ?? 0).toString(16)),
    textField('rsc_hold', holdingWord(ours.claim)),
    textField('lage', ours.ages.local.toString(16)),
    textField('fage', ours.ages.foreign.toString(16)),
    textField('now', holdingWord(inPlaceNow(ctx))),
    textField('done', heal.isActive ? '0' : '1'),
  ];
  sendMessage(ctx, fields, peer);
  if (heal.isActive) ctx.deadlines.set('heal-repeat', after(ctx.now.monotonic, healRepeat));
}

export function repeatHeal(ctx: Context): void {
  if (ctx.heal.isActive) sendHeal(ctx);
}

interface HealMessage {
  readonly statement: Statement;
  readonly echo: number;
  readonly now: Claim;
  readonly isDone: boolean;
}

function readHeal(received: Received): HealMessage | undefined {
  const text = (name: string): string | undefined => fieldText(received.message, name);
  const id = hexNumber(text('claim'));
  const echo = hexNumber(text('echo'));
  const local = hexNumber(text('lage'));
  const foreign = hexNumber(text('fage'));
  const claim = parseHolding(text('rsc_hold'));
  const now = parseHolding(text('now'));
  if (id === undefined || echo === undefined || local === undefined) return undefined;
  if (foreign === undefined || claim === undefined || now === undefined) return undefined;
  const statement = { id, claim, ages: { local, foreign } };
  return { statement, echo, now, isDone: text('done') === '1' };
}

export function takeHeal(ctx: Context, received: Received): void {
  const { heal } = ctx;
  const said = readHeal(received);
  if (said === undefined || received.from !== ctx.peer || received.seq < heal.seq) return;
  if (ctx.holding.phase === 'shutdown' || !ctx.startUp.isActive) return;
  heal.seq = received.seq;
  const isKnown = heal.theirs?.id === said.statement.id;
  if (!heal.isActive) {
    if (said.isDone) return;
    // It has not heard that we are done with this very exchange: our state says so again.
    if (isKnown && said.echo === heal.ours.id) {
      sendHeal(ctx);
      return;
    }
    beginHeal(ctx, `node ${received.from.name} asks for it`);
    if (!heal.isActive) return;
  }
  ctx.deadlines.clear('heal-silence');
  ctx.deadlines.clear('heal-patience');
  // It was taken for one that knows no healing, and may have been agreed with.
  if (heal.theirs === undefined) resetStandby(ctx, `node ${received.from.name} heals`);
  heal.theirs = said.statement;
  heal.echo = said.echo;
  heal.theirNow = said.now;
  if (!isKnown || said.echo !== heal.ours.id) sendHeal(ctx);
  advanceHeal(ctx);
}

/** Whether a set of ours stays here, judged from both statements; the other side agrees. */
export function keepsSet(
  set: ResourceSet,
  ours: Pick<Statement, 'claim' | 'ages'>,
  theirs: Pick<Statement, 'claim' | 'ages'>,
): boolean {
  const other = mirrored(set);
  if (ours.claim[set] !== theirs.claim[other]) return ours.claim[set];
  // Nobody has it, or both for exactly as long: it goes to the node that it prefers.
  if (!ours.claim[set] || ours.ages[set] === theirs.ages[other]) return set === 'local';
  return ours.ages[set] > theirs.ages[other];
}

/** Does what follows from the statements: gives up what is theirs, ends when both are done. */
function advanceHeal(ctx: Context): void {
  const { heal } = ctx;
  const { theirs, ours } = heal;
  if (!heal.isActive || theirs === undefined || heal.echo !== ours.id) return;
  const kept = SETS.filter((set) => keepsSet(set, ours, theirs));
  const given = setsOf(ctx.holding.claim).filter((set) => !kept.includes(set));
  if (given.length > 0) {
    giveUp(ctx, given);
    return;
  }
  const now = inPlaceNow(ctx);
  const isOursClean = SETS.every((set) => kept.includes(set) || !now[set]);
  const isTheirsClean = kept.every((set) => !heal.theirNow[mirrored(set)]);
  if (isOursClean && isTheirsClean) finishHeal(ctx, kept);
  else announceKept(ctx, kept);
}

/**
 * One side takes its time, a script of it may even hang: clients come to the right place meanwhile.
 * Only once nothing runs here that is to go, for that must not be announced.
 */
function announceKept(ctx: Context, kept: readonly ResourceSet[]): void {
  const isGoing = SETS.filter((set) => !kept.includes(set))
    .flatMap((set) => groupsOf(ctx, set))
    .some((group) => group.resources.some(({ state }) => state === 'started'));
  if (!isGoing) announceHeld(ctx);
}

/** While one side takes its time, neighbours are told again and again where to find us. */
export function repeatAnnouncement(ctx: Context): void {
  if (ctx.heal.patientUntil === undefined) advanceHeal(ctx);
  else announceHeld(ctx);
}

/** Announces what is held while healing goes on, and once more in a moment. */
export function announceHeld(ctx: Context): void {
  const { claim } = ctx.holding;
  if ((!claim.local && !claim.foreign) || ctx.deadlines.has('heal-announce')) return;
  ctx.effects.push({ kind: 'announce-held', reason: 'healing' });
  ctx.deadlines.set('heal-announce', after(ctx.now.monotonic, healAnnounceRepeat));
}

function giveUp(ctx: Context, sets: readonly ResourceSet[]): void {
  const name = ctx.peer?.name ?? '';
  const text = `giving up ${sets.join(' and ')} resources: node ${name} has held them for longer`;
  say(ctx, 'WARN', 'heal-yields', text);
  const groups = sets.flatMap((set) => yieldSet(ctx, set, `healing, ${name} keeps it`));
  sendResource(ctx);
  whenAtRest(ctx, groups, () => {
    if (!ctx.heal.isActive) return;
    // What does not stop cannot be theirs: a new statement says so, and they give way.
    if (groups.some((group) => group.isStuck)) state(ctx);
    sendHeal(ctx);
    advanceHeal(ctx);
  });
}

function finishHeal(ctx: Context, kept: readonly ResourceSet[]): void {
  const { heal } = ctx;
  const took = heal.startedAt === undefined ? 0 : msSince(ctx, heal.startedAt);
  closeHeal(ctx);
  if (ctx.peer?.claim !== undefined) {
    for (const set of kept) ctx.peer.claim[mirrored(set)] = false;
  }
  // Also within a set that was claimed: in legacy mode some of it may only have been asked for.
  for (const set of kept) startKept(ctx, set);
  const holds = holdingWord(ctx.holding.claim);
  say(ctx, 'notice', 'heal-done', `healing done after ${took} ms: we hold ${holds}`);
  settleHeal(ctx);
  sendHeal(ctx);
}

function startKept(ctx: Context, set: ResourceSet): void {
  const isFailed = groupsOf(ctx, set).some((group) => group.state === 'failed');
  if (!isFailed) claimSet(ctx, set, 'healing');
}

/** Neighbours may have learnt the other node's address last. */
export function settleHeal(ctx: Context): void {
  const { claim, phase } = ctx.holding;
  if (phase !== 'init' && phase !== 'shutdown') ctx.holding.phase = 'stable';
  ctx.deadlines.clear('settle');
  if (claim.local || claim.foreign) {
    ctx.effects.push({ kind: 'announce-held', reason: 'healed' });
  }
  sendResource(ctx);
  tell(ctx, { kind: 'claims-changed' });
}

export function closeHeal(ctx: Context): void {
  const { heal } = ctx;
  heal.isActive = false;
  heal.splitSince = undefined;
  heal.steppedDown = none();
  heal.patientUntil = undefined;
  for (const name of HEAL_DEADLINES) ctx.deadlines.clear(name);
}

/** The other side died, left or came anew: the usual rules say who holds what. */
export function endHeal(ctx: Context): void {
  if (!ctx.heal.isActive && ctx.heal.splitSince === undefined) return;
  closeHeal(ctx);
}

/** Sequence numbers and statements of the other side begin anew with each of its runs. */
export function forgetHeal(ctx: Context): void {
  endHeal(ctx);
  ctx.heal.seq = 0;
  ctx.heal.theirs = undefined;
  ctx.heal.echo = 0;
}

/** Same generation after its death was declared: both sides went on alone for a while. */
export function onNodeReturned(ctx: Context): void {
  const { peer } = ctx;
  if (peer === undefined) return;
  const text = `Cluster node ${peer.name} returning after partition.`;
  say(ctx, 'CRIT', 'returned-after-partition', text);
  say(ctx, 'CRIT', 'partition-advice', 'Deadtime value may be too small.');
  say(ctx, 'CRIT', 'partition-advice', 'See FAQ for information on tuning deadtime.');
  beginHeal(ctx, `node ${peer.name} returned`);
}

/**
 * We were away for longer than our dead time: whoever was alive has taken over. Everything is given
 * up before anything else is done; the exchange then finds out whose it is.
 */
export function stepDown(ctx: Context, sleptMs: number): void {
  const { peer, holding, heal } = ctx;
  if (holding.phase === 'shutdown' || !ctx.startUp.isActive) return;
  const held = setsOf(holding.claim);
  const isAlone = presentPeer(ctx) === undefined;
  const text = `We were away for ${sleptMs} ms, longer than our dead time`;
  if (isAlone || held.length === 0) {
    const facts = isAlone ? 'nobody was there to take over' : 'we held nothing';
    say(ctx, 'CRIT', 'own-stall-long', `${text}; ${facts}`);
    return;
  }
  const what = `${text}: stepping down, node ${peer?.name} may have taken over`;
  say(ctx, 'CRIT', 'stepping-down', what);
  const before = { ...holding.claim };
  for (const set of held) yieldSet(ctx, set, 'we were away');
  sendResource(ctx);
  if (heal.isActive) restate(ctx);
  else beginHeal(ctx, 'we were away');
  heal.steppedDown = before;
}

function restate(ctx: Context): void {
  state(ctx);
  sendHeal(ctx);
}
