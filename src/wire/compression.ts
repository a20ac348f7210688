// Messages that travel compressed (as in heartbeat 3.0.6): a whole message in the field
// `_compressed_payload` (traditional), or single nested fields, type 5 before and type 4 on the
// wire. The methods themselves are Node.js's and the C library's, handed in by the edge. What
// unpacks to more than the limit is refused: a few bytes must not become a gigabyte.

import { failure, ok, type Result } from '../base/result.js';
import { type FrameCode, frameKind } from './frame.js';
import {
  binaryField,
  fieldBytes,
  fieldText,
  type HaField,
  type HaMessage,
  textField,
} from './ha-message.js';
import { decodeNetstringFrame, encodeNetstringFrame } from './netstring-frame.js';
import { decodeStringFrame } from './string-frame.js';

export type CompressionMethod = 'zlib' | 'bz2';

/** Both answer undefined when they cannot: a method that is not there, bytes that are none. */
export interface Compressor {
  compress(method: CompressionMethod, bytes: Uint8Array): Uint8Array | undefined;
  /** Undefined as well for more than `bytesMax` bytes of output, without having made them. */
  decompress(
    method: CompressionMethod,
    bytes: Uint8Array,
    bytesMax: number,
  ): Uint8Array | undefined;
}

export interface Compression {
  readonly method: CompressionMethod;
  /** Frames above this size are compressed. */
  readonly thresholdBytes: number;
  /** Whole messages, rather than fields that are marked for it. */
  readonly isTraditional: boolean;
  readonly compressor: Compressor;
}

/** heartbeat 3.0.6: what a message may unpack to, all its fields together. */
export const uncompressedBytesMax: number = 2 * 1024 * 1024;

const PAYLOAD = '_compressed_payload';
const ALGORITHM = '_compression_algorithm';

/**
 * The message as it is to be sent: the same when nothing in it is to be compressed, or when that
 * would not make it smaller. A field marked for compression becomes a plain nested one then.
 */
export function compressMessage(message: HaMessage, compression: Compression): HaMessage {
  const { method, thresholdBytes, compressor, isTraditional } = compression;
  if (!isTraditional) {
    if (!message.fields.some((field) => field.type === 5)) return message;
    return { fields: message.fields.map((field) => packField(field, compression)) };
  }
  const plain = withoutMarks(message);
  const frame = encodeNetstringFrame(plain);
  if (frame.length <= thresholdBytes) return plain;
  const packed = compressor.compress(method, frame);
  if (packed === undefined || packed.length >= frame.length) return plain;
  return { fields: [binaryField(PAYLOAD, packed), textField(ALGORITHM, method)] };
}

/** Fields marked for compression, as they travel where nothing is compressed. */
export function withoutMarks(message: HaMessage): HaMessage {
  if (!message.fields.some((field) => field.type === 5)) return message;
  return { fields: message.fields.map(plainField) };
}

const plainField = (field: HaField): HaField =>
  field.type === 5 ? { name: field.name, type: 2, bytes: field.bytes } : field;

function packField(field: HaField, compression: Compression): HaField {
  if (field.type !== 5 || field.bytes.length <= compression.thresholdBytes) {
    return plainField(field);
  }
  const packed = compression.compressor.compress(compression.method, field.bytes);
  if (packed === undefined || packed.length >= field.bytes.length) return plainField(field);
  return { name: field.name, type: 4, bytes: packed };
}

/** Fields do not name their method, so it is told by their first bytes (RFC 1950; bzip2). */
function methodOf(bytes: Uint8Array): CompressionMethod | undefined {
  if (bytes[0] === 0x42 && bytes[1] === 0x5a && bytes[2] === 0x68) return 'bz2';
  const isZlib =
    ((bytes[0] ?? 0) & 0x0f) === 8 && ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)) % 31 === 0;
  return isZlib ? 'zlib' : undefined;
}

export const isWholeCompressed = (message: HaMessage): boolean =>
  message.fields.some((field) => field.name === PAYLOAD);

export const hasCompressed = (message: HaMessage): boolean =>
  message.fields.some((field) => field.type === 4 || field.name === PAYLOAD);

/** heartbeat 3.0.6 packs the frame that its `msgfmt` names: with classic the string frame. */
function decodePacked(frame: Uint8Array): Result<HaMessage, FrameCode> {
  if (frameKind(frame) === 'string') return decodeStringFrame(frame, uncompressedBytesMax);
  const decoded = decodeNetstringFrame(frame, uncompressedBytesMax);
  return decoded.ok ? ok(decoded.value.message) : decoded;
}

/**
 * The message with everything unpacked: the inner one of a whole compressed message, type 4 as
 * type 2. The caller has verified the signature: nothing unsigned is unpacked.
 */
export function decompressMessage(
  message: HaMessage,
  compressor: Compressor,
): Result<HaMessage, FrameCode> {
  let left = uncompressedBytesMax;
  const unpack = (method: CompressionMethod | undefined, bytes: Uint8Array) => {
    const unpacked = method && compressor.decompress(method, bytes, left);
    left -= unpacked?.length ?? 0;
    return unpacked;
  };
  let inner = message;
  const payload = fieldBytes(message, PAYLOAD);
  if (payload !== undefined) {
    const name = fieldText(message, ALGORITHM);
    const frame = unpack(name === 'zlib' || name === 'bz2' ? name : undefined, payload);
    if (frame === undefined) return failure('malformed', 'the payload cannot be unpacked');
    const decoded = decodePacked(frame);
    if (!decoded.ok) return decoded;
    inner = decoded.value;
    // One layer: a message in a message in a message is somebody's game.
    if (isWholeCompressed(inner)) return failure('malformed', 'compressed twice');
  }
  const fields: HaField[] = [];
  for (const field of inner.fields) {
    if (field.type !== 4) {
      fields.push(field);
      continue;
    }
    const bytes = unpack(methodOf(field.bytes), field.bytes);
    if (bytes === undefined) return failure('malformed', 'a field cannot be unpacked');
    fields.push({ name: field.name, type: 2, bytes });
  }
  return ok({ fields });
}
