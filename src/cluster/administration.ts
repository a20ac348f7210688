// What the directors of two Lubdub nodes tell each other: operators' words on real servers, and the
// hash of the configuration. The text is carried and not understood; the directors judge it. Such
// a message is sent only when a node of this program is heard: heartbeat 3.0.6 has no use for it.

import { fieldText, type HaMessage, textField } from '../wire/ha-message.js';
import type { Context } from './context.js';
import { sendMessage } from './egress.js';
import type { NodeRecord } from './node-table.js';

/** The longest entry there can be, with room; it fits in a datagram and in a serial line. */
export const PART_CHARS_MAX = 4000;
/** As many parts carry the most that a director keeps; see `ENTRIES_MAX` there. */
export const PARTS_MAX = 300;
const NAME_CHARS_MAX = 200;
const HASH_CHARS_MAX = 64;

/** What is said of the whole once all parts are there. */
interface Summary {
  /** The configuration's instance: `ldirectord.cf`. */
  readonly instance: string;
  /** Of everything that the sender knows. */
  readonly digest: string;
  readonly configHash: string;
  /** An answer to what the other said: it is not answered again. */
  readonly isReply: boolean;
}

export interface AdministrationOffer extends Summary {
  /** Printable ASCII, none longer than `PART_CHARS_MAX`. */
  readonly parts: readonly string[];
}

export interface AdministrationNews extends Summary {
  readonly node: string;
  readonly text: string;
}

const isReady = (node: NodeRecord): boolean =>
  !node.isLocal && node.facts !== undefined && node.state !== 'dead';

export function tellLubdubNode(ctx: Context, node: NodeRecord): void {
  if (isReady(node)) ctx.effects.push({ kind: 'lubdub-node-heard', node: node.name });
}

export function offerAdministration(ctx: Context, id: number, offer: AdministrationOffer): void {
  const answer = (isDone: boolean, text: string): void => {
    ctx.effects.push({ kind: 'answer-operator', id, isDone, text });
  };
  const names = [...ctx.nodes.values()].filter(isReady).map(({ name }) => name);
  if (names.length === 0) {
    answer(false, 'no other Lubdub node is heard: it is told when it is');
    return;
  }
  const parts = offer.parts.length === 0 ? ['[]'] : offer.parts.slice(0, PARTS_MAX);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    sendMessage(ctx, [
      textField('t', 'lubdub-admin'),
      textField('conf', offer.instance),
      textField('words', part),
      ...(isLast ? [textField('digest', offer.digest)] : []),
      textField('cfhash', offer.configHash),
      textField('reply', offer.isReply ? '1' : '0'),
    ]);
  }
  answer(true, `told node ${names.join(', ')}`);
}

export function takeAdministration(ctx: Context, from: NodeRecord, message: HaMessage): void {
  if (from.isLocal) return;
  const text = (name: string, most: number): string =>
    (fieldText(message, name) ?? '').slice(0, most);
  const news: AdministrationNews = {
    node: from.name,
    instance: text('conf', NAME_CHARS_MAX),
    text: text('words', PART_CHARS_MAX),
    digest: text('digest', HASH_CHARS_MAX),
    configHash: text('cfhash', HASH_CHARS_MAX),
    isReply: text('reply', 1) === '1',
  };
  ctx.effects.push({ kind: 'administration-heard', news });
}
