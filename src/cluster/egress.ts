// Every message that leaves: standard fields in the order of heartbeat 3.0.6 (recorded), sequence
// number, seal, history, and the answers to retransmission requests. It knows no meaning of types.

import { type SealedMessage, sealMessage } from '../auth/envelope.js';
import type { KeyRing } from '../auth/key-ring.js';
import { bytesEqual } from '../base/bytes.js';
import { after, type Instant, millis } from '../base/time.js';
import { binaryField, type HaField, type HaMessage, textField } from '../wire/ha-message.js';
import { showSent } from './client-notices.js';
import { type Context, say } from './context.js';
import type { NodeRecord } from './node-table.js';
import { notifyMessage } from './notify.js';

/** heartbeat 3.0.6 keeps as many; a peer asks for nothing older. */
export const historyMessagesMax = 500;
/** heartbeat 3.0.6 answers as many sequence numbers of one request. */
export const retransmitsPerRequestMax = 50;
/** A message is not sent again within the repeat interval of requests less this margin. */
const RETRANSMIT_MARGIN_MS = 10;
const LOAD_TEXT_MAX = 80;
const UNKNOWN_UUID: Uint8Array = new Uint8Array(16);

interface HistoryEntry {
  readonly seq: number;
  readonly message: HaMessage;
  sealed: SealedMessage;
  /** By which it was sealed: another one may sign by the time it is sent again. */
  signedBy: KeyRing;
  resentAt: Instant | undefined;
}

export interface EgressState {
  /** Of the last message that got one. Starts at 0 with each start. */
  sequence: number;
  /** A ring by sequence number. */
  readonly history: (HistoryEntry | undefined)[];
  /** First line of /proc/loadavg; `n/a` until it was read, as the original writes. */
  load: string;
  sent: number;
}

export const createEgress = (): EgressState => ({
  sequence: 0,
  history: new Array<HistoryEntry | undefined>(historyMessagesMax).fill(undefined),
  load: 'n/a',
  sent: 0,
});

/** Keeps printable characters only: a line feed or 0x13 would break the string frame. */
export function setLoad(ctx: Context, text: string): void {
  const clean = text.replace(/[^\x20-\x7e]/g, '').slice(0, LOAD_TEXT_MAX);
  ctx.egress.load = clean === '' ? 'n/a' : clean;
}

function ttlOf(ctx: Context): string {
  return String(ctx.config.hopfudge + ctx.nodes.size);
}

const seal = (ctx: Context, message: HaMessage): SealedMessage =>
  sealMessage(message, ctx.keys.signing, ctx.config.format, ctx.config.compression);

function transmit(ctx: Context, sealed: SealedMessage): void {
  ctx.egress.sent++;
  const { datagram } = sealed;
  // The line is made when a serial medium asks for it.
  ctx.effects.push({
    kind: 'send',
    datagram,
    get line() {
      return sealed.line;
    },
  });
}

/** Our last message again, as a broadcast medium brings it back: known without judging it. */
export function isLastSent({ egress }: Context, datagram: Uint8Array): boolean {
  const last = egress.history[egress.sequence % historyMessagesMax];
  return last !== undefined && bytesEqual(last.sealed.datagram, datagram);
}

/**
 * Sends the message's own fields, completed. `to` completes a `dest` among them by the `destuuid`;
 * an unknown one is sent as zeros, as the original does. Types `NS_…` get neither `seq` nor `ld`
 * and are not kept.
 */
export function sendMessage(ctx: Context, fields: readonly HaField[], to?: NodeRecord): void {
  const { egress, start } = ctx;
  const type = fields.find((field) => field.name === 't');
  const isProtocol = type?.type === 0 && type.text.startsWith('NS_');
  const all: HaField[] = [...fields];
  if (to !== undefined) all.push(binaryField('destuuid', to.uuid ?? UNKNOWN_UUID));
  all.push(textField('src', ctx.local.name), binaryField('srcuuid', start.uuid));
  if (!isProtocol) all.push(textField('seq', (egress.sequence + 1).toString(16)));
  all.push(textField('hg', start.generation.toString(16)));
  all.push(textField('ts', Math.max(1, Math.floor(ctx.now.wall / 1000)).toString(16)));
  if (!isProtocol) all.push(textField('ld', egress.load));
  all.push(textField('ttl', ttlOf(ctx)));
  const message = { fields: all };
  const sealed = seal(ctx, message);
  if (!isProtocol) {
    egress.sequence++;
    const seq = egress.sequence;
    const signedBy = ctx.keys.signing;
    const entry = { seq, message, sealed, signedBy, resentAt: undefined };
    egress.history[seq % historyMessagesMax] = entry;
  }
  transmit(ctx, sealed);
  if (type?.type === 0) showSent(ctx, type.text, all);
  notifyMessage(ctx, all);
}

function refuseRetransmission(ctx: Context, to: NodeRecord, seq: number): void {
  const isTooLow = seq <= ctx.egress.sequence - historyMessagesMax || seq < 1;
  const reason = isTooLow ? 'seqno too low' : 'seqno not found';
  say(ctx, 'WARN', 'cannot-rexmit', `Cannot rexmit pkt ${seq} for ${to.name}: ${reason}`);
  const fields = [
    textField('t', 'NS_nak_rexmit'),
    textField('firstseq', seq.toString(16)),
    textField('dest', to.name),
    textField('info', reason),
  ];
  sendMessage(ctx, fields, to);
}

/**
 * Answers `NS_rexmit`: stored messages go out again as they were, on all media. What the requester
 * has acknowledged, and what went out again just now, is passed over.
 */
export function retransmit(ctx: Context, to: NodeRecord, first: number, last: number): void {
  const { egress } = ctx;
  const repeat = millis(ctx.config.maxRexmitDelay - RETRANSMIT_MARGIN_MS);
  const end = Math.min(last, first + retransmitsPerRequestMax - 1);
  for (let seq = first; seq <= end; seq++) {
    if (seq > egress.sequence) {
      const text = `Rexmit of seq ${seq} requested. ${egress.sequence} is max.`;
      say(ctx, 'ERROR', 'rexmit-above-max', text);
      return;
    }
    if (seq <= to.ackedSeq) continue;
    const entry = egress.history[Math.max(0, seq) % historyMessagesMax];
    if (entry === undefined || entry.seq !== seq) {
      refuseRetransmission(ctx, to, seq);
      continue;
    }
    if (entry.resentAt !== undefined && after(entry.resentAt, repeat) > ctx.now.monotonic) continue;
    entry.resentAt = ctx.now.monotonic;
    if (entry.signedBy !== ctx.keys.signing) {
      entry.sealed = seal(ctx, entry.message);
      entry.signedBy = ctx.keys.signing;
    }
    transmit(ctx, entry.sealed);
  }
}
