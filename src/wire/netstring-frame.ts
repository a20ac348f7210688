// The netstring frame: `###`, one `LEN:(T)name=value,` per field, `%%%`, then the outer signature
// as one more netstring. Every UDP medium carries it whatever `msgfmt` says (heartbeat 3.0.6,
// recorded). The signature itself is judged in auth/; here it is only found.

import { bytesToLatin1, concatBytes, latin1ToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import {
  type FrameCode,
  fieldsMax,
  frameKind,
  isFieldName,
  messageBytesMax,
  netstringFrameEnd,
  netstringFrameStart,
} from './frame.js';
import type { HaField, HaMessage } from './ha-message.js';

const COLON = 0x3a;
const COMMA = 0x2c;

/** Decimal digits of the largest frame, an uncompressed one of 2 MiB. */
const LENGTH_DIGITS_MAX = 7;

/** A frame taken apart, its signature not yet verified. */
export interface NetstringFrame {
  readonly message: HaMessage;
  /** From the first `#` to the line feed after `%%%`: what the outer signature covers. */
  readonly signed: Uint8Array;
  /** `NUM HEX` of the trailing netstring; undefined when the frame ends without one. */
  readonly signature: string | undefined;
}

/** The frame without its signature. */
export function encodeNetstringFrame(message: HaMessage): Uint8Array {
  // One text for all fields, turned into bytes once: two arrays a field were half of a beat.
  let text = netstringFrameStart;
  for (const field of message.fields) {
    const value = field.type === 0 ? field.text : bytesToLatin1(field.bytes);
    const body = `(${field.type})${field.name}=${value}`;
    text += `${body.length}:${body},`;
  }
  return latin1ToBytes(text + netstringFrameEnd);
}

/** Puts the outer signature behind a frame made by `encodeNetstringFrame`. */
export function withSignature(frame: Uint8Array, signature: string): Uint8Array {
  return concatBytes(frame, latin1ToBytes(`${signature.length}:${signature},`));
}

/** `bytesMax` is larger for what was compressed on the wire. */
export function decodeNetstringFrame(
  bytes: Uint8Array,
  bytesMax: number = messageBytesMax,
): Result<NetstringFrame, FrameCode> {
  if (frameKind(bytes) !== 'netstring') return failure('not-a-message', 'no ### at the start');
  if (bytes.length > bytesMax) return failure('too-long', `${bytes.length} bytes`);
  const fields: HaField[] = [];
  // Turned into text once: names and texts are pieces of it.
  const text = bytesToLatin1(bytes);
  let at = netstringFrameStart.length;
  while (!isEndAt(bytes, at)) {
    if (fields.length === fieldsMax) return failure('too-long', `more than ${fieldsMax} fields`);
    const piece = netstringAt(bytes, at);
    const field = piece === undefined ? undefined : parseField(bytes, text, piece);
    if (piece === undefined || field === undefined) {
      return failure('malformed', `field ${fields.length + 1} at byte ${at}`);
    }
    fields.push(field);
    at = piece.end + 1;
  }
  at += netstringFrameEnd.length;
  const signed = bytes.subarray(0, at);
  // A NUL behind the frame is what local clients add.
  if (at === bytes.length || (at + 1 === bytes.length && bytes[at] === 0)) {
    return ok({ message: { fields }, signed, signature: undefined });
  }
  const trailer = netstringAt(bytes, at);
  if (trailer === undefined) return failure('malformed', `signature at byte ${at}`);
  if (trailer.end + 1 !== bytes.length) return failure('malformed', 'bytes behind the signature');
  return ok({ message: { fields }, signed, signature: text.slice(trailer.start, trailer.end) });
}

function isEndAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < netstringFrameEnd.length; i++) {
    if (bytes[at + i] !== netstringFrameEnd.charCodeAt(i)) return false;
  }
  return true;
}

/** The body of a netstring, from `start` up to its comma at `end`. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Undefined unless a whole `LEN:BODY,` stands there; LEN has no sign and no leading zero. */
function netstringAt(bytes: Uint8Array, at: number): Piece | undefined {
  let length = 0;
  let i = at;
  for (; i < at + LENGTH_DIGITS_MAX; i++) {
    const digit = (bytes[i] ?? COLON) - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  if (i === at || bytes[i] !== COLON || (bytes[at] === 0x30 && i > at + 1)) return undefined;
  const end = i + 1 + length;
  if (bytes[end] !== COMMA) return undefined;
  return { start: i + 1, end };
}

function parseField(bytes: Uint8Array, text: string, { start, end }: Piece): HaField | undefined {
  // `(`, one digit, `)`: heartbeat 3.0.6 aborts on anything else, we refuse the message.
  if (bytes[start] !== 0x28 || bytes[start + 2] !== 0x29) return undefined;
  const equals = text.indexOf('=', start + 3);
  if (equals < 0 || equals >= end) return undefined;
  const name = text.slice(start + 3, equals);
  if (!isFieldName(name)) return undefined;
  const type = (bytes[start + 1] ?? 0) - 0x30;
  switch (type) {
    case 0: {
      const value = text.slice(equals + 1, end);
      return value.includes('\0') ? undefined : { name, type, text: value };
    }
    case 1:
    case 2:
    case 3:
    case 4:
      return { name, type, bytes: bytes.slice(equals + 1, end) };
    default:
      return undefined;
  }
}
