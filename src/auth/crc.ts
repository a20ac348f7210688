// The `crc` method of authkeys: a checksum against line noise, no protection against anybody.

const POLYNOMIAL = 0x04c11db7;

const TABLE: readonly number[] = Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 0x80000000 ? (value << 1) ^ POLYNOMIAL : value << 1;
  }
  return value >>> 0;
});

/**
 * CRC-32 with polynomial 0x04C11DB7, most significant bit first, initial value 0, complemented at
 * the end. Unlike POSIX cksum the length is not added (heartbeat 3.0.6, recorded).
 */
export function crc32(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) ^ (TABLE[((value >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  }
  return ~value >>> 0;
}
