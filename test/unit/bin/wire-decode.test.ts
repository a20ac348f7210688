// The magnifying glass over captured messages and over what is none.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';

import { runWireDecode } from '#src/bin/wire-decode.js';

interface Vector {
  readonly authkeys: string;
  readonly payload_base64: string;
  readonly decoded: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'lubdub-wire-'));
after(() => rmSync(folder, { recursive: true }));

const vectorsOf = (name: string): readonly Vector[] => {
  const path = `../../../../test/conformance/vectors/heartbeat/${name}`;
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Vector[]; // our file
};

async function decode(
  authkeys: string,
  lines: string,
  json = true,
): Promise<{ readonly status: number; readonly text: string }> {
  const authkeysPath = join(folder, 'authkeys');
  writeFileSync(authkeysPath, authkeys);
  let text = '';
  const write = (piece: string): void => {
    text += piece;
  };
  const input = Readable.from([lines]);
  return { status: await runWireDecode({ authkeysPath, json, input, write }), text };
}

const objects = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

describe('lubdub wire decode', () => {
  for (const name of ['ucast-sha1.json', 'bcast-sha1-netstring.json', 'serial-md5.json']) {
    it(`shows each message of ${name} and rebuilds it byte for byte`, async () => {
      const vectors = vectorsOf(name);
      const lines = vectors.map((vector, at) => {
        const bytes = Buffer.from(vector.payload_base64, 'base64');
        return at % 2 === 0 ? vector.payload_base64 : bytes.toString('hex');
      });
      const { status, text } = await decode(vectors[0]?.authkeys ?? '', lines.join('\n'));
      assert.equal(status, 0);
      const seen = objects(text);
      assert.equal(seen.length, vectors.length);
      for (const [at, vector] of vectors.entries()) {
        const isString = name.startsWith('serial');
        assert.deepEqual(seen[at], {
          ok: true,
          code: null,
          frame: isString ? 'string' : 'netstring',
          fields: vector.decoded,
          auth: {
            inner: vector.decoded.auth === undefined ? 'absent' : 'ok',
            outer: isString ? 'absent' : 'ok',
          },
          reencoded: vector.payload_base64,
        });
      }
    });
  }

  it('tells bad lines by code and goes on', async () => {
    const good = vectorsOf('ucast-sha1.json')[0]?.payload_base64 ?? '';
    const lines = ['***', '', 'AAAA', 'IyMjCg==', '232323', good];
    const { status, text } = await decode('auth 1\n1 sha1 labsecret\n', lines.join('\n'));
    assert.equal(status, 0);
    assert.deepEqual(
      objects(text).map((each) => (each as { code: string | null }).code),
      ['not-encoded', 'not-a-message', 'malformed', 'not-a-message', null],
    );
  });

  it('shows a message under a wrong key with its fields and both signatures bad', async () => {
    const [vector] = vectorsOf('ucast-sha1.json');
    const { text } = await decode('auth 1\n1 sha1 other\n', vector?.payload_base64 ?? '');
    const [seen] = objects(text) as Record<string, unknown>[];
    assert.equal(seen?.ok, false);
    assert.equal(seen?.code, 'bad-digest');
    assert.deepEqual(seen?.fields, vector?.decoded);
    assert.deepEqual(seen?.auth, { inner: 'bad', outer: 'bad' });
  });

  it('prints fields for people and lets no byte steer the terminal', async () => {
    const frame = Buffer.from('>>>\nt=st\x1b[2Jatus\n(1)u=AAE=\nauth=1 00\n<<<\n', 'latin1');
    const { text } = await decode('auth 1\n1 crc\n', frame.toString('base64'), false);
    assert.equal(
      text,
      'message 1: string frame, refused: bad-digest (key 1 (crc)); ' +
        'inner signature bad, outer signature absent\n' +
        '  t        st\\x1b[2Jatus\n' +
        '  u    (1) 0001\n' +
        '  auth     1 00\n' +
        '  (our encoder would write other bytes)\n\n',
    );
  });

  it('ends with 2 on an invalid key file and with 3 on a missing one', async () => {
    assert.equal((await decode('nonsense\n', '')).status, 2);
    const options = { json: true, input: Readable.from(['']), write: (): void => undefined };
    const authkeysPath = join(folder, 'missing');
    assert.equal(await runWireDecode({ authkeysPath, ...options }), 3);
  });
});
