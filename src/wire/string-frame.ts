// The string frame: `>>>`, one `name=value` line per field, `<<<`. Serial lines carry only this
// form, and the inner signature of a message covers its lines (heartbeat 3.0.6, recorded).
// Decoding never throws; it accepts what 3.0.6 reads and refuses the rest as a value.

import { base64ToBytes, bytesToBase64, bytesToLatin1, latin1ToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import {
  type FrameCode,
  fieldsMax,
  frameKind,
  isFieldName,
  messageBytesMax,
  stringFrameEnd,
  stringFrameStart,
} from './frame.js';
import type { HaField, HaMessage } from './ha-message.js';
import { nestedLineFeeds, nestingDepthMax } from './nested-fields.js';
import { decodeNetstringFrame, encodeNetstringFrame } from './netstring-frame.js';

/** Stands for a line feed inside a text, because a line feed ends the field. */
const TEXT_LINE_FEED = '\x13';

/** The lines of the fields without the frame: what the inner signature covers. */
export function stringFormText(message: HaMessage): string {
  let text = '';
  for (const field of message.fields) text += fieldLine(field);
  return text;
}

export function encodeStringFrame(message: HaMessage): Uint8Array {
  return latin1ToBytes(stringFrameStart + stringFormText(message) + stringFrameEnd);
}

/**
 * Takes one frame from `>>>` to the line feed after `<<<`. The NUL that local clients add behind it
 * is accepted, anything else behind it is not. `bytesMax` is larger for what was compressed on the
 * wire.
 */
export function decodeStringFrame(
  bytes: Uint8Array,
  bytesMax: number = messageBytesMax,
): Result<HaMessage, FrameCode> {
  if (frameKind(bytes) !== 'string') return failure('not-a-message', 'no >>> at the start');
  if (bytes.length > bytesMax) return failure('too-long', `${bytes.length} bytes`);
  return decodeLines(bytesToLatin1(bytes), 0);
}

function decodeLines(text: string, depth: number): Result<HaMessage, FrameCode> {
  const fields: HaField[] = [];
  let at = stringFrameStart.length;
  for (;;) {
    if (text.startsWith(stringFrameEnd, at)) {
      at += stringFrameEnd.length;
      break;
    }
    const end = text.indexOf('\n', at);
    if (end < 0) return failure('malformed', 'the frame has no end');
    if (end > at) {
      if (fields.length === fieldsMax) return failure('too-long', `more than ${fieldsMax} fields`);
      const field = parseLine(text.slice(at, end), depth);
      if (field === undefined) return failure('malformed', `field ${fields.length + 1}`);
      fields.push(field);
    }
    at = end + 1;
  }
  if (text.length > at && text.slice(at) !== '\0')
    return failure('malformed', 'bytes behind the end');
  return ok({ fields });
}

/**
 * A nested message as a string frame in one line; what cannot be taken apart goes as it is, its
 * line feeds replaced. Beyond the depth that 3.0.6 knows nothing is taken apart any more.
 */
function nestedText(bytes: Uint8Array, depth: number): string {
  const lineFeed = nestedLineFeeds[depth] ?? TEXT_LINE_FEED;
  const decoded = depth < nestingDepthMax ? decodeNetstringFrame(bytes) : undefined;
  if (!decoded?.ok) return bytesToLatin1(bytes).replaceAll('\n', lineFeed);
  const lines = decoded.value.message.fields.map((field) => fieldLine(field, depth + 1)).join('');
  return (stringFrameStart + lines + stringFrameEnd).replaceAll('\n', lineFeed);
}

/** The other way round: the netstring frame of a nested message, or the bytes as they came. */
function nestedBytes(value: string, depth: number): Uint8Array {
  const lineFeed = nestedLineFeeds[depth] ?? TEXT_LINE_FEED;
  const text = value.replaceAll(lineFeed, '\n');
  const isFrame = text.startsWith(stringFrameStart) && depth < nestingDepthMax;
  const decoded = isFrame ? decodeLines(text, depth + 1) : undefined;
  return decoded?.ok ? encodeNetstringFrame(decoded.value) : latin1ToBytes(text);
}

function fieldLine(field: HaField, depth = 0): string {
  switch (field.type) {
    case 0:
      return `${field.name}=${field.text.replaceAll('\n', TEXT_LINE_FEED)}\n`;
    case 1:
    case 4:
      return `(${field.type})${field.name}=${bytesToBase64(field.bytes)}\n`;
    case 2:
    case 5:
      return `(2)${field.name}=${nestedText(field.bytes, depth)}\n`;
    case 3:
      return `(3)${field.name}=${bytesToLatin1(field.bytes)}\n`;
  }
}

function parseLine(line: string, depth: number): HaField | undefined {
  const typed = line.startsWith('(');
  if (typed && line.charAt(2) !== ')') return undefined;
  const body = typed ? line.slice(3) : line;
  const equals = body.indexOf('=');
  const name = body.slice(0, Math.max(equals, 0));
  if (!isFieldName(name) || body.includes('\0')) return undefined;
  const value = body.slice(equals + 1);
  switch (typed ? line.charAt(1) : '0') {
    case '0':
      return { name, type: 0, text: value.replaceAll(TEXT_LINE_FEED, '\n') };
    case '1':
      return encodedField(name, 1, value);
    case '2':
      return { name, type: 2, bytes: nestedBytes(value, depth) };
    case '3':
      return { name, type: 3, bytes: latin1ToBytes(value) };
    case '4':
      return encodedField(name, 4, value);
    default:
      return undefined;
  }
}

function encodedField(name: string, type: 1 | 4, value: string): HaField | undefined {
  const bytes = base64ToBytes(value);
  return bytes === undefined ? undefined : { name, type, bytes };
}
