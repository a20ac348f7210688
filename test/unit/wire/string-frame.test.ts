// The string frame: taken apart, built, and what is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { bytesToLatin1, latin1ToBytes } from '#src/base/bytes.js';
import { fieldsMax, messageBytesMax } from '#src/wire/frame.js';
import { binaryField, haMessage, textField } from '#src/wire/ha-message.js';
import { nestedMessage } from '#src/wire/nested-fields.js';
import { decodeStringFrame, encodeStringFrame, stringFormText } from '#src/wire/string-frame.js';

const frame = '>>>\nt=status\n(1)srcuuid=SwkoTE+BRRWcJNUqoamsyg==\ninfo=two\x13lines\nend=\n<<<\n';
const uuid = Uint8Array.from(Buffer.from('4b09284c4f8145159c24d52aa1a9acca', 'hex'));
const message = haMessage(
  textField('t', 'status'),
  binaryField('srcuuid', uuid),
  textField('info', 'two\nlines'),
  textField('end', ''),
);

const decode = (text: string): ReturnType<typeof decodeStringFrame> =>
  decodeStringFrame(latin1ToBytes(text));
const codeOf = (text: string): string => {
  const decoded = decode(text);
  return decoded.ok ? 'ok' : decoded.code;
};

describe('the string frame', () => {
  it('is taken apart into its fields in order', () => {
    const decoded = decode(frame);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, message);
  });

  it('is built byte for byte from a message', () => {
    assert.equal(bytesToLatin1(encodeStringFrame(message)), frame);
  });

  it('has lines without the frame for the inner signature', () => {
    assert.equal(`>>>\n${stringFormText(message)}<<<\n`, frame);
  });

  it('is accepted with empty lines before a field and with the NUL of local clients', () => {
    const decoded = decode('>>>\n\n\na=1\n<<<\n\0');
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, haMessage(textField('a', '1')));
  });

  it('keeps a nested message as a string frame of its own', () => {
    const decoded = decode('>>>\n(2)in=>>>\x14a=1\x14<<<\x14\n<<<\n');
    assert.ok(decoded.ok);
    const [nested] = decoded.value.fields;
    assert.ok(nested?.type === 2);
    assert.deepEqual(nestedMessage(nested), { ok: true, value: haMessage(textField('a', '1')) });
    assert.equal(
      bytesToLatin1(encodeStringFrame(decoded.value)),
      '>>>\n(2)in=>>>\x14a=1\x14<<<\x14\n<<<\n',
    );
  });

  it('is refused when a line has no equals sign, a bad type, a bad name or bad base64', () => {
    for (const line of ['status', '(9)a=1', '(x', '=1', '(1)a=A', '(1)a=AAA', 'a\0=1', 'a=\0']) {
      assert.equal(codeOf(`>>>\n${line}\n<<<\n`), 'malformed', line);
    }
  });

  it('is refused without its end or with bytes behind it', () => {
    assert.equal(codeOf('>>>\na=1\n'), 'malformed');
    assert.equal(codeOf('>>>\na=1'), 'malformed');
    assert.equal(codeOf('>>>\na=1\n<<<\nmore'), 'malformed');
  });

  it('is refused above the limits of bytes and fields', () => {
    assert.equal(codeOf(`>>>\na=${'x'.repeat(messageBytesMax)}\n<<<\n`), 'too-long');
    assert.equal(codeOf(`>>>\n${'a=1\n'.repeat(fieldsMax + 1)}<<<\n`), 'too-long');
    assert.equal(codeOf(`>>>\n${'n'.repeat(256)}=1\n<<<\n`), 'malformed');
  });

  it('is told from other bytes by its first four', () => {
    assert.equal(codeOf('###\n'), 'not-a-message');
    assert.equal(codeOf('>>>'), 'not-a-message');
    assert.equal(codeOf(''), 'not-a-message');
  });
});
