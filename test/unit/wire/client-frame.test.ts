// What clients and the daemon exchange on the registration socket.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes, latin1ToBytes } from '#src/base/bytes.js';
import { createClientFrameReader, encodeClientFrame } from '#src/wire/client-frame.js';
import { messageBytesMax } from '#src/wire/frame.js';
import { haMessage, textField } from '#src/wire/ha-message.js';

const message = haMessage(textField('t', 'hbapi-req'), textField('reqtype', 'numnodes'));

describe('a client message', () => {
  it('begins with its length and heartbeat`s mark, and ends with a NUL in the string frame', () => {
    const bytes = encodeClientFrame(message, 'classic');
    const body = latin1ToBytes('>>>\nt=hbapi-req\nreqtype=numnodes\n<<<\n\0');
    const head = new Uint8Array(Uint32Array.of(body.length, 0xabcd).buffer);
    assert.deepEqual(bytes, concatBytes(head, body));
  });

  it('is read in either frame, in whatever pieces it comes', () => {
    const both = concatBytes(
      encodeClientFrame(message, 'classic'),
      encodeClientFrame(message, 'netstring'),
    );
    for (const size of [1, 3, 7, 50, 1000]) {
      const reader = createClientFrameReader();
      let count = 0;
      for (let at = 0; at < both.length; at += size) {
        const read = reader.read(both.subarray(at, at + size));
        assert.ok(read.ok);
        for (const each of read.value) {
          assert.deepEqual(each, message);
          count++;
        }
      }
      assert.equal(count, 2, `pieces of ${size}`);
    }
  });

  it('is refused with another mark, above the limit, or when it is no message', () => {
    const code = (...words: readonly number[]): string => {
      const read = createClientFrameReader().read(new Uint8Array(Uint32Array.from(words).buffer));
      return read.ok ? 'ok' : read.code;
    };
    assert.equal(code(10, 0xabce), 'bad-mark');
    assert.equal(code(messageBytesMax + 2, 0xabcd), 'too-long');
    assert.equal(code(4, 0xabcd, 0x6f6c6568), 'malformed');
    assert.equal(code(0, 0xabcd), 'malformed');
  });

  it('of any bytes is never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isHeaded) => {
        const head = new Uint8Array(Uint32Array.of(bytes.length, 0xabcd).buffer);
        createClientFrameReader().read(isHeaded ? concatBytes(head, bytes) : bytes);
      }),
    );
  });
});
