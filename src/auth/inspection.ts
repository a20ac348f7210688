// A captured message under the magnifying glass: what it says, how its signatures stand, and what
// our encoder makes of its fields. Nothing is acted on here, so that bad messages are shown too.

import { type Compressor, decompressMessage, hasCompressed } from '../wire/compression.js';
import { frameKind } from '../wire/frame.js';
import { fieldText, type HaMessage, haMessage, textField, withField } from '../wire/ha-message.js';
import {
  decodeNetstringFrame,
  encodeNetstringFrame,
  withSignature,
} from '../wire/netstring-frame.js';
import { decodeStringFrame, encodeStringFrame } from '../wire/string-frame.js';
import { innerSignedBytes, type OpenCode, openMessage } from './envelope.js';
import { type KeyRing, signatureBy, verifySignature } from './key-ring.js';

export type SignatureState = 'ok' | 'bad' | 'absent';

export interface Inspection {
  /** undefined when a node of this key ring would take the message. */
  readonly code: OpenCode | undefined;
  readonly detail: string;
  readonly frame: 'netstring' | 'string' | undefined;
  /** Without fields when the bytes could not be taken apart. */
  readonly message: HaMessage;
  /** What was compressed in it; undefined when nothing was, or when it cannot be unpacked. */
  readonly unpacked: HaMessage | undefined;
  /** Of the `auth` field. On a netstring frame nobody judges it; here it is judged. */
  readonly inner: SignatureState;
  /** Of the trailer of a netstring frame. */
  readonly outer: SignatureState;
  /**
   * Built anew from the fields and signed by the keys that the message names; undefined when it
   * could not be taken apart or names a key that the ring has not.
   */
  readonly rebuilt: Uint8Array | undefined;
}

export function inspectMessage(
  bytes: Uint8Array,
  ring: KeyRing,
  compressor?: Compressor,
): Inspection {
  const opened = openMessage(bytes, ring, compressor);
  const frame = frameKind(bytes);
  const verdict = {
    code: opened.ok ? undefined : opened.code,
    detail: opened.ok ? '' : opened.detail,
    unpacked: undefined,
    frame,
  };
  const decoded = frame === 'string' ? decodeStringFrame(bytes) : decodeNetstringFrame(bytes);
  if (!decoded.ok) {
    const none = { inner: 'absent', outer: 'absent', rebuilt: undefined } as const;
    return { ...verdict, message: haMessage(), ...none };
  }
  if (!('signed' in decoded.value)) {
    const message = decoded.value;
    const rebuilt = withNewInner(message, ring);
    return {
      ...verdict,
      message,
      unpacked: unpackedOf(message, compressor),
      inner: innerState(message, ring),
      outer: 'absent',
      rebuilt: rebuilt && encodeStringFrame(rebuilt),
    };
  }
  const { message, signed, signature } = decoded.value;
  return {
    ...verdict,
    message,
    unpacked: unpackedOf(message, compressor),
    inner: innerState(message, ring),
    outer: stateOf(signature, signed, ring, true),
    rebuilt: rebuildDatagram(message, signature, ring),
  };
}

function unpackedOf(message: HaMessage, compressor?: Compressor): HaMessage | undefined {
  if (compressor === undefined || !hasCompressed(message)) return undefined;
  const unpacked = decompressMessage(message, compressor);
  return unpacked.ok ? unpacked.value : undefined;
}

function stateOf(
  signature: string | undefined,
  signed: Uint8Array,
  ring: KeyRing,
  alsoCurrent: boolean,
): SignatureState {
  if (signature === undefined) return 'absent';
  return verifySignature(ring, signature, signed, alsoCurrent).ok ? 'ok' : 'bad';
}

const innerState = (message: HaMessage, ring: KeyRing): SignatureState =>
  stateOf(fieldText(message, 'auth'), innerSignedBytes(message), ring, false);

/** The number that a signature names; undefined when it names none. */
function namedKey(signature: string): number | undefined {
  const number = /^([0-9]{1,2}) /.exec(signature)?.[1];
  return number === undefined ? undefined : Number(number);
}

function newSignature(old: string, bytes: Uint8Array, ring: KeyRing): string | undefined {
  const number = namedKey(old);
  return number === undefined ? undefined : signatureBy(ring, number, bytes);
}

/** The message with its `auth` field computed anew in its place, or as it is without one. */
function withNewInner(message: HaMessage, ring: KeyRing): HaMessage | undefined {
  const old = fieldText(message, 'auth');
  if (old === undefined) return message;
  const auth = newSignature(old, innerSignedBytes(message), ring);
  return auth === undefined ? undefined : withField(message, textField('auth', auth));
}

function rebuildDatagram(
  message: HaMessage,
  signature: string | undefined,
  ring: KeyRing,
): Uint8Array | undefined {
  const inside = withNewInner(message, ring);
  if (inside === undefined) return undefined;
  const frame = encodeNetstringFrame(inside);
  if (signature === undefined) return frame;
  const outer = newSignature(signature, frame, ring);
  return outer === undefined ? undefined : withSignature(frame, outer);
}
