// The keys of authkeys and what they sign. Knows no frame: it turns bytes into a signature
// `NUM HEX` and judges one. The HMAC itself is handed in by the edge, because it is Node.js's.

import { bytesToHex, latin1ToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { crc32 } from './crc.js';

/** HMAC as RFC 2104; handed in by the edge, because digests are Node.js's. */
export type Hmac = (
  algorithm: 'md5' | 'sha1' | 'sha256',
  key: Uint8Array,
  bytes: Uint8Array,
) => Uint8Array;

/** `sha256` is ours: heartbeat 3.0.6 does not start with a file that has it. */
export type AuthMethod = 'crc' | 'md5' | 'sha1' | 'sha256';

/** authkeys(5): keys are numbered 0 to 15. */
export const keyNumberMax = 15;

export interface AuthKey {
  /** 0 to 15, the number that names the key on the wire. */
  readonly number: number;
  readonly method: AuthMethod;
  /** One character per byte of the file; empty for crc. */
  readonly key: string;
}

export interface KeyRing {
  /** The number of the key that signs. */
  readonly current: number;
  readonly keys: ReadonlyMap<number, AuthKey>;
  readonly hmac: Hmac;
}

export type AuthCode = 'no-auth' | 'unknown-key' | 'bad-digest';

/** Undefined unless one of `keys` has the number `current`. The last of equal numbers wins. */
export function createKeyRing(
  current: number,
  keys: readonly AuthKey[],
  hmac: Hmac,
): KeyRing | undefined {
  const byNumber = new Map(keys.map((key) => [key.number, key]));
  return byNumber.has(current) ? { current, keys: byNumber, hmac } : undefined;
}

/** `NUM HEX` by the key of that number; undefined when the ring has no such key. */
export function signatureBy(ring: KeyRing, number: number, bytes: Uint8Array): string | undefined {
  const key = ring.keys.get(number);
  return key && `${number} ${digestHex(ring.hmac, key.method, key.key, bytes)}`;
}

/** The signature by the current key. */
export function sign(ring: KeyRing, bytes: Uint8Array): string {
  return signatureBy(ring, ring.current, bytes) ?? '';
}

/**
 * Judges a signature by the key that it names. With `alsoCurrent` the key value of the current
 * entry under the method of the named one is good as well: that is how heartbeat 3.0.6 judges
 * the outer signature of the netstring frame (recorded). The named key's own value is always
 * good, so that both nodes can be moved from one key to another while they run. The answer is the
 * number of the key whose value was good.
 */
export function verifySignature(
  ring: KeyRing,
  signature: string,
  bytes: Uint8Array,
  alsoCurrent: boolean,
): Result<number, AuthCode> {
  const match = /^([0-9]{1,2}) ([0-9a-f]{1,64})$/.exec(signature);
  if (!match) return failure('bad-digest', 'the signature is not NUM HEX');
  const [, numberText = '', digest = ''] = match;
  const number = Number(numberText);
  const named = ring.keys.get(number);
  if (named === undefined) return failure('unknown-key', `key ${number}`);
  if (isTextEqual(digestHex(ring.hmac, named.method, named.key, bytes), digest)) return ok(number);
  const current = ring.keys.get(ring.current);
  // A current crc entry has no key value: judging a keyed method by it would let anybody sign.
  if (alsoCurrent && current !== undefined && current !== named && current.key !== '') {
    if (isTextEqual(digestHex(ring.hmac, named.method, current.key, bytes), digest)) {
      return ok(ring.current);
    }
  }
  return failure('bad-digest', `key ${number} (${named.method})`);
}

const FINGERPRINT_DIGITS = 8;

/**
 * By which two nodes see whether they have the same key under one number. It tells no more than
 * any signature does: both can be tried with guessed keys, so keys have to be unguessable.
 */
export function keyFingerprint(ring: KeyRing, number: number): string {
  const key = ring.keys.get(number);
  if (key === undefined) return '';
  const label = latin1ToBytes(`lubdub fingerprint of key ${number} ${key.method}`);
  return digestHex(ring.hmac, key.method, key.key, label).slice(0, FINGERPRINT_DIGITS);
}

/** crc is printed without leading zeros, the others at full length (heartbeat 3.0.6, recorded). */
function digestHex(hmac: Hmac, method: AuthMethod, key: string, bytes: Uint8Array): string {
  if (method === 'crc') return crc32(bytes).toString(16);
  return bytesToHex(hmac(method, latin1ToBytes(key), bytes));
}

/** Looks at every character whatever differs, so that the time taken tells nothing. */
function isTextEqual(known: string, offered: string): boolean {
  let difference = known.length ^ offered.length;
  for (let i = 0; i < known.length; i++) {
    difference |= known.charCodeAt(i) ^ offered.charCodeAt(i % Math.max(offered.length, 1));
  }
  return difference === 0;
}
