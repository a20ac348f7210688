// Access-Request and its answer: the bytes that the original was recorded to send.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesToHex, concatBytes, hexToBytes, latin1ToBytes } from '#src/base/bytes.js';
import { emitAccessRequest, type Md5, parseAccessAnswer } from '#src/wire/radius-packet.js';

const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest();

const recorded =
  '010e003373efde201f62070a64f94035ba73cdf1010770726f62650212' +
  'c8edba926f539b4eda6a8ed4bea3e5a004060a151101';

const bytes = (hex: string): Uint8Array => hexToBytes(hex) ?? new Uint8Array();

const request = {
  identifier: 0x0e,
  authenticator: bytes('73efde201f62070a64f94035ba73cdf1'),
  user: 'probe',
  password: 'pw',
  secret: 's3cret',
  nasAddress: '10.21.17.1',
};

function answerOf(code: number, identifier: number, secret: string): Uint8Array {
  const head = Uint8Array.of(code, identifier, 0, 20);
  const proof = md5(concatBytes(head, request.authenticator, latin1ToBytes(secret)));
  return concatBytes(head, proof);
}

test('a request is built as recorded', () => {
  assert.equal(bytesToHex(emitAccessRequest(request, md5)), recorded);
});

test('a password longer than a block is hidden block by block', () => {
  const long = emitAccessRequest({ ...request, password: 'x'.repeat(20) }, md5);
  assert.equal(long[27 + 1], 2 + 32, 'two blocks');
});

test('an answer that is proven is read', () => {
  assert.equal(parseAccessAnswer(answerOf(2, 0x0e, 's3cret'), request, md5), 'accept');
  assert.equal(parseAccessAnswer(answerOf(3, 0x0e, 's3cret'), request, md5), 'reject');
  assert.equal(parseAccessAnswer(answerOf(11, 0x0e, 's3cret'), request, md5), 'challenge');
});

test('an answer with another secret, another number or of another kind is none', () => {
  assert.equal(parseAccessAnswer(answerOf(2, 0x0e, 'guessed'), request, md5), undefined);
  assert.equal(parseAccessAnswer(answerOf(2, 0x0f, 's3cret'), request, md5), undefined);
  assert.equal(parseAccessAnswer(answerOf(5, 0x0e, 's3cret'), request, md5), undefined);
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
      assert.equal(parseAccessAnswer(any, request, md5), undefined);
    }),
  );
});
