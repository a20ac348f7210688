// Sealing a message for the wire and opening what came: frame and signature together. This is the
// only door for bytes of the network; what it returns was signed by a key of the ring.

import { latin1ToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import {
  type Compression,
  type Compressor,
  compressMessage,
  decompressMessage,
  hasCompressed,
  isWholeCompressed,
  withoutMarks,
} from '../wire/compression.js';
import { frameKind, messageBytesMax } from '../wire/frame.js';
import {
  fieldText,
  type HaField,
  type HaMessage,
  textField,
  withoutField,
} from '../wire/ha-message.js';
import {
  decodeNetstringFrame,
  encodeNetstringFrame,
  withSignature,
} from '../wire/netstring-frame.js';
import { decodeStringFrame, encodeStringFrame, stringFormText } from '../wire/string-frame.js';
import { type KeyRing, sign, verifySignature } from './key-ring.js';

/** `classic` adds the inner `auth` field to every message, `netstring` only on serial lines. */
export type MessageFormat = 'classic' | 'netstring';

/**
 * One message in both frames of the wire; `line` is for serial media, `datagram` for all else. What
 * nobody asks for is not made.
 */
export interface SealedMessage {
  readonly datagram: Uint8Array;
  readonly line: Uint8Array;
}

export type OpenCode =
  | 'not-a-message'
  | 'malformed'
  | 'too-long'
  | 'no-auth'
  | 'unknown-key'
  | 'bad-digest';

export interface OpenedMessage {
  /** All fields as they came, an inner `auth` included. */
  readonly message: HaMessage;
  readonly frame: 'netstring' | 'string';
  /** The number of the key whose value was good. */
  readonly key: number;
}

/** The bytes that the inner `auth` field of a message covers. */
export function innerSignedBytes(message: HaMessage): Uint8Array {
  return latin1ToBytes(stringFormText(withoutField(message, 'auth')));
}

/**
 * The message in both frames, signed by the current key. An `auth` field that it brings along is
 * replaced; large ones are compressed where `compression` says so. Names and texts must fit the
 * frames: no NUL, and no 0x13 in texts.
 */
export function sealMessage(
  message: HaMessage,
  ring: KeyRing,
  format: MessageFormat,
  compression?: Compression,
): SealedMessage {
  const whole = withoutField(message, 'auth');
  const bare = compression ? compressMessage(whole, compression) : withoutMarks(whole);
  let signed: HaMessage | undefined;
  const withInner = (): HaMessage => {
    const auth = (): HaField => textField('auth', sign(ring, innerSignedBytes(bare)));
    signed ??= { fields: [...bare.fields, auth()] };
    return signed;
  };
  // heartbeat 3.0.6 gives no inner signature to messages with nested or compressed fields.
  const isInnerSent =
    format === 'classic' && !bare.fields.some(isNested) && !isWholeCompressed(bare);
  const frame = encodeNetstringFrame(isInnerSent ? withInner() : bare);
  let line: Uint8Array | undefined;
  return {
    datagram: withSignature(frame, sign(ring, frame)),
    get line() {
      line ??= encodeStringFrame(withInner());
      return line;
    },
  };
}

/**
 * The message when frame and signature are good. A string frame is judged by its `auth` field, a
 * netstring frame by its trailer alone: nobody judges the inner one there (3.0.6, recorded). With a
 * compressor what is compressed is unpacked, after the signature was found good.
 */
export function openMessage(
  bytes: Uint8Array,
  ring: KeyRing,
  compressor?: Compressor,
): Result<OpenedMessage, OpenCode> {
  const opened = openPacked(bytes, ring);
  if (!opened.ok || compressor === undefined) return opened;
  const { message } = opened.value;
  if (!hasCompressed(message)) return opened;
  const unpacked = decompressMessage(message, compressor);
  return unpacked.ok ? ok({ ...opened.value, message: unpacked.value }) : unpacked;
}

function openPacked(bytes: Uint8Array, ring: KeyRing): Result<OpenedMessage, OpenCode> {
  if (bytes.length > messageBytesMax) return failure('too-long', `${bytes.length} bytes`);
  switch (frameKind(bytes)) {
    case 'string':
      return openStringFrame(bytes, ring);
    case 'netstring':
      return openNetstringFrame(bytes, ring);
    case undefined:
      return failure('not-a-message', 'neither >>> nor ### at the start');
  }
}

function openStringFrame(bytes: Uint8Array, ring: KeyRing): Result<OpenedMessage, OpenCode> {
  const decoded = decodeStringFrame(bytes);
  if (!decoded.ok) return decoded;
  const auth = fieldText(decoded.value, 'auth');
  if (auth === undefined) return failure('no-auth', 'no auth field');
  const verdict = verifySignature(ring, auth, innerSignedBytes(decoded.value), false);
  if (!verdict.ok) return verdict;
  return ok({ message: decoded.value, frame: 'string', key: verdict.value });
}

function openNetstringFrame(bytes: Uint8Array, ring: KeyRing): Result<OpenedMessage, OpenCode> {
  const decoded = decodeNetstringFrame(bytes);
  if (!decoded.ok) return decoded;
  const { message, signed, signature } = decoded.value;
  if (signature === undefined) return failure('no-auth', 'no signature behind the frame');
  const verdict = verifySignature(ring, signature, signed, true);
  return verdict.ok ? ok({ message, frame: 'netstring', key: verdict.value }) : verdict;
}

const isNested = (field: { readonly type: number }): boolean =>
  field.type === 2 || field.type === 4;
