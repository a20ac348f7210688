// CONTRACT (bodies are being written): the keys of authkeys and what they sign.

/** HMAC as RFC 2104; handed in by the edge, because digests are Node.js's. */
export type Hmac = (algorithm: 'md5' | 'sha1', key: Uint8Array, bytes: Uint8Array) => Uint8Array;

export type AuthMethod = 'crc' | 'md5' | 'sha1';

export interface AuthKey {
  /** 0 to 15, the number that names the key on the wire. */
  readonly number: number;
  readonly method: AuthMethod;
  /** Empty for crc. */
  readonly key: string;
}

export interface KeyRing {
  /** The number of the key that signs. */
  readonly current: number;
  readonly keys: ReadonlyMap<number, AuthKey>;
  readonly hmac: Hmac;
}
