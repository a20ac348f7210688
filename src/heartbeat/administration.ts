// Carries what directors say to each other between their control sockets and the cluster: text in
// parts one way, entries the other. What it means is the directors' matter.

import {
  type AdministrationNews,
  type AdministrationOffer,
  PART_CHARS_MAX,
  PARTS_MAX,
} from '../cluster/administration.js';
import type { JsonObject, JsonValue } from '../runtime/control-socket.js';
import type { Daemon, OperatorAnswer } from './daemon-parts.js';

/** Entries go together into one message up to this: within one frame of the wire as a rule. */
const PACKED_CHARS_MAX = 1000;

/** Printable ASCII alone passes every frame of the wire. */
const asciiOf = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Lists of entries, each within one message; an entry beyond that is nobody's honest word. */
export function partsOf(entries: readonly JsonValue[]): readonly string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let length = 2;
  for (const entry of entries) {
    const text = asciiOf(JSON.stringify(entry));
    if (text.length + 2 > PART_CHARS_MAX) continue;
    if (part.length > 0 && length + text.length + 1 > PACKED_CHARS_MAX) {
      parts.push(`[${part.join(',')}]`);
      part = [];
      length = 2;
    }
    part.push(text);
    length += text.length + 1;
  }
  parts.push(`[${part.join(',')}]`);
  return parts.slice(0, PARTS_MAX);
}

const word = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? asciiOf(value) : '';

/** A director here has something to say; answered when it is on its way, or why it is not. */
export async function shareAdministration(
  daemon: Daemon,
  question: JsonObject,
): Promise<JsonObject> {
  const offer: AdministrationOffer = {
    instance: word(question.instance),
    parts: partsOf(Array.isArray(question.entries) ? question.entries : []),
    digest: word(question.digest),
    configHash: word(question.configHash),
    isReply: question.isReply === true,
  };
  const id = ++daemon.operatorCount;
  const answer = await new Promise<OperatorAnswer>((resolve) => {
    daemon.operators.set(id, resolve);
    daemon.thread.offer({ kind: 'administration-offered', id, offer });
  });
  return answer.isDone ? { ok: true, text: answer.text } : { ok: false, error: answer.text };
}

export function hearAdministration(daemon: Daemon, news: AdministrationNews): void {
  let entries: JsonValue;
  try {
    entries = JSON.parse(news.text) as JsonValue;
  } catch {
    // Signed by a key of ours and yet no list: another version's words, which are left alone.
    return;
  }
  const { node, digest, configHash, isReply } = news;
  daemon.resources.directors.hear(news.instance, { node, entries, digest, configHash, isReply });
}
