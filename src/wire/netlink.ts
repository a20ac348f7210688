// Netlink messages and attributes (linux/netlink.h) as bytes, without knowledge of any family of
// messages. Integers are in the order of this machine. What comes from the kernel is checked all
// the same: a length that lies ends the reading with a value, never with a throw.

import { concatBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';

export type NetlinkCode = 'truncated' | 'bad-length' | 'bad-value';

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
/** In an answer: the table changed during the dump, so it may be wrong. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** In an answer of type NLMSG_ERROR: the request was left out / extended attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;

const NLMSG_HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
/** The top bits of an attribute's type are NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;

/** Netlink is the only format here in host order; the rest of the program needs not know it. */
export const hostIsLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface NetlinkAttribute {
  readonly type: number;
  readonly data: Uint8Array;
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const padded = (length: number): number => (length + 3) & ~3;

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value, hostIsLittleEndian);
  return bytes;
}

export function u16be(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, hostIsLittleEndian);
  return bytes;
}

/** Text with the NUL that the kernel's NLA_NUL_STRING wants. ASCII only, by its callers. */
export function zeroEnded(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length + 1);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff;
  return bytes;
}

export function buildNetlinkMessage(
  type: number,
  flags: number,
  sequence: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  const header = new Uint8Array(NLMSG_HEADER_BYTES);
  const bytes = concatBytes(header, ...parts);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, hostIsLittleEndian);
  view.setUint16(4, type, hostIsLittleEndian);
  view.setUint16(6, flags, hostIsLittleEndian);
  view.setUint32(8, sequence, hostIsLittleEndian);
  return bytes.length % 4 === 0
    ? bytes
    : concatBytes(bytes, new Uint8Array(4 - (bytes.length % 4)));
}

export function buildAttribute(type: number, data: Uint8Array): Uint8Array {
  const length = ATTRIBUTE_HEADER_BYTES + data.length;
  const bytes = new Uint8Array(padded(length));
  const view = viewOf(bytes);
  view.setUint16(0, length, hostIsLittleEndian);
  view.setUint16(2, type, hostIsLittleEndian);
  bytes.set(data, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}

export function buildNested(type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return buildAttribute(type | NLA_F_NESTED, concatBytes(...attributes));
}

/** All messages of one datagram, in order. */
export function takeNetlinkMessages(
  bytes: Uint8Array,
): Result<readonly NetlinkMessage[], NetlinkCode> {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < NLMSG_HEADER_BYTES) return failure('truncated', `header at ${at}`);
    const length = view.getUint32(at, hostIsLittleEndian);
    if (length < NLMSG_HEADER_BYTES) return failure('bad-length', `${length} at ${at}`);
    if (length > bytes.length - at) return failure('truncated', `message of ${length} at ${at}`);
    messages.push({
      type: view.getUint16(at + 4, hostIsLittleEndian),
      flags: view.getUint16(at + 6, hostIsLittleEndian),
      sequence: view.getUint32(at + 8, hostIsLittleEndian),
      payload: bytes.subarray(at + NLMSG_HEADER_BYTES, at + length),
    });
    at += padded(length);
  }
  return ok(messages);
}

/** The attributes in `bytes`, in order, with the nesting and byte order bits taken off. */
export function takeAttributes(
  bytes: Uint8Array,
): Result<readonly NetlinkAttribute[], NetlinkCode> {
  const view = viewOf(bytes);
  const attributes: NetlinkAttribute[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < ATTRIBUTE_HEADER_BYTES)
      return failure('truncated', `attribute at ${at}`);
    const length = view.getUint16(at, hostIsLittleEndian);
    if (length < ATTRIBUTE_HEADER_BYTES) return failure('bad-length', `${length} at ${at}`);
    if (length > bytes.length - at) return failure('truncated', `attribute of ${length} at ${at}`);
    attributes.push({
      type: view.getUint16(at + 2, hostIsLittleEndian) & NLA_TYPE_MASK,
      data: bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length),
    });
    at += padded(length);
  }
  return ok(attributes);
}

/** The attributes as a table by type; of two of one type the last one counts, as in the kernel. */
export function attributeTable(
  bytes: Uint8Array,
): Result<ReadonlyMap<number, Uint8Array>, NetlinkCode> {
  const attributes = takeAttributes(bytes);
  if (!attributes.ok) return attributes;
  return ok(new Map(attributes.value.map((attribute) => [attribute.type, attribute.data])));
}

export function readU8(data: Uint8Array | undefined): number | undefined {
  return data?.[0];
}

export function readU16(data: Uint8Array | undefined): number | undefined {
  return data === undefined || data.length < 2
    ? undefined
    : viewOf(data).getUint16(0, hostIsLittleEndian);
}

export function readU16be(data: Uint8Array | undefined): number | undefined {
  return data === undefined || data.length < 2 ? undefined : viewOf(data).getUint16(0, false);
}

export function readU32(data: Uint8Array | undefined): number | undefined {
  return data === undefined || data.length < 4
    ? undefined
    : viewOf(data).getUint32(0, hostIsLittleEndian);
}

/** Text up to the first NUL, one character per byte. */
export function readText(data: Uint8Array | undefined): string | undefined {
  if (data === undefined) return undefined;
  const end = data.indexOf(0);
  return String.fromCharCode(...data.subarray(0, Math.min(end < 0 ? data.length : end, 4096)));
}

/** What the kernel answered to one request. */
export interface NetlinkAnswer {
  /** 0 when it was carried out. */
  readonly errno: number;
  /** The extended acknowledgement's text, empty when the kernel gave none. */
  readonly text: string;
}

/** Parses the payload of NLMSG_ERROR (or of NLMSG_DONE, which begins in the same way). */
export function parseNetlinkAnswer(message: NetlinkMessage): Result<NetlinkAnswer, NetlinkCode> {
  const { payload } = message;
  // Old kernels end a dump without a number.
  if (message.type === NLMSG_DONE && payload.length < 4) return ok({ errno: 0, text: '' });
  if (payload.length < 4) return failure('truncated', 'error number');
  const view = viewOf(payload);
  // Subtracted, because the negative of 0 would be -0.
  const errno = 0 - view.getInt32(0, hostIsLittleEndian);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return ok({ errno, text: '' });
  let skip = 4;
  if (message.type === NLMSG_ERROR) {
    if (payload.length < 4 + NLMSG_HEADER_BYTES) return failure('truncated', 'echoed header');
    const echoed = view.getUint32(4, hostIsLittleEndian);
    skip += (message.flags & NLM_F_CAPPED) === 0 ? padded(echoed) : NLMSG_HEADER_BYTES;
  }
  const table = attributeTable(payload.subarray(Math.min(skip, payload.length)));
  // The number is what counts: a text that cannot be read is left out.
  return ok({ errno, text: table.ok ? (readText(table.value.get(NLMSGERR_ATTR_MSG)) ?? '') : '' });
}
