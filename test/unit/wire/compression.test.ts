// Compressed messages: what is packed, what is unpacked, and that a bomb stays small.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { createKeyRing, sign } from '#src/auth/key-ring.js';
import { concatBytes, latin1ToBytes } from '#src/base/bytes.js';
import { nodeCompressor } from '#src/runtime/compressor.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { type Compression, uncompressedBytesMax } from '#src/wire/compression.js';
import {
  binaryField,
  fieldText,
  type HaMessage,
  haMessage,
  textField,
  withField,
} from '#src/wire/ha-message.js';
import { listField, listTexts, nestedField, nestedMessage } from '#src/wire/nested-fields.js';
import {
  decodeNetstringFrame,
  encodeNetstringFrame,
  withSignature,
} from '#src/wire/netstring-frame.js';
import { decodeStringFrame, encodeStringFrame } from '#src/wire/string-frame.js';

const made = createKeyRing(1, [{ number: 1, method: 'sha1', key: 'penguin' }], nodeHmac);
assert.ok(made);
const ring = made;

const compression = (method: 'zlib' | 'bz2', isTraditional: boolean): Compression => ({
  method,
  thresholdBytes: 2048,
  isTraditional,
  compressor: nodeCompressor,
});

const long = 'node penguin-dad is active and holds all of it. '.repeat(200);
const large = haMessage(textField('t', 'status'), textField('info', long));

const fieldsOf = (bytes: Uint8Array): readonly string[] => {
  const decoded = decodeNetstringFrame(bytes);
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.message.fields.map((field) => `${field.name}:${field.type}`);
};

const signed = (message: HaMessage): Uint8Array => {
  const frame = encodeNetstringFrame(message);
  return withSignature(frame, sign(ring, frame));
};

describe('traditional compression', () => {
  for (const method of ['zlib', 'bz2'] as const) {
    it(`packs a whole message by ${method} into two fields and unpacks it again`, () => {
      const sealed = sealMessage(large, ring, 'classic', compression(method, true));
      assert.deepEqual(fieldsOf(sealed.datagram), [
        '_compressed_payload:1',
        '_compression_algorithm:0',
      ]);
      for (const bytes of [sealed.datagram, sealed.line]) {
        assert.ok(bytes.length < 1000);
        const opened = openMessage(bytes, ring, nodeCompressor);
        assert.ok(opened.ok, JSON.stringify(opened));
        assert.equal(fieldText(opened.value.message, 'info'), long);
      }
    });
  }

  it('reads the string frame that 3.0.6 packs with msgfmt classic', () => {
    const frame = encodeStringFrame(withField(large, textField('auth', '1 abc')));
    // 3.0.6 packs the NUL behind the frame as well.
    const payload = nodeCompressor.compress('zlib', concatBytes(frame, Uint8Array.of(0)));
    assert.ok(payload);
    const message = haMessage(
      binaryField('_compressed_payload', payload),
      textField('_compression_algorithm', 'zlib'),
    );
    const opened = openMessage(signed(message), ring, nodeCompressor);
    assert.ok(opened.ok, JSON.stringify(opened));
    assert.equal(fieldText(opened.value.message, 'info'), long);
  });

  it('leaves alone what is not above the threshold', () => {
    const small = haMessage(textField('t', 'status'));
    const sealed = sealMessage(small, ring, 'classic', compression('zlib', true));
    assert.deepEqual(fieldsOf(sealed.datagram), ['t:0', 'auth:0']);
  });

  it('refuses a method that it does not know, and a payload that is none', () => {
    for (const [payload, name] of [
      [nodeCompressor.compress('zlib', encodeNetstringFrame(large)), 'lzma'],
      [Uint8Array.of(1, 2, 3), 'zlib'],
      [Uint8Array.of(0x42, 0x5a, 0x68, 0x39, 0), 'bz2'],
      [nodeCompressor.compress('zlib', latin1ToBytes('t=x\n')), 'zlib'],
    ] as const) {
      assert.ok(payload);
      const message = haMessage(
        binaryField('_compressed_payload', payload),
        textField('_compression_algorithm', name),
      );
      const opened = openMessage(signed(message), ring, nodeCompressor);
      assert.equal(opened.ok, false);
    }
  });

  for (const method of ['zlib', 'bz2'] as const) {
    it(`refuses a bomb of ${method} without unpacking it`, () => {
      const bomb = nodeCompressor.compress(method, new Uint8Array(32 * 1024 * 1024));
      assert.ok(bomb);
      const message = haMessage(
        binaryField('_compressed_payload', bomb),
        textField('_compression_algorithm', method),
      );
      const before = process.memoryUsage().arrayBuffers;
      const began = performance.now();
      assert.equal(openMessage(signed(message), ring, nodeCompressor).ok, false);
      assert.ok(performance.now() - began < 1000);
      assert.ok(process.memoryUsage().arrayBuffers - before < 4 * uncompressedBytesMax);
    });
  }

  it('takes nothing apart that is not signed', () => {
    const sealed = sealMessage(large, ring, 'classic', compression('zlib', true));
    const never = {
      compress: () => undefined,
      decompress: () => assert.fail('unpacked before it was believed'),
    };
    const forged = sealed.datagram.with(sealed.datagram.length - 3, 0x7a);
    assert.equal(openMessage(forged, ring, never).ok, false);
  });
});

describe('compressed fields', () => {
  const inner = haMessage(textField('cib', long));
  const marked: HaMessage = {
    fields: [textField('t', 'cib'), { name: 'body', type: 5, bytes: encodeNetstringFrame(inner) }],
  };

  it('are packed when they are marked and large, and come back as nested messages', () => {
    const sealed = sealMessage(marked, ring, 'classic', compression('bz2', false));
    assert.deepEqual(fieldsOf(sealed.datagram), ['t:0', 'body:4']);
    const opened = openMessage(sealed.datagram, ring, nodeCompressor);
    assert.ok(opened.ok);
    const [, body] = opened.value.message.fields;
    assert.ok(body);
    const nested = nestedMessage(body);
    assert.ok(nested.ok);
    assert.equal(fieldText(nested.value, 'cib'), long);
  });

  it('go as plain nested messages where nothing is compressed', () => {
    const sealed = sealMessage(marked, ring, 'classic');
    assert.deepEqual(fieldsOf(sealed.datagram), ['t:0', 'body:2']);
  });

  it('share one limit: many small bombs are no way around it', () => {
    const part = nodeCompressor.compress('zlib', new Uint8Array(1024 * 1024));
    assert.ok(part);
    const bombs: HaMessage = {
      fields: Array.from({ length: 100 }, (_, n) => ({ name: `b${n}`, type: 4, bytes: part })),
    };
    assert.equal(openMessage(signed(bombs), ring, nodeCompressor).ok, false);
  });
});

describe('nested fields and lists', () => {
  it('keep their nested messages through the string frame, at three depths', () => {
    const deepest = haMessage(textField('c', 'two\nlines'));
    const middle = haMessage(nestedField('b', deepest), textField('x', ''));
    const message = haMessage(nestedField('a', middle), textField('t', 'nest'));
    const bytes = encodeStringFrame(message);
    assert.ok(Buffer.from(bytes).includes('(2)a=>>>\x14(2)b=>>>\x15c=two\x13lines\x15<<<\x15\x14'));
    const decoded = decodeStringFrame(bytes);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, message);
  });

  it('are bounded in depth', () => {
    let message = haMessage(textField('t', 'x'));
    for (let depth = 0; depth < 200; depth++) message = haMessage(nestedField('n', message));
    const decoded = decodeStringFrame(encodeStringFrame(message));
    assert.ok(decoded.ok);
  });

  it('hold lists of texts', () => {
    const field = listField('names', ['mom', '', 'a,b:c']);
    assert.deepEqual(listTexts(field), ['mom', '', 'a,b:c']);
    assert.equal(listTexts({ name: 'x', type: 3, bytes: latin1ToBytes('3:ab,') }), undefined);
    assert.equal(listTexts({ name: 'x', type: 3, bytes: latin1ToBytes('9999:') }), undefined);
  });
});
