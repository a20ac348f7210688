// Handing groups over while both nodes live: `ask_resources` me, other, done, as heartbeat 3.0.6
// does; asked by an operator on either node, by auto failback or after a failed start. The set is
// always named as seen from the node that leaves it. What two nodes of this program do better is
// in make-before-break.ts.

import { after, between, millis } from '../base/time.js';
import { fieldText, textField } from '../wire/ha-message.js';
import type { HoldSelection } from './cluster-event.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import { type GroupRecord, isAtRest } from './group-record.js';
import {
  claimSet,
  holdingWord,
  isBesideSilentPeer,
  isLegacy,
  isSettled,
  markClaimed,
  mirrored,
  type ResourceSet,
  sendResource,
  setsOf,
  yieldSet,
} from './holding.js';
import type { Received } from './ingress.js';
import {
  canHandOver,
  canPrepare,
  clear,
  handOver,
  isPreparedFor,
  prepare,
  takeBack,
} from './make-before-break.js';
import { type NodeRecord, presentPeer } from './node-table.js';
import { whenAtRest } from './resource-group.js';
import {
  additionField,
  answer,
  claimOf,
  completionTime,
  enter,
  handOverTime,
  leave,
  releasePrepared,
  replyTime,
  type StandbyWord,
  sendAsk,
  takeoverAsksMax,
} from './standby-state.js';

function standbyWord(text: string | undefined): StandbyWord | undefined {
  if (text === 'failback') return 'foreign';
  return text === 'all' || text === 'local' || text === 'foreign' ? text : undefined;
}

/** Why a standby cannot begin now, in the original's words; undefined when it can. */
function objection(
  ctx: Context,
  info: string,
  from: string,
  isStill: boolean = isSettled(ctx),
): string | undefined {
  if (isLegacy(ctx)) return 'Standby mode only implemented when nice_failback on';
  const { standby } = ctx;
  if (standby.state !== 'none') {
    const dueAt = ctx.deadlines.at('standby') ?? ctx.now.monotonic;
    const left = Math.ceil(between(ctx.now.monotonic, dueAt) / 1000);
    return `Standby in progress- new request from ${from} ignored [${left} seconds left]`;
  }
  const ignored = `standby message [${info}] from ${from} ignored.`;
  if (presentPeer(ctx)?.isStable !== true) return `${ignored}  Other side is in flux.`;
  const isMoving = ![...ctx.groups.values()].every(isAtRest);
  if (!isStill || isMoving) return `${ignored}  local resources in flux.`;
  return undefined;
}

export const canGoStandby = (ctx: Context): boolean =>
  objection(ctx, 'me', ctx.local.name) === undefined;

/** Begins to leave: asks the other side to take. The operator is answered at the end. */
export function requestStandby(
  ctx: Context,
  word: StandbyWord,
  operatorId: number | undefined,
): void {
  const refusal = objection(ctx, 'me', ctx.local.name);
  if (refusal !== undefined) {
    say(ctx, 'WARN', 'standby-refused', refusal);
    answer(ctx, operatorId, false, refusal);
    return;
  }
  say(ctx, 'info', 'standby-wanted', `${ctx.local.name} wants to go standby [${word}]`);
  const isOffered = canHandOver(ctx, word);
  // Only a node of this program says its facts, and only such a one prepares before it answers.
  const isPrepared = isOffered && ctx.peer?.facts !== undefined;
  enter(ctx, 'asked', word, isPrepared ? handOverTime : replyTime);
  ctx.standby.operatorId = operatorId;
  sendAsk(ctx, 'me', word, isOffered ? 'prepare' : undefined);
}

/** An operator's command on this node. */
export function takeCommand(
  ctx: Context,
  id: number,
  command: 'standby' | 'takeover',
  selection: HoldSelection,
): void {
  if (command === 'standby') {
    requestStandby(ctx, standbyWord(selection) ?? 'all', id);
    return;
  }
  const refusal = objection(ctx, 'me', ctx.peer?.name ?? 'nobody');
  if (refusal !== undefined) {
    answer(ctx, id, false, refusal);
    return;
  }
  answer(ctx, ctx.standby.takeoverId, false, 'another takeover was asked for');
  ctx.standby.takeoverId = id;
  ctx.standby.takeoverWord = selection;
  ctx.standby.takeoverAsks = 0;
  askToLeave(ctx);
}

/** Asking again does no harm: who has gone standby already has nothing more to give. */
function askToLeave(ctx: Context): void {
  ctx.standby.takeoverAsks += 1;
  const share = millis(replyTime / takeoverAsksMax);
  ctx.deadlines.set('takeover-reply', after(ctx.now.monotonic, share));
  const selection = textField('rsc_hold', ctx.standby.takeoverWord);
  sendMessage(ctx, [textField('t', 'hb_takeover'), selection]);
}

/** The other side asks us to go standby; its `local` is our `foreign`. */
export function takeTakeoverRequest(ctx: Context, received: Received): void {
  if (received.from !== ctx.peer) return;
  const selection = fieldText(received.message, 'rsc_hold');
  if (selection === 'local') requestStandby(ctx, 'foreign', undefined);
  else if (selection === 'foreign') requestStandby(ctx, 'local', undefined);
  else requestStandby(ctx, 'all', undefined);
}

export function takeAskResources(ctx: Context, received: Received): void {
  const { from, message, seq } = received;
  const info = fieldText(message, 'info');
  const word = standbyWord(fieldText(message, 'rsc_hold'));
  if (from !== ctx.peer || word === undefined) return;
  const { state } = ctx.standby;
  const addition = fieldText(message, additionField);
  if (info === 'me') agree(ctx, from, word, seq, addition === 'prepare');
  else if (info === 'other' && state === 'asked') give(ctx, from, addition === 'prepared');
  else if (info === 'done' && state === 'agreed') take(ctx, from);
  else if (info === 'done' && state === 'given') completeGiving(ctx);
  else if (info === 'done' && state === 'handed') clear(ctx, completeGiving);
  else {
    // It goes on with what came to nothing here: our statement shows it that we kept our groups.
    if (info === 'other') sendResource(ctx);
    const text = `Ignored standby message '${info ?? ''}' from ${from.name} in state ${state}`;
    // The last word often comes behind the statement that ended the exchange already.
    say(ctx, info === 'done' && state === 'none' ? 'debug' : 'WARN', 'standby-ignored', text);
  }
}

function agree(
  ctx: Context,
  from: NodeRecord,
  word: StandbyWord,
  seq: number,
  mayPrepare: boolean,
): void {
  say(ctx, 'info', 'standby-wanted', `${from.name} wants to go standby [${word}]`);
  const { state } = ctx.standby;
  if (state === 'agreed' && mayPrepare && isPreparedFor(ctx, word)) {
    agreed(ctx, word, seq, true);
    return;
  }
  // It asks anew: its former request, to which we agreed, has come to nothing.
  if (state === 'agreed' || state === 'preparing') leave(ctx);
  const refusal = objection(ctx, 'me', from.name, isSettled(ctx) || isBesideSilentPeer(ctx));
  if (refusal !== undefined) {
    say(ctx, 'WARN', 'standby-refused', refusal);
    return;
  }
  if (mayPrepare && canPrepare(ctx, word)) {
    ctx.standby.askedSeq = seq;
    prepare(ctx, from, word, (isPrepared) => agreed(ctx, word, seq, isPrepared));
  } else agreed(ctx, word, seq, false);
}

function agreed(ctx: Context, word: StandbyWord, seq: number, isPrepared: boolean): void {
  enter(ctx, 'agreed', word, isPrepared ? handOverTime : replyTime);
  ctx.standby.askedSeq = seq;
  sendAsk(ctx, 'other', word, isPrepared ? 'prepared' : undefined);
}

function give(ctx: Context, to: NodeRecord, isPrepared: boolean): void {
  const { word } = ctx.standby;
  const how = isPrepared ? ' (all is prepared there)' : '';
  const text = `standby: ${to.name} can take our ${word} resources${how}`;
  say(ctx, 'info', 'standby-giving', text);
  if (isPrepared && canHandOver(ctx, word)) {
    handOver(ctx);
    return;
  }
  enter(ctx, 'giving', word);
  const groups = setsOf(claimOf(word)).flatMap((set) => yieldSet(ctx, set, `standby ${word}`));
  sendResource(ctx, 'standby');
  whenAtRest(ctx, groups, () => finishGiving(ctx, groups));
}

function finishGiving(ctx: Context, groups: readonly GroupRecord[]): void {
  const { standby } = ctx;
  if (standby.state !== 'giving') return;
  const { word } = standby;
  const stuck = groups.filter((group) => group.isStuck);
  if (stuck.length > 0) {
    cancelGiving(ctx, stuck);
    return;
  }
  say(ctx, 'info', 'standby-given', `Local standby process completed [${word}].`);
  enter(ctx, 'given', word);
  sendAsk(ctx, 'done', word);
}

/** What would not stop stays; what was given up with it is taken back. */
function cancelGiving(ctx: Context, stuck: readonly GroupRecord[]): void {
  const { word, operatorId } = ctx.standby;
  const keys = stuck.map((group) => group.spec.key).join(' ');
  const text = `Standby request cancelled: resources of ${keys} do not stop`;
  say(ctx, 'CRIT', 'standby-stuck', text);
  for (const set of setsOf(claimOf(word))) {
    const isStuckHere = stuck.some((group) => (group.isLocal ? 'local' : 'foreign') === set);
    if (isStuckHere) markClaimed(ctx, set);
    else claimSet(ctx, set, 'standby cancelled');
  }
  answer(ctx, operatorId, false, text);
  leave(ctx);
  sendResource(ctx);
}

function take(ctx: Context, from: NodeRecord): void {
  const { word } = ctx.standby;
  const text = `standby: acquire [${word}] resources from ${from.name}`;
  say(ctx, 'info', 'standby-taking', text);
  enter(ctx, 'taking', word);
  const sets = setsOf(claimOf(word));
  for (const set of sets) if (from.claim !== undefined) from.claim[set] = false;
  const groups = sets.flatMap((set) => claimSet(ctx, mirrored(set), `standby of ${from.name}`));
  whenAtRest(ctx, groups, () => finishTaking(ctx, from));
}

function finishTaking(ctx: Context, from: NodeRecord): void {
  const { standby } = ctx;
  if (standby.state !== 'taking') return;
  const { word, takeoverId, startedAt } = standby;
  const ms = startedAt === undefined ? 0 : Math.round(between(startedAt, ctx.now.monotonic));
  sendAsk(ctx, 'done', word);
  const text = `Standby resource acquisition done [${word}]. (${ms} ms)`;
  say(ctx, 'info', 'standby-taken', text);
  ctx.holding.isFailbackDue = false;
  const holds = holdingWord(ctx.holding.claim);
  const sentence = `took ${word} resources of ${from.name} in ${ms} ms; this node holds ${holds}`;
  answer(ctx, takeoverId, true, sentence);
  forgetTakeover(ctx);
  leave(ctx);
  sendResource(ctx);
}

function completeGiving(ctx: Context): void {
  const { word, operatorId, startedAt } = ctx.standby;
  const ms = startedAt === undefined ? 0 : Math.round(between(startedAt, ctx.now.monotonic));
  const text = `Other node completed standby takeover of ${word} resources.`;
  say(ctx, 'info', 'standby-complete', `${text} (${ms} ms)`);
  ctx.holding.isFailbackDue = false;
  const name = ctx.peer?.name ?? 'the other node';
  const sentence = `${name} took our ${word} resources in ${ms} ms`;
  answer(ctx, operatorId, true, `${sentence}; this node holds ${holdingWord(ctx.holding.claim)}`);
  leave(ctx);
  sendResource(ctx);
}

function forgetTakeover(ctx: Context): void {
  ctx.standby.takeoverId = undefined;
  ctx.deadlines.clear('takeover-reply');
}

/** The time for the present step of a standby is over. */
export function expireStandby(ctx: Context): void {
  const { standby } = ctx;
  const { state, operatorId, word, askedSeq } = standby;
  if (state === 'none') return;
  if (state === 'preparing') {
    const text = `Standby of ${word} resources: not prepared in time, taken after their stop`;
    say(ctx, 'WARN', 'standby-expired', text);
    releasePrepared(ctx);
    agreed(ctx, word, askedSeq, false);
    return;
  }
  const text =
    state === 'asked'
      ? 'No reply to standby request.  Standby request cancelled.'
      : `Standby of ${word} resources not completed in time (${state}).`;
  say(ctx, 'WARN', 'standby-expired', text);
  if (takeBack(ctx, completeGiving)) return;
  answer(ctx, operatorId, false, text);
  leave(ctx);
  sendResource(ctx);
}

/** The other side did not begin to go standby: it refused, and its log says why. */
export function expireTakeover(ctx: Context): void {
  const { takeoverId, state } = ctx.standby;
  if (takeoverId === undefined) return;
  if (state === 'preparing' || state === 'agreed' || state === 'taking') return;
  if (ctx.standby.takeoverAsks < takeoverAsksMax) {
    askToLeave(ctx);
    return;
  }
  const name = ctx.peer?.name ?? 'the other node';
  answer(ctx, takeoverId, false, `${name} did not go standby; its log says why`);
  forgetTakeover(ctx);
}

/**
 * The other side is gone or came anew: nothing of the exchange holds any more. What is prepared
 * here stays for a moment when everything is about to be taken.
 */
export function resetStandby(ctx: Context, reason: string, isAllTaken = false): void {
  const { state, operatorId, takeoverId } = ctx.standby;
  const text = `Standby request cancelled: ${reason}`;
  answer(ctx, takeoverId, false, text);
  forgetTakeover(ctx);
  if (state === 'none') return;
  say(ctx, 'WARN', 'standby-reset', text);
  answer(ctx, operatorId, false, text);
  // Nobody can tell any more whether it took them: ours they are until it says so.
  takeBack(ctx);
  leave(ctx, isAllTaken);
}

/** What the other side says it holds may show that an exchange has ended without its last word. */
export function checkStandby(ctx: Context): void {
  const peer = presentPeer(ctx);
  const { standby } = ctx;
  if (peer?.claim === undefined) return;
  if (!peer.isStable) {
    // The leaver has begun to give up: from now on its scripts may take their time.
    if (standby.state === 'agreed') enter(ctx, 'agreed', standby.word, completionTime);
    return;
  }
  const { claim } = peer;
  const sets: readonly ResourceSet[] = setsOf(claimOf(standby.word));
  const isTaken = sets.every((set) => claim[mirrored(set)]);
  if (standby.state === 'given' && isTaken) completeGiving(ctx);
  if (standby.state === 'handed' && isTaken) clear(ctx, completeGiving);
  // A leaver that is stable again and has kept what it asked us to take has cancelled. Not one that
  // is to restart: it answers what we said when it met us again (recorded of 3.0.6).
  const isKept = !ctx.heal.isActive && sets.some((set) => claim[set]);
  if (standby.state === 'agreed' && isKept && peer.claimSeq > standby.askedSeq) {
    say(ctx, 'WARN', 'standby-withdrawn', `node ${peer.name} has withdrawn its standby request`);
    leave(ctx);
  }
}
