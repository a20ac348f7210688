// IPv4 and IPv6 addresses between text and bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalIp,
  formatIp,
  parseIp,
  parseIpv4,
  parseIpv6,
  samePrefix,
} from '#src/wire/ip-address.js';

test('IPv4 is four decimal numbers without leading zeros', () => {
  assert.deepEqual(parseIpv4('192.168.0.64'), Uint8Array.of(192, 168, 0, 64));
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '1.2..4']) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test('IPv6 is read in every form and written in the one of RFC 5952', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['2001:0DB8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, canonical] of forms) assert.equal(canonicalIp(text), canonical, text);
});

test('what is no IPv6 address is refused', () => {
  const wrong = [
    ...['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::'],
    ...['g::', '12345::', 'fe80::1%eth0', '::1/64', '1.2.3.4::', '::1.2.3', '1:', ':1', '::1:'],
  ];
  for (const text of wrong) assert.equal(parseIpv6(text), undefined, text);
});

test('every address is read back as it was written', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 })
      .map((all) => Uint8Array.from(all)),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      assert.deepEqual(parseIp(formatIp(address) ?? ''), address);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('any text is refused or read, never thrown at', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseIp(text);
      parseIp(`::${text}`);
    }),
    { seed: 1 },
  );
  assert.equal(formatIp(new Uint8Array(5)), undefined);
});

test('two addresses share a prefix up to the bit', () => {
  const [a, b] = [Uint8Array.of(10, 77, 0, 1), Uint8Array.of(10, 77, 1, 1)];
  assert.equal(samePrefix(a, b, 23), true);
  assert.equal(samePrefix(a, b, 24), false);
  assert.equal(samePrefix(a, b, 0), true);
  assert.equal(samePrefix(a, a, 32), true);
  assert.equal(samePrefix(a, new Uint8Array(16), 0), false);
});
