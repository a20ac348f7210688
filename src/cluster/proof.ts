// A recorded message of a higher generation would make us take the living node's own messages for
// replays, until its generation exceeds the recorded one or we restart (as in heartbeat 3.0.6).
// So a node that is refused as a replay is asked a question of which only a living node can give
// the answer: `query-cstatus` for a client of a name drawn for it. 3.0.6 answers it like Lubdub.

import { after, type Instant, seconds } from '../base/time.js';
import { fieldText, type HaMessage, textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import type { Claim, NodeRecord } from './node-table.js';

/** A replayed stream must not make us ask for each of its messages. */
const askInterval = seconds(1);
/** An answer takes one way there and back. */
const answerTime = seconds(5);
const NAME_PARTS = 4;
const NAME_PART_MAX = 0xffff;

export interface ProofState {
  /** The name asked for last, and when. */
  question: { readonly name: string; readonly askedAt: Instant } | undefined;
  /** What was known of the run before the present one: a recorded message may have ended it. */
  former: FormerRun | undefined;
  /** A generation that was a recording, up to the wall time of its newest message. */
  disproved: { readonly generation: number; readonly timestamp: number } | undefined;
  /** Wall seconds of the newest message of the present run, and of its last status. */
  newest: number;
  ofStatus: number;
}

export interface FormerRun {
  readonly generation: number;
  readonly statusSeq: number;
  readonly ackedSeq: number;
  readonly claim: Claim | undefined;
  readonly formerClaim: Claim | undefined;
  readonly claimSeq: number;
  readonly isStable: boolean;
  readonly hasLeft: boolean;
}

export const createProof = (): ProofState => ({
  question: undefined,
  former: undefined,
  disproved: undefined,
  newest: 0,
  ofStatus: 0,
});

/** To be called before a higher generation replaces what is known. */
export function keepFormerRun(node: NodeRecord): void {
  const { generation, statusSeq, ackedSeq, claim, formerClaim, claimSeq, isStable } = node;
  if (generation === undefined) return;
  node.proof.former = {
    ...{ generation, statusSeq, ackedSeq, claim, formerClaim, claimSeq, isStable },
    hasLeft: node.hasLeft,
  };
}

/** The node was refused for its lower generation: is it alive nevertheless? */
export function askForProof(ctx: Context, node: NodeRecord): void {
  const { question } = node.proof;
  const now = ctx.now.monotonic;
  if (question !== undefined && after(question.askedAt, askInterval) > now) return;
  const part = (): string => ctx.prng.between(0, NAME_PART_MAX).toString(16).padStart(4, '0');
  const name = `proof-${Array.from({ length: NAME_PARTS }, part).join('')}`;
  node.proof.question = { name, askedAt: now };
  const fields = [
    textField('t', 'query-cstatus'),
    textField('dest', node.name),
    textField('cn', name),
    textField('from_id', name),
  ];
  sendMessage(ctx, fields, node);
}

/** Whether this message of a lower generation answers our question: then its sender lives. */
export function isProof(ctx: Context, node: NodeRecord, type: string, message: HaMessage): boolean {
  const { question } = node.proof;
  if (type !== 'respond-cstatus' || question === undefined) return false;
  if (after(question.askedAt, answerTime) < ctx.now.monotonic) return false;
  return fieldText(message, 'cn') === question.name;
}

/** To be called when the living run is in force again: what it had said before still holds. */
export function restoreRun(
  ctx: Context,
  node: NodeRecord,
  disproved: { readonly generation: number; readonly timestamp: number },
): void {
  const { former } = node.proof;
  node.proof.question = undefined;
  node.proof.disproved = disproved;
  const text = `node ${node.name} lives at generation ${node.generation}: generation `;
  say(ctx, 'WARN', 'replay-unmasked', `${text}${disproved.generation} was a recorded message`);
  if (former !== undefined && former.generation === node.generation) {
    const { generation: _generation, ...known } = former;
    Object.assign(node, known);
  }
}

/** Messages of a generation that was found to be recorded, as far as they were then. */
export function isDisproved(node: NodeRecord, generation: number, timestamp: number): boolean {
  const { disproved } = node.proof;
  if (disproved === undefined || generation > disproved.generation) return false;
  return generation > (node.generation ?? 0) && timestamp <= disproved.timestamp;
}
