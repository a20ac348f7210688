// The state of a hand-over between two living nodes, and the few steps that each kind of it shares.

import { after, type Duration, type Instant, seconds } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import type { HoldSelection } from './cluster-event.js';
import { type Context, tell } from './context.js';
import { sendMessage } from './egress.js';
import { groupsOf, parseHolding, setsOf } from './holding.js';
import type { Claim } from './node-table.js';
import { aimReleased } from './resource-group.js';

/** 3.0.6 gives the other side as long to agree. */
export const replyTime: Duration = seconds(10);
/**
 * A request to go standby is made as often, each with its share of the above: a 3.0.6 hands it to
 * its own daemon through a FIFO, where a word is lost now and then (seen between two originals).
 */
export const takeoverAsksMax = 3;
/**
 * Between two nodes of this program each step of a hand-over without a gap may take as long: what
 * is handed over serves meanwhile, and a dead side is noticed by its silence, not by this.
 */
export const handOverTime: Duration = seconds(30);
/** Then the taker undoes its preparation and agrees as the original does; sooner than the above. */
export const preparationTime: Duration = seconds(20);
/** And as long to finish: scripts may have to mount and check large file systems. */
export const completionTime: Duration = seconds(3600);

export type StandbyWord = 'all' | 'local' | 'foreign';

/**
 * Leaving: `asked` -> `giving` -> `given`. Taking: `agreed` (waits for the leaver's `done`) ->
 * `taking`. Between two nodes of this program, where every resource can be prepared: leaving
 * `asked` -> `handing` (falls silent) -> `handed` (in place still, claimed no more) -> `clearing`;
 * taking `preparing` -> `agreed` -> `taking`.
 */
export interface StandbyState {
  state:
    | 'none'
    | 'asked'
    | 'giving'
    | 'given'
    | 'handing'
    | 'handed'
    | 'clearing'
    | 'preparing'
    | 'agreed'
    | 'taking';
  word: StandbyWord;
  /** The operator who waits for the end of it. */
  operatorId: number | undefined;
  /** The operator who asked for the peer to go standby, and what was asked of it how often. */
  takeoverId: number | undefined;
  takeoverWord: HoldSelection;
  takeoverAsks: number;
  /** Of the peer's `me`, to tell an older claim of it from a newer one. */
  askedSeq: number;
  startedAt: Instant | undefined;
  /** What was claimed until it was handed. */
  handed: Claim;
}

export const createStandby = (): StandbyState => ({
  state: 'none',
  word: 'all',
  operatorId: undefined,
  takeoverId: undefined,
  takeoverWord: 'all',
  takeoverAsks: 0,
  askedSeq: 0,
  startedAt: undefined,
  handed: { local: false, foreign: false },
});

export const claimOf = (word: StandbyWord): Claim =>
  parseHolding(word) ?? { local: true, foreign: true };

export function answer(ctx: Context, id: number | undefined, isDone: boolean, text: string): void {
  if (id !== undefined) ctx.effects.push({ kind: 'answer-operator', id, isDone, text });
}

/**
 * What nodes of this program add to the words of the exchange: `prepare` with `me`, `prepared` with
 * `other`, `announce` with `done`. 3.0.6 reads the fields that it knows and passes over others.
 */
export type Addition = 'prepare' | 'prepared' | 'announce';
export const additionField = 'lubdub' as const;

export function sendAsk(
  ctx: Context,
  info: 'me' | 'other' | 'done',
  word: StandbyWord,
  addition?: Addition,
): void {
  const fields = [
    textField('t', 'ask_resources'),
    textField('rsc_hold', word),
    textField('info', info),
  ];
  if (addition !== undefined) fields.push(textField(additionField, addition));
  sendMessage(ctx, fields);
}

export function enter(
  ctx: Context,
  state: StandbyState['state'],
  word: StandbyWord,
  limit: Duration = completionTime,
): void {
  const { standby } = ctx;
  if (standby.state === 'none') standby.startedAt = ctx.now.monotonic;
  standby.state = state;
  standby.word = word;
  ctx.deadlines.set('standby', after(ctx.now.monotonic, limit));
}

export function leave(ctx: Context, keepsPrepared = false): void {
  ctx.standby.state = 'none';
  ctx.standby.operatorId = undefined;
  ctx.deadlines.clear('standby');
  if (!keepsPrepared) releasePrepared(ctx);
  tell(ctx, { kind: 'claims-changed' });
}

/** What was prepared for a hand-over of which nothing came. */
export function releasePrepared(ctx: Context): void {
  for (const set of setsOf({ local: true, foreign: true })) {
    for (const group of groupsOf(ctx, set)) {
      const isPrepared = group.state === 'preparing' || group.state === 'prepared';
      if (isPrepared) aimReleased(ctx, group, 'not handed over');
    }
  }
}
