// Access-Request with PAP and its answer (RFC 2865). MD5 is passed in. An answer counts only when
// its authenticator proves that the server knows the secret.

import { bytesEqual, concatBytes, latin1ToBytes } from '../base/bytes.js';
import { parseIp } from './ip-address.js';

export type Md5 = (bytes: Uint8Array) => Uint8Array;

const CODE_ACCESS_REQUEST = 1;
const CODE_ACCESS_ACCEPT = 2;
const CODE_ACCESS_REJECT = 3;
const CODE_ACCESS_CHALLENGE = 11;

const USER_NAME = 1;
const USER_PASSWORD = 2;
const NAS_IP_ADDRESS = 4;
/** RFC 3162 section 2.1. */
const NAS_IPV6_ADDRESS = 95;

const HEADER_BYTES = 20;
const AUTHENTICATOR_BYTES = 16;
const BLOCK_BYTES = 16;
/** RFC 2865 section 3. */
const PACKET_BYTES_MAX = 4096;
/** Length octet and what it counts itself. */
const VALUE_BYTES_MAX = 253;
/** RFC 2865 section 5.2. */
const PASSWORD_BYTES_MAX = 128;

export interface AccessRequest {
  readonly identifier: number;
  /** 16 unpredictable bytes. */
  readonly authenticator: Uint8Array;
  /** Texts of bytes. */
  readonly user: string;
  readonly password: string;
  readonly secret: string;
  /** The director's own address. */
  readonly nasAddress: string;
}

export function emitAccessRequest(request: AccessRequest, md5: Md5): Uint8Array {
  const nas = parseIp(request.nasAddress);
  const attributes = [
    attribute(USER_NAME, latin1ToBytes(request.user)),
    attribute(USER_PASSWORD, hidePassword(request, md5)),
  ];
  if (nas !== undefined) {
    attributes.push(attribute(nas.length === 4 ? NAS_IP_ADDRESS : NAS_IPV6_ADDRESS, nas));
  }
  const packet = concatBytes(new Uint8Array(HEADER_BYTES), ...attributes);
  const view = new DataView(packet.buffer);
  view.setUint8(0, CODE_ACCESS_REQUEST);
  view.setUint8(1, request.identifier);
  view.setUint16(2, packet.length);
  packet.set(request.authenticator, 4);
  return packet;
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const body = value.subarray(0, VALUE_BYTES_MAX);
  return concatBytes(Uint8Array.of(type, body.length + 2), body);
}

/** RFC 2865 section 5.2: each block is hidden by a digest of the secret and the block before. */
function hidePassword({ password, secret, authenticator }: AccessRequest, md5: Md5): Uint8Array {
  const plain = latin1ToBytes(password).subarray(0, PASSWORD_BYTES_MAX);
  const length = Math.max(1, Math.ceil(plain.length / BLOCK_BYTES)) * BLOCK_BYTES;
  const hidden = new Uint8Array(length);
  hidden.set(plain);
  const key = latin1ToBytes(secret);
  let before = authenticator;
  for (let at = 0; at < length; at += BLOCK_BYTES) {
    const mask = md5(concatBytes(key, before));
    const block = hidden.subarray(at, at + BLOCK_BYTES);
    for (let i = 0; i < BLOCK_BYTES; i++) block[i] = (block[i] ?? 0) ^ (mask[i] ?? 0);
    before = block;
  }
  return hidden;
}

export type AccessAnswer = 'accept' | 'reject' | 'challenge';

/** Undefined for anything that is not a proven answer to this request. */
export function parseAccessAnswer(
  packet: Uint8Array,
  request: AccessRequest,
  md5: Md5,
): AccessAnswer | undefined {
  if (packet.length < HEADER_BYTES || packet.length > PACKET_BYTES_MAX) return undefined;
  const length = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
  if (length < HEADER_BYTES || length > packet.length) return undefined;
  if (packet[1] !== request.identifier) return undefined;
  // RFC 2865 section 3: the digest covers the request's authenticator in place of its own.
  const wanted = md5(
    concatBytes(
      packet.subarray(0, 4),
      request.authenticator,
      packet.subarray(HEADER_BYTES, length),
      latin1ToBytes(request.secret),
    ),
  );
  const found = packet.subarray(4, 4 + AUTHENTICATOR_BYTES);
  if (!bytesEqual(wanted, found)) return undefined;
  switch (packet[0]) {
    case CODE_ACCESS_ACCEPT:
      return 'accept';
    case CODE_ACCESS_REJECT:
      return 'reject';
    case CODE_ACCESS_CHALLENGE:
      return 'challenge';
    default:
      return undefined;
  }
}
