// Hostile and random bytes against the heartbeat wire: nothing throws, nothing takes long, and
// what was encoded decodes to itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { createKeyRing } from '#src/auth/key-ring.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import type { HaField, HaMessage } from '#src/wire/ha-message.js';
import { decodeNetstringFrame, encodeNetstringFrame } from '#src/wire/netstring-frame.js';
import { decodeStringFrame, encodeStringFrame } from '#src/wire/string-frame.js';

const seed = 20_260_119;
const vectorFile = new URL(
  '../../../test/conformance/vectors/heartbeat/ucast-sha1.json',
  import.meta.url,
);
interface Captured {
  readonly payload_base64: string;
}
const vectors = JSON.parse(readFileSync(vectorFile, 'utf8')) as readonly Captured[]; // our own file
const captured = vectors.map((vector) => Buffer.from(vector.payload_base64, 'base64'));

const madeRing = createKeyRing(1, [{ number: 1, method: 'sha1', key: 'labsecret' }], nodeHmac);
assert.ok(madeRing);
const ring = madeRing;

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ maxLength })
    .map((bytes) =>
      Buffer.from(bytes).toString('latin1').replaceAll('\0', 'x').replaceAll('\x13', 'x'),
    );
const name = latin1(20)
  .map((text) => text.replace(/[=\n(]/g, '_'))
  .filter((text) => text.length > 0 && text !== 'auth');
const field: fc.Arbitrary<HaField> = fc.oneof(
  fc.record({ name, type: fc.constant<0>(0), text: latin1(80) }),
  fc.record({
    name,
    type: fc.constantFrom<1 | 4>(1, 4),
    bytes: fc.uint8Array({ maxLength: 80 }).map((bytes) => new Uint8Array(bytes)),
  }),
);
const message: fc.Arbitrary<HaMessage> = fc.record({ fields: fc.array(field, { maxLength: 20 }) });

const plain = (given: HaMessage): unknown =>
  given.fields.map((each) =>
    each.type === 0
      ? [each.name, 0, each.text]
      : [each.name, each.type, Buffer.from(each.bytes).toString('hex')],
  );

describe('the heartbeat wire under hostile bytes', () => {
  it('decodes from the string frame what it encoded into it', () => {
    fc.assert(
      fc.property(message, (given) => {
        const decoded = decodeStringFrame(encodeStringFrame(given));
        assert.ok(decoded.ok, JSON.stringify(decoded));
        assert.deepEqual(plain(decoded.value), plain(given));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('decodes from the netstring frame what it encoded into it', () => {
    fc.assert(
      fc.property(message, (given) => {
        const decoded = decodeNetstringFrame(encodeNetstringFrame(given));
        assert.ok(decoded.ok, JSON.stringify(decoded));
        assert.deepEqual(plain(decoded.value.message), plain(given));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('opens what it sealed, in both frames and both formats', () => {
    fc.assert(
      fc.property(message, fc.constantFrom('classic', 'netstring'), (given, format) => {
        const sealed = sealMessage(given, ring, format);
        for (const bytes of [sealed.datagram, sealed.line]) {
          const opened = openMessage(bytes, ring);
          assert.ok(opened.ok, JSON.stringify(opened));
          const fields = opened.value.message.fields.filter((each) => each.name !== 'auth');
          assert.deepEqual(plain({ fields }), plain(given));
        }
      }),
      { seed, numRuns: 200 },
    );
  });

  it('refuses every captured message in which a byte was changed, without throwing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...captured),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, flip) => {
          const mutated = Uint8Array.from(bytes);
          const index = at % mutated.length;
          mutated[index] = (mutated[index] ?? 0) ^ flip;
          assert.equal(openMessage(bytes, ring).ok, true);
          assert.equal(openMessage(mutated, ring).ok, false);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it('answers any bytes behind a start mark with a value', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('###\n', '>>>\n', '###', ''),
        fc.uint8Array({ maxLength: 300 }),
        (start, rest) => {
          const opened = openMessage(Buffer.concat([Buffer.from(start), rest]), ring);
          assert.equal(opened.ok, false);
        },
      ),
      { seed, numRuns: 1000 },
    );
  });

  it('is done with the largest hostile datagrams in bounded time', () => {
    const hostile = [
      `###\n${'0:,'.repeat(80_000)}`,
      `###\n${'6:(0)a=b,'.repeat(25_000)}%%%\n`,
      `>>>\n${'\n'.repeat(250_000)}`,
      `>>>\n${'a=\n'.repeat(80_000)}<<<\n`,
      `>>>\n${'='.repeat(250_000)}`,
      `###\n${'9'.repeat(250_000)}`,
    ];
    for (const text of hostile) {
      const began = performance.now();
      assert.equal(openMessage(Buffer.from(text), ring).ok, false);
      assert.ok(performance.now() - began < 5000, text.slice(0, 20));
    }
  });
});
