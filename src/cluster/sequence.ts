// The order of what a node sends: duplicates, gaps, retransmission requests and acknowledgements
// (heartbeat 3.0.6, recorded). Messages are taken as they come; only their numbers are kept.

import type { Prng } from '../base/prng.js';
import { after, type Instant, millis } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import type { NodeRecord } from './node-table.js';

/** A wider gap is not asked for: tracking starts anew, as 3.0.6 does. */
export const missingMessagesMax = 250;
/** 3.0.6 asks not before this, because messages leave it out of order by a few milliseconds. */
const REXMIT_DELAY_MIN_MS = 50;
/** 3.0.6 asks for ever; after so many requests (a minute at 250 ms) the message is given up. */
const REXMIT_REQUESTS_MAX = 240;
/** Requests sent in one pass: a burst must not crowd out statuses on a serial line. */
const REXMITS_PER_PASS_MAX = 50;
/** One message in ten is acknowledged, at a number drawn for each peer. */
const ACK_INTERVAL = 10;

interface MissingMessage {
  askAt: Instant;
  asked: number;
}

export interface SequenceTrack {
  /** Undefined until the first message of this generation. */
  last: number | undefined;
  readonly missing: Map<number, MissingMessage>;
  readonly ackTrigger: number;
}

export const createTrack = (prng: Prng): SequenceTrack => ({
  last: undefined,
  missing: new Map(),
  ackTrigger: prng.between(0, ACK_INTERVAL - 1),
});

export type SequenceVerdict = 'new' | 'duplicate';

const deadlineName = (node: NodeRecord): string => `rexmit:${node.name}`;

export function resetTrack(ctx: Context, node: NodeRecord): void {
  node.track.last = undefined;
  node.track.missing.clear();
  ctx.deadlines.clear(deadlineName(node));
}

function armRequests(ctx: Context, node: NodeRecord): void {
  let first: Instant | undefined;
  for (const { askAt } of node.track.missing.values()) {
    if (first === undefined || askAt < first) first = askAt;
  }
  if (first === undefined) ctx.deadlines.clear(deadlineName(node));
  else ctx.deadlines.set(deadlineName(node), first);
}

function firstRequestAt(ctx: Context): Instant {
  const max = ctx.config.maxRexmitDelay;
  const min = max < 2 * REXMIT_DELAY_MIN_MS ? 0 : REXMIT_DELAY_MIN_MS;
  return after(ctx.now.monotonic, millis(ctx.prng.between(min, max)));
}

function noteGap(ctx: Context, node: NodeRecord, last: number, seq: number): void {
  const { track } = node;
  const lost = seq - last - 1;
  const text = `${lost} lost packet(s) for [${node.name}] [${last}:${seq}]`;
  say(ctx, 'WARN', 'packets-lost', text);
  if (lost + track.missing.size > missingMessagesMax) {
    say(ctx, 'ERROR', 'packets-lost-many', 'lost a lot of packets!');
    resetTrack(ctx, node);
    track.last = seq;
    return;
  }
  for (let gap = last + 1; gap < seq; gap++) {
    track.missing.set(gap, { askAt: firstRequestAt(ctx), asked: 0 });
  }
  armRequests(ctx, node);
}

function acknowledge(ctx: Context, node: NodeRecord, seq: number): void {
  if (!ctx.liveness.isFlowControlled || node.track.missing.size > 0) return;
  // A 3.0.6 that starts counts any message as having heard us. Were that an acknowledgement, it
  // would go active without knowing our status; in legacy mode it then takes groups unasked
  // (recorded). Our next status comes before its tenth message.
  if (seq < ACK_INTERVAL) return;
  if (seq % ACK_INTERVAL !== node.track.ackTrigger) return;
  const fields = [
    textField('t', 'NS_ackmsg'),
    textField('dest', node.name),
    textField('ackseq', seq.toString(16)),
  ];
  sendMessage(ctx, fields, node);
}

function forgetMissing(ctx: Context, node: NodeRecord, seq: number): boolean {
  if (!node.track.missing.delete(seq)) return false;
  armRequests(ctx, node);
  if (node.track.missing.size === 0) {
    say(ctx, 'info', 'packets-complete', `No pkts missing from ${node.name}!`);
  }
  return true;
}

/** Notes the number of a message and says whether it was had before. */
export function noteSequence(ctx: Context, node: NodeRecord, seq: number): SequenceVerdict {
  const { track } = node;
  if (track.last === undefined || seq === track.last + 1) {
    track.last = seq;
    acknowledge(ctx, node, seq);
    return 'new';
  }
  if (seq > track.last) {
    const { last } = track;
    track.last = seq;
    noteGap(ctx, node, last, seq);
    return 'new';
  }
  return forgetMissing(ctx, node, seq) ? 'new' : 'duplicate';
}

/** The originator cannot send it again (`NS_nak_rexmit`). */
export function giveUpMissing(ctx: Context, node: NodeRecord, seq: number): void {
  if (!node.track.missing.has(seq)) return;
  const text = `Irretrievably lost packet: node ${node.name} seq ${seq}`;
  say(ctx, 'ERROR', 'packet-irretrievable', text);
  forgetMissing(ctx, node, seq);
}

/** Asks for what is due. Each missing number gets a request of its own, as 3.0.6 does. */
export function requestMissing(ctx: Context, node: NodeRecord): void {
  const { track } = node;
  let asked = 0;
  for (const [seq, missing] of track.missing) {
    if (missing.askAt > ctx.now.monotonic || asked >= REXMITS_PER_PASS_MAX) continue;
    if (missing.asked >= REXMIT_REQUESTS_MAX) {
      giveUpMissing(ctx, node, seq);
      continue;
    }
    asked++;
    missing.asked++;
    missing.askAt = after(ctx.now.monotonic, ctx.config.maxRexmitDelay);
    const fields = [
      textField('t', 'NS_rexmit'),
      textField('dest', node.name),
      textField('firstseq', String(seq)),
      textField('lastseq', String(seq)),
    ];
    sendMessage(ctx, fields, node);
  }
  armRequests(ctx, node);
}
