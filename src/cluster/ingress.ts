// The way in: bytes of a medium become a message of a known node, or a named and counted refusal
// (order of the checks as heartbeat 3.0.6, recorded). Nothing here throws on outside data, and
// nothing unsigned gets past the first step. What the messages mean is dispatch.ts.

import { type OpenCode, openMessage } from '../auth/envelope.js';
import { bytesEqual, bytesToHex } from '../base/bytes.js';
import type { LogLevel } from '../base/log-line.js';
import { after, type Instant, seconds } from '../base/time.js';
import { fieldBytes, fieldText, type HaMessage } from '../wire/ha-message.js';
import { type Context, say, tell } from './context.js';
import { isLastSent } from './egress.js';
import { noteKeyOf } from './keys.js';
import { markLinkHeard } from './links.js';
import { forgetClaim, type NodeRecord } from './node-table.js';
import { askForProof, isDisproved, isProof, keepFormerRun, restoreRun } from './proof.js';
import { noteSequence, resetTrack } from './sequence.js';

export type RefusalCode =
  | OpenCode
  | 'missing-type'
  | 'missing-sender'
  | 'missing-timestamp'
  | 'bad-sequence'
  | 'bad-generation'
  | 'unknown-node'
  | 'name-conflict'
  | 'replay'
  | 'stale-status'
  | 'stale-protocol'
  | 'ack-above-max'
  | 'stale-answer';

export interface IngressState {
  readonly refused: Map<RefusalCode, number>;
  readonly loggedAt: Map<RefusalCode, Instant>;
  received: number;
}

export const createIngress = (): IngressState => ({
  refused: new Map(),
  loggedAt: new Map(),
  received: 0,
});

/** A message that passed every check. */
export interface Received {
  readonly type: string;
  readonly message: HaMessage;
  readonly from: NodeRecord;
  /** 0 for `NS_` types, which have none. */
  readonly seq: number;
  /** A status of a node that had been taken for dead, without a restart in between. */
  readonly isReturning: boolean;
}

/** A flood of bad packets must not fill the log: 3.0.6 has no limit here (recorded weakness). */
const refusalLogInterval = seconds(1);
/** Sequence numbers and generations fit 32 bits in the original; more is nonsense. */
const HEX_DIGITS_MAX = 12;
/** A slow serial line and a full queue hold a message up; nothing holds it up longer. */
const protocolAgeSecondsMax = 10;
/** Of what a stranger may write into our log. */
const SHOWN_NAME_MAX = 64;

const shown = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, SHOWN_NAME_MAX);

export function hexNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.length > HEX_DIGITS_MAX) return undefined;
  return /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

export function refuse(ctx: Context, code: RefusalCode, level: LogLevel, text: string): undefined {
  const { refused, loggedAt } = ctx.ingress;
  const count = (refused.get(code) ?? 0) + 1;
  refused.set(code, count);
  const last = loggedAt.get(code);
  if (last !== undefined && after(last, refusalLogInterval) > ctx.now.monotonic) return undefined;
  loggedAt.set(code, ctx.now.monotonic);
  say(ctx, level, `refused-${code}`, `${text} (${count} so far)`);
  return undefined;
}

function refuseUnopened(ctx: Context, medium: string, code: OpenCode, detail: string): undefined {
  const isLoud = ctx.config.isBadPackLogged;
  const what =
    code === 'bad-digest' || code === 'unknown-key' || code === 'no-auth'
      ? `message on ${medium} failed authentication [${code}]`
      : `message on ${medium} refused [${code}]`;
  // The detail is ours (sizes and numbers); neither digests nor the message go to the log.
  return refuse(ctx, code, isLoud ? 'WARN' : 'debug', `${what} ${shown(detail)}`.trim());
}

interface Heading {
  readonly type: string;
  readonly src: string;
  readonly isProtocol: boolean;
  readonly seq: number;
  readonly generation: number;
  /** Seconds of the sender's wall clock. */
  readonly timestamp: number;
}

function readHeading(ctx: Context, message: HaMessage): Heading | undefined {
  const type = fieldText(message, 't');
  const src = fieldText(message, 'src');
  const timestamp = hexNumber(fieldText(message, 'ts'));
  if (src === undefined || src === '') {
    return refuse(ctx, 'missing-sender', 'ERROR', 'process_clustermsg: missing from');
  }
  const facts = `[${shown(src)}]`;
  if (type === undefined || type === '') {
    return refuse(ctx, 'missing-type', 'ERROR', `process_clustermsg: ${facts} missing type`);
  }
  if (timestamp === undefined || timestamp === 0) {
    return refuse(ctx, 'missing-timestamp', 'ERROR', `process_clustermsg: ${facts} missing ts`);
  }
  const isProtocol = type.startsWith('NS_');
  const seq = isProtocol ? 0 : hexNumber(fieldText(message, 'seq'));
  if (seq === undefined || (!isProtocol && seq < 1)) {
    return refuse(ctx, 'bad-sequence', 'ERROR', `process_clustermsg: ${facts} has bad cseq`);
  }
  const hg = fieldText(message, 'hg');
  const generation = hg === undefined ? 0 : hexNumber(hg);
  if (generation === undefined) {
    return refuse(ctx, 'bad-generation', 'ERROR', `process_clustermsg: ${facts} has bad hg`);
  }
  return { type, src: src.toLowerCase(), isProtocol, seq, generation, timestamp };
}

/** Our own messages come back on broadcast media: they show that the medium carries. */
function noteOwn(ctx: Context, medium: string, message: HaMessage, heading: Heading): undefined {
  const uuid = fieldBytes(message, 'srcuuid');
  const isOurs = uuid === undefined || bytesEqual(uuid, ctx.start.uuid);
  if (isOurs && heading.generation <= ctx.start.generation) {
    markLinkHeard(ctx, ctx.local, medium);
    return undefined;
  }
  const who = uuid === undefined ? 'without uuid' : `uuid ${bytesToHex(uuid)}`;
  const text = `another node uses our name ${ctx.local.name} (${who}, on ${medium})`;
  return refuse(ctx, 'name-conflict', 'ERROR', text);
}

function noteUuid(ctx: Context, node: NodeRecord, message: HaMessage): void {
  const uuid = fieldBytes(message, 'srcuuid');
  if (uuid === undefined || uuid.length !== 16) return;
  if (node.uuid !== undefined && bytesEqual(node.uuid, uuid)) return;
  if (node.uuid !== undefined) {
    const text = `node ${node.name} changed its uuid to ${bytesToHex(uuid)}`;
    say(ctx, 'WARN', 'uuid-changed', text);
  }
  node.uuid = uuid;
}

/** A restart: what we knew of the former run's messages and resources does not hold any more. */
function noteGeneration(ctx: Context, node: NodeRecord, generation: number): void {
  if (node.generation === generation) return;
  const isRestart = node.generation !== undefined;
  if (isRestart && (node.generation ?? 0) < generation) keepFormerRun(node);
  node.proof.newest = 0;
  node.proof.ofStatus = 0;
  if (isRestart) {
    const facts = `(generation ${node.generation} -> ${generation})`;
    say(ctx, 'info', 'node-restarted', `Heartbeat restart on node ${node.name} ${facts}`);
  }
  node.generation = generation;
  node.statusSeq = 0;
  node.ackedSeq = 0;
  node.hasLeft = false;
  node.missedUs = false;
  node.heardAt = undefined;
  resetTrack(ctx, node);
  node.facts = undefined;
  forgetClaim(node);
  if (isRestart) tell(ctx, { kind: 'node-restarted', node });
}

const isForUs = (ctx: Context, message: HaMessage): boolean => {
  // If a destuuid is present it decides alone, except the zeros that stand for an unknown one.
  const uuid = fieldBytes(message, 'destuuid');
  if (uuid?.some((byte) => byte !== 0)) return bytesEqual(uuid, ctx.start.uuid);
  const dest = fieldText(message, 'dest');
  return dest === undefined || dest === ctx.local.name;
};

/** Generation, replay and order of a numbered message; undefined when it is not to be acted on. */
function judgeOrder(
  ctx: Context,
  node: NodeRecord,
  medium: string,
  heading: Heading,
  message: HaMessage,
): { readonly isReturning: boolean } | undefined {
  const known = node.generation;
  const isLower = known !== undefined && heading.generation < known;
  if (isLower && isProof(ctx, node, heading.type, message)) {
    const { newest } = node.proof;
    noteGeneration(ctx, node, heading.generation);
    restoreRun(ctx, node, { generation: known, timestamp: newest });
  } else if (isLower || isDisproved(node, heading.generation, heading.timestamp)) {
    if (isLower && heading.type === 'status') askForProof(ctx, node);
    const facts = `[gen = ${heading.generation}, curgen = ${known}]`;
    const text = `should_drop_message: attempted replay attack [${node.name}]? ${facts}`;
    return refuse(ctx, 'replay', 'ERROR', text);
  }
  const isStatus = heading.type === 'status';
  // Other types may come before the first status of a run; that alone is no acquaintance.
  const isSameRun = known === heading.generation && node.statusSeq > 0;
  if (isStatus && isSameRun && node.state === 'dead' && heading.seq <= node.statusSeq) {
    return refuse(ctx, 'stale-status', 'debug', `old status of dead node ${node.name}`);
  }
  noteGeneration(ctx, node, heading.generation);
  node.proof.newest = Math.max(node.proof.newest, heading.timestamp);
  const verdict = noteSequence(ctx, node, heading.seq);
  markLinkHeard(ctx, node, medium);
  if (verdict === 'duplicate') return undefined;
  return { isReturning: isStatus && isSameRun && node.state === 'dead' };
}

/**
 * Messages without a number: 3.0.6 takes recorded ones for ever. They are
 * sent once and never again, so they are of the sender's run and about as old as its last status.
 */
function isFresh(ctx: Context, node: NodeRecord, heading: Heading): boolean {
  if (node.kind === 'ping' || node.generation === undefined) return true;
  const isOldRun = heading.generation !== 0 && heading.generation < node.generation;
  const isOld = heading.timestamp < node.proof.ofStatus - protocolAgeSecondsMax;
  if (!isOldRun && !isOld) return true;
  const text = `old ${heading.type} of node ${node.name} [gen = ${heading.generation}]`;
  refuse(ctx, isOldRun ? 'replay' : 'stale-protocol', 'WARN', text);
  return false;
}

/** Undefined when nothing is to be done; a refusal has then been counted, and logged in limits. */
export function takeIn(ctx: Context, medium: string, bytes: Uint8Array): Received | undefined {
  // Every beat of ours comes back on a broadcast medium; judging it took as long as the peer's.
  if (isLastSent(ctx, bytes)) {
    ctx.ingress.received++;
    markLinkHeard(ctx, ctx.local, medium);
    return undefined;
  }
  const opened = openMessage(bytes, ctx.keys.ring, ctx.config.compression?.compressor);
  if (!opened.ok) return refuseUnopened(ctx, medium, opened.code, opened.detail);
  const { message, key } = opened.value;
  const heading = readHeading(ctx, message);
  if (heading === undefined) return undefined;
  ctx.ingress.received++;
  if (heading.src === ctx.local.name) return noteOwn(ctx, medium, message, heading);
  const from = ctx.nodes.get(heading.src);
  if (from === undefined) {
    const text = `process_status_message: bad node [${shown(heading.src)}] in message`;
    return refuse(ctx, 'unknown-node', 'ERROR', text);
  }
  const { type, seq } = heading;
  if (heading.isProtocol) {
    if (!isForUs(ctx, message) || !isFresh(ctx, from, heading)) return undefined;
    markLinkHeard(ctx, from, medium);
    return { type, message, from, seq, isReturning: false };
  }
  const order = judgeOrder(ctx, from, medium, heading, message);
  if (order === undefined) return undefined;
  // A node that takes a group unasked says so to itself; who holds the group must hear of it.
  const isToItself = type === 'ip-request-resp' && fieldText(message, 'dest') === from.name;
  if (!isForUs(ctx, message) && !isToItself) return undefined;
  noteUuid(ctx, from, message);
  if (type === 'status') {
    from.proof.ofStatus = heading.timestamp;
    noteKeyOf(ctx, from, key);
  }
  return { type, message, from, seq, isReturning: order.isReturning };
}
