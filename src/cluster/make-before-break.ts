// A hand-over without a gap between two nodes of this program (docs/decisions/0004). The taker puts
// everything into place but the announcement; then the leaver falls silent, gives up its claim and
// says so; the taker announces; and only when it has said that it holds the groups does the leaver
// take them down. Until then what the leaver has is in place, and comes back into force when the
// taker is lost.
//
// Everything in a set must be of a kind that can be in two places for a moment, else the exchange
// of the original is used, which stops first.

import { isPreparable } from '../config/resource-kind.js';
import { type Context, say } from './context.js';
import type { GroupRecord } from './group-record.js';
import { claimSet, groupsOf, markYielded, mirrored, sendResource, setsOf } from './holding.js';
import { type NodeRecord, presentPeer } from './node-table.js';
import { aimHeld, aimPrepared, aimReleased, muteGroup, whenAtRest } from './resource-group.js';
import {
  answer,
  claimOf,
  enter,
  handOverTime,
  leave,
  preparationTime,
  releasePrepared,
  type StandbyWord,
  sendAsk,
} from './standby-state.js';

const isWhollyPreparable = (group: GroupRecord): boolean =>
  group.spec.resources.every(isPreparable);

/** The sets of the word that this node has to give. */
const claimedSets = (ctx: Context, word: StandbyWord): ReturnType<typeof setsOf> =>
  setsOf(claimOf(word)).filter((set) => ctx.holding.claim[set]);

const leavingGroups = (ctx: Context, word: StandbyWord): readonly GroupRecord[] =>
  claimedSets(ctx, word).flatMap((set) => groupsOf(ctx, set));

/** What the taker does not have of the leaver's word. */
const comingGroups = (ctx: Context, word: StandbyWord): readonly GroupRecord[] =>
  setsOf(claimOf(word))
    .map(mirrored)
    .filter((set) => !ctx.holding.claim[set])
    .flatMap((set) => groupsOf(ctx, set));

/** Whether all that would be given is held, whole, and can be in two places for a moment. */
export function canHandOver(ctx: Context, word: StandbyWord): boolean {
  const groups = leavingGroups(ctx, word);
  return (
    groups.length > 0 &&
    groups.every((group) => group.state === 'held' && isWhollyPreparable(group))
  );
}

export function canPrepare(ctx: Context, word: StandbyWord): boolean {
  const groups = comingGroups(ctx, word);
  const isFree = (group: GroupRecord): boolean =>
    group.state === 'released' && group.order === undefined && !group.isStuck;
  return groups.length > 0 && groups.every((group) => isFree(group) && isWhollyPreparable(group));
}

/** The request was repeated, and what it asks for is done already. */
export function isPreparedFor(ctx: Context, word: StandbyWord): boolean {
  const groups = comingGroups(ctx, word);
  const isReady = groups.length > 0 && groups.every(({ state }) => state === 'prepared');
  return isReady && ctx.standby.word === word;
}

/** Calls `then` when all is in place, or with false when it cannot be and nothing is any more. */
export function prepare(
  ctx: Context,
  from: NodeRecord,
  word: StandbyWord,
  then: (isPrepared: boolean) => void,
): void {
  const groups = comingGroups(ctx, word);
  enter(ctx, 'preparing', word, preparationTime);
  const { askedSeq } = ctx.standby;
  const isCurrent = (): boolean =>
    ctx.standby.state === 'preparing' && ctx.standby.askedSeq === askedSeq;
  for (const group of groups) aimPrepared(ctx, group, `hand-over by ${from.name}`);
  whenAtRest(ctx, groups, () => {
    if (!isCurrent()) return;
    if (groups.every(({ state }) => state === 'prepared')) {
      then(true);
      return;
    }
    releasePrepared(ctx);
    whenAtRest(ctx, groups, () => {
      if (isCurrent()) then(false);
    });
  });
}

/** All is prepared over there: falls silent, and gives up the claim once that is done. */
export function handOver(ctx: Context): void {
  const { standby } = ctx;
  const { word, startedAt } = standby;
  const groups = leavingGroups(ctx, word);
  enter(ctx, 'handing', word, handOverTime);
  for (const group of groups) muteGroup(ctx, group);
  whenAtRest(ctx, groups, () => {
    if (standby.state !== 'handing' || standby.startedAt !== startedAt) return;
    const sets = claimedSets(ctx, word);
    standby.handed = { local: sets.includes('local'), foreign: sets.includes('foreign') };
    for (const set of sets) markYielded(ctx, set);
    enter(ctx, 'handed', word, handOverTime);
    sendResource(ctx, 'standby');
    sendAsk(ctx, 'done', word, 'announce');
  });
}

/** The other side holds it: what is in place here still goes. */
export function clear(ctx: Context, then: (ctx: Context) => void): void {
  const { standby } = ctx;
  const { word, startedAt } = standby;
  enter(ctx, 'clearing', word);
  const groups = setsOf(standby.handed).flatMap((set) => groupsOf(ctx, set));
  for (const group of groups) aimReleased(ctx, group, `standby ${word}`);
  whenAtRest(ctx, groups, () => {
    if (standby.state !== 'clearing' || standby.startedAt !== startedAt) return;
    const stuck = groups.filter((group) => group.isStuck);
    if (stuck.length === 0) {
      then(ctx);
      return;
    }
    const keys = stuck.map((group) => group.spec.key).join(' ');
    const text = `the other node took them, but resources of ${keys} do not stop here`;
    say(ctx, 'CRIT', 'standby-stuck', text);
    answer(ctx, standby.operatorId, false, text);
    leave(ctx);
    sendResource(ctx);
  });
}

/**
 * A hand-over that was under way has ended otherwise. With `then`, and when the other side says
 * that it holds the groups, they are cleared away and that is true; else they are ours again.
 */
export function takeBack(ctx: Context, then?: (ctx: Context) => void): boolean {
  const { standby } = ctx;
  if (standby.state === 'handing') {
    for (const group of leavingGroups(ctx, standby.word)) aimHeld(ctx, group, 'not handed over');
    return false;
  }
  if (standby.state !== 'handed') return false;
  const sets = setsOf(standby.handed);
  const claim = presentPeer(ctx)?.claim;
  if (then !== undefined && claim !== undefined && sets.every((set) => claim[mirrored(set)])) {
    clear(ctx, then);
    return true;
  }
  for (const set of sets) claimSet(ctx, set, 'not handed over');
  return false;
}
