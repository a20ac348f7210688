// Fields of a message that hold more than a text: nested messages (type 2), lists of texts (type
// 3). Their netstring form is the one that is kept in memory; the string form writes a nested
// message as a string frame whose line feeds are control bytes, another for each depth.

import { bytesToLatin1, latin1ToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import type { FrameCode } from './frame.js';
import type { HaField, HaMessage } from './ha-message.js';
import { decodeNetstringFrame, encodeNetstringFrame } from './netstring-frame.js';

/** heartbeat 3.0.6: a message within a message, so many times. */
export const nestingDepthMax = 16;

/** heartbeat 3.0.6: a list is under 1024 bytes. */
export const listBytesMax = 1023;

/** Stands for a line feed at each depth: 20 to 31, then 15 to 18 (heartbeat 3.0.6). */
export const nestedLineFeeds: readonly string[] = [
  ...Array.from({ length: 12 }, (_, depth) => String.fromCharCode(20 + depth)),
  ...Array.from({ length: 4 }, (_, depth) => String.fromCharCode(15 + depth)),
];

export const nestedField = (name: string, message: HaMessage): HaField => ({
  name,
  type: 2,
  bytes: encodeNetstringFrame(message),
});

/** The message in a field of type 2; fails for any other field. */
export function nestedMessage(field: HaField): Result<HaMessage, FrameCode> {
  if (field.type !== 2) return failure('malformed', `${field.name} is no nested message`);
  const decoded = decodeNetstringFrame(field.bytes);
  if (!decoded.ok) return decoded;
  if (decoded.value.signature !== undefined) {
    return failure('malformed', `${field.name} is signed within the message`);
  }
  return ok(decoded.value.message);
}

/** How many messages lie within each other; a field that cannot be taken apart counts as one. */
export function nestingDepth(message: HaMessage, limit: number = nestingDepthMax): number {
  let depth = 0;
  for (const field of message.fields) {
    if (field.type !== 2) continue;
    const inner = limit > 0 ? nestedMessage(field) : undefined;
    depth = Math.max(depth, 1 + (inner?.ok ? nestingDepth(inner.value, limit - 1) : 0));
  }
  return depth;
}

export function listField(name: string, texts: readonly string[]): HaField {
  const bytes = latin1ToBytes(texts.map((text) => `${text.length}:${text},`).join(''));
  return { name, type: 3, bytes };
}

/** The texts of a field of type 3; undefined when it is none or is not whole. */
export function listTexts(field: HaField): readonly string[] | undefined {
  if (field.type !== 3 || field.bytes.length > listBytesMax) return undefined;
  const text = bytesToLatin1(field.bytes);
  const texts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const digits = colon < 0 ? '' : text.slice(at, colon);
    if (!/^[0-9]{1,4}$/.test(digits)) return undefined;
    const end = colon + 1 + Number(digits);
    if (text.charAt(end) !== ',') return undefined;
    texts.push(text.slice(colon + 1, end));
    at = end + 1;
  }
  return texts;
}
