// Sealing and opening: which signature stands where, which key is believed, which code refuses.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { type AuthKey, createKeyRing, type KeyRing } from '#src/auth/key-ring.js';
import { bytesToLatin1, latin1ToBytes } from '#src/base/bytes.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { haMessage, textField } from '#src/wire/ha-message.js';

const first: AuthKey = { number: 1, method: 'sha1', key: 'penguin' };
const second: AuthKey = { number: 2, method: 'md5', key: 'emperor' };
const checksum: AuthKey = { number: 3, method: 'crc', key: '' };

const ringOf = (current: number, ...keys: AuthKey[]): KeyRing => {
  const ring = createKeyRing(current, keys, nodeHmac);
  assert.ok(ring);
  return ring;
};
const message = haMessage(textField('t', 'status'), textField('src', 'mom'));
const codeOf = (bytes: Uint8Array, ring: KeyRing): string => {
  const opened = openMessage(bytes, ring);
  return opened.ok ? 'ok' : opened.code;
};

describe('sealing a message', () => {
  it('in classic format puts the inner signature last into both frames', () => {
    const sealed = sealMessage(message, ringOf(3, checksum), 'classic');
    assert.match(bytesToLatin1(sealed.datagram), /,\d+:\(0\)auth=3 [0-9a-f]{1,8},%%%\n/);
    assert.match(bytesToLatin1(sealed.line), /\nauth=3 [0-9a-f]{1,8}\n<<<\n$/);
  });

  it('in netstring format puts the inner signature on serial lines only', () => {
    const sealed = sealMessage(message, ringOf(1, first), 'netstring');
    assert.doesNotMatch(bytesToLatin1(sealed.datagram), /auth/);
    assert.match(bytesToLatin1(sealed.line), /\nauth=1 [0-9a-f]{40}\n<<<\n$/);
  });

  it('replaces an auth field that the message brings along', () => {
    const forged = haMessage(textField('auth', '1 00'), ...message.fields);
    assert.deepEqual(
      sealMessage(forged, ringOf(1, first), 'classic'),
      sealMessage(message, ringOf(1, first), 'classic'),
    );
  });
});

describe('opening a message', () => {
  const sealed = sealMessage(message, ringOf(1, first, second), 'classic');

  it('accepts the key that is named, also when another one is current here', () => {
    const rolling = ringOf(2, first, second);
    assert.equal(codeOf(sealed.datagram, rolling), 'ok');
    assert.equal(codeOf(sealed.line, rolling), 'ok');
  });

  it('accepts on datagrams the current key value under the named method, as 3.0.6 does', () => {
    const named = ringOf(2, { ...first, key: 'other' }, { ...second, key: first.key });
    assert.equal(codeOf(sealed.datagram, named), 'ok');
    assert.equal(codeOf(sealed.line, named), 'bad-digest');
  });

  it('never judges a keyed method by an empty key', () => {
    const forger = ringOf(1, { number: 1, method: 'sha1', key: '' });
    const forged = sealMessage(message, forger, 'classic').datagram;
    assert.equal(codeOf(forged, ringOf(3, first, checksum)), 'bad-digest');
  });

  it('refuses a wrong key, an unknown number and a missing signature by code', () => {
    const other = ringOf(1, { ...first, key: 'puffin' });
    assert.equal(codeOf(sealed.datagram, other), 'bad-digest');
    assert.equal(codeOf(sealed.line, other), 'bad-digest');
    assert.equal(codeOf(sealed.datagram, ringOf(2, second)), 'unknown-key');
    assert.equal(codeOf(sealed.line, ringOf(2, second)), 'unknown-key');
    assert.equal(codeOf(latin1ToBytes('>>>\na=1\n<<<\n'), other), 'no-auth');
    assert.equal(codeOf(latin1ToBytes('###\n6:(0)a=1,%%%\n'), other), 'no-auth');
  });

  it('refuses a signature that is not number, blank and lower-case hex', () => {
    const line = bytesToLatin1(sealed.line);
    const digest = /auth=1 ([0-9a-f]+)/.exec(line)?.[1] ?? '';
    for (const auth of [`1  ${digest}`, `+1 ${digest}`, `1 ${digest.toUpperCase()}`, '1 ', '']) {
      const forged = latin1ToBytes(line.replace(/auth=.*/, `auth=${auth}`));
      assert.equal(codeOf(forged, ringOf(1, first)), 'bad-digest', auth);
    }
  });

  it('refuses bytes that are no frame', () => {
    assert.equal(codeOf(latin1ToBytes('hello'), ringOf(1, first)), 'not-a-message');
  });
});
