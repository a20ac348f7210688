// Messages captured from two heartbeat 3.0.6 daemons, taken apart, verified and built anew byte
// for byte. Each vector holds the authkeys file of its run and what a reader is to see in it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { innerSignedBytes, openMessage, sealMessage } from '#src/auth/envelope.js';
import { type AuthMethod, createKeyRing, type KeyRing, signatureBy } from '#src/auth/key-ring.js';
import { bytesToHex } from '#src/base/bytes.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { fieldText, type HaMessage, withoutField } from '#src/wire/ha-message.js';
import { decodeNetstringFrame } from '#src/wire/netstring-frame.js';

interface Vector {
  readonly format: 'netstring' | 'string';
  readonly authkeys: string;
  readonly payload_base64: string;
  readonly decoded: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, number>>;
  readonly outer_auth?: string;
  readonly note: string;
}

const folder = new URL('../../../test/conformance/vectors/heartbeat/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const ringOf = (authkeys: string): KeyRing => {
  const current = Number(/^auth ([0-9]+)/m.exec(authkeys)?.[1]);
  const keys = [...authkeys.matchAll(/^([0-9]+) (crc|md5|sha1)(?: (\S+))?$/gm)].map((match) => ({
    number: Number(match[1]),
    method: match[2] as AuthMethod, // the expression admits no other word
    key: match[3] ?? '',
  }));
  const ring = createKeyRing(current, keys, nodeHmac);
  assert.ok(ring, authkeys);
  return ring;
};

const readable = (message: HaMessage): Record<string, string> =>
  Object.fromEntries(
    message.fields.map((field) => [
      field.name,
      field.type === 0 ? field.text : bytesToHex(field.bytes),
    ]),
  );

const vectorsOf = (name: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly Vector[]; // our own file

describe('captured heartbeat messages', () => {
  it('are present, so that an empty folder cannot pass', () => {
    assert.ok(files.length >= 15, `${files.length} files`);
  });

  for (const name of files) {
    const vectors = vectorsOf(name);

    it(`of ${name} verify and show the recorded fields`, () => {
      for (const [index, vector] of vectors.entries()) {
        const bytes = Buffer.from(vector.payload_base64, 'base64');
        const opened = openMessage(bytes, ringOf(vector.authkeys));
        assert.ok(opened.ok, `${name}[${index}]: ${JSON.stringify(opened)}`);
        assert.equal(opened.value.frame, vector.format);
        assert.deepEqual(readable(opened.value.message), vector.decoded);
        for (const field of opened.value.message.fields) {
          assert.equal(field.type, vector.types[field.name] ?? 0);
        }
      }
    });

    it(`of ${name} carry the inner signature that we compute`, () => {
      for (const vector of vectors) {
        const bytes = Buffer.from(vector.payload_base64, 'base64');
        const ring = ringOf(vector.authkeys);
        const opened = openMessage(bytes, ring);
        assert.ok(opened.ok);
        const auth = fieldText(opened.value.message, 'auth');
        if (auth === undefined) continue;
        const number = Number(auth.split(' ')[0]);
        assert.equal(signatureBy(ring, number, innerSignedBytes(opened.value.message)), auth);
      }
    });

    it(`of ${name} are sealed byte for byte from their fields`, () => {
      for (const [index, vector] of vectors.entries()) {
        const bytes = Buffer.from(vector.payload_base64, 'base64');
        const ring = ringOf(vector.authkeys);
        const opened = openMessage(bytes, ring);
        assert.ok(opened.ok);
        const { message } = opened.value;
        const isClassic = fieldText(message, 'auth') !== undefined;
        const sealed = sealMessage(
          withoutField(message, 'auth'),
          ring,
          isClassic ? 'classic' : 'netstring',
        );
        const built = vector.format === 'string' ? sealed.line : sealed.datagram;
        assert.equal(Buffer.from(built).toString('base64'), vector.payload_base64, `${index}`);
      }
    });
  }

  it('in the netstring frame show their trailer', () => {
    for (const vector of vectorsOf('ucast-sha1.json')) {
      const frame = decodeNetstringFrame(Buffer.from(vector.payload_base64, 'base64'));
      assert.ok(frame.ok);
      assert.equal(frame.value.signature, vector.outer_auth);
    }
  });
});
