// The three digests against independent values, and the rules of the key ring.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { crc32 } from '#src/auth/crc.js';
import { createKeyRing, signatureBy } from '#src/auth/key-ring.js';
import { latin1ToBytes } from '#src/base/bytes.js';
import { nodeHmac } from '#src/runtime/hmac.js';

describe('the key ring', () => {
  it('does not come about without the current key', () => {
    assert.equal(createKeyRing(2, [{ number: 1, method: 'crc', key: '' }], nodeHmac), undefined);
  });

  it('signs by HMAC with md5 and sha1 (RFC 2202, second test case)', () => {
    const ring = createKeyRing(
      1,
      [
        { number: 1, method: 'md5', key: 'Jefe' },
        { number: 2, method: 'sha1', key: 'Jefe' },
        { number: 4, method: 'sha256', key: 'Jefe' },
      ],
      nodeHmac,
    );
    assert.ok(ring);
    const bytes = latin1ToBytes('what do ya want for nothing?');
    assert.equal(signatureBy(ring, 1, bytes), '1 750c783e6ab0b503eaa86e310a5db738');
    assert.equal(signatureBy(ring, 2, bytes), '2 effcdf6ae5eb2fa2d27416d5f184df9c259a7c79');
    // RFC 4231, second test case.
    const sha256 = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    assert.equal(signatureBy(ring, 4, bytes), `4 ${sha256}`);
    assert.equal(signatureBy(ring, 3, bytes), undefined);
  });

  it('prints a checksum without leading zeros', () => {
    const ring = createKeyRing(0, [{ number: 0, method: 'crc', key: '' }], nodeHmac);
    assert.ok(ring);
    let short: string | undefined;
    for (let i = 0; i < 1000 && short === undefined; i++) {
      const bytes = latin1ToBytes(`${i}`);
      if (crc32(bytes) < 0x1000_0000) short = signatureBy(ring, 0, bytes);
    }
    assert.match(short ?? '', /^0 [1-9a-f][0-9a-f]{0,6}$/);
  });

  it('computes the CRC of the check string as CRC-32/CKSUM without the length', () => {
    // Worked by polynomial division: initial value 0, no reflection, complement at the end.
    let remainder = 0n;
    for (const character of '123456789') {
      remainder = (remainder << 8n) | BigInt(character.charCodeAt(0));
    }
    remainder <<= 32n;
    for (let bit = 103n; bit >= 32n; bit--) {
      if ((remainder >> bit) & 1n) remainder ^= 0x104c11db7n << (bit - 32n);
    }
    assert.equal(BigInt(crc32(latin1ToBytes('123456789'))), remainder ^ 0xffffffffn);
  });
});
