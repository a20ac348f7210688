// The netstring frame: taken apart, built, and what is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { bytesToLatin1, latin1ToBytes } from '#src/base/bytes.js';
import { fieldsMax } from '#src/wire/frame.js';
import { binaryField, haMessage, textField } from '#src/wire/ha-message.js';
import {
  decodeNetstringFrame,
  encodeNetstringFrame,
  withSignature,
} from '#src/wire/netstring-frame.js';

const signed = '###\n11:(0)t=status,8:(1)u=\0=,,6:(0)e=\n,%%%\n';
const frame = `${signed}10:1 99325f90,`;
const message = haMessage(
  textField('t', 'status'),
  binaryField('u', Uint8Array.of(0, 0x3d, 0x2c)),
  textField('e', '\n'),
);

const decode = (text: string): ReturnType<typeof decodeNetstringFrame> =>
  decodeNetstringFrame(latin1ToBytes(text));
const codeOf = (text: string): string => {
  const decoded = decode(text);
  return decoded.ok ? 'ok' : decoded.code;
};

describe('the netstring frame', () => {
  it('is taken apart into fields, signed bytes and signature', () => {
    const decoded = decode(frame);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.message, message);
    assert.equal(bytesToLatin1(decoded.value.signed), signed);
    assert.equal(decoded.value.signature, '1 99325f90');
  });

  it('is built byte for byte from a message and its signature', () => {
    const built = withSignature(encodeNetstringFrame(message), '1 99325f90');
    assert.equal(bytesToLatin1(built), frame);
  });

  it('has no signature when it ends behind its end mark', () => {
    for (const text of [signed, `${signed}\0`]) {
      const decoded = decode(text);
      assert.ok(decoded.ok);
      assert.equal(decoded.value.signature, undefined);
    }
  });

  it('is refused, not fatal, when a type mark is missing: heartbeat 3.0.6 ends there', () => {
    for (const field of ['3:a=1,', '6:(0 a=1,', '6:(x)a=1,', '6:(5)a=1,', '5:0)a=1,', '0:,']) {
      assert.equal(codeOf(`###\n${field}%%%\n10:1 99325f90,`), 'malformed', field);
    }
  });

  it('is refused when a length is wrong, signed, padded or runs past the end', () => {
    for (const length of ['5', '7', '+6', '-6', '06', ' 6', '', '600', '9999999999']) {
      assert.equal(codeOf(`###\n${length}:(0)a=1,%%%\n`), 'malformed', length);
    }
  });

  it('is refused when a name is empty or could not stand in the string frame', () => {
    for (const field of ['5:(0)=1,', '7:(0)(a=1,', '7:(0)\na=1,', '5:(0)ab,', '6:(0)a=\0,']) {
      assert.equal(codeOf(`###\n${field}%%%\n`), 'malformed', field);
    }
  });

  it('is refused without its end or with bytes behind the signature', () => {
    assert.equal(codeOf('###\n6:(0)a=1,'), 'malformed');
    assert.equal(codeOf(`${frame}x`), 'malformed');
    assert.equal(codeOf(`${signed}10:1 99325f9,`), 'malformed');
  });

  it('is refused above the limit of fields', () => {
    assert.equal(codeOf(`###\n${'6:(0)a=1,'.repeat(fieldsMax + 1)}%%%\n`), 'too-long');
  });
});
