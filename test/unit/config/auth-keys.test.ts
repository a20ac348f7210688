// authkeys: the messages of heartbeat 3.0.6, and no key in any of them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { parseAuthKeys } from '#src/config/auth-keys.js';
import { describeDiagnostics } from '#src/config/diagnostic.js';

const secret = 'penguinsecret';
const messages = (text: string, mode = 0o600): readonly string[] =>
  parseAuthKeys(text, 'authkeys', mode).diagnostics.map((each) => each.message);

describe('authkeys', () => {
  it('gives the keys and the number of the one that signs', () => {
    const text = `# both nodes\nauth 2\n\n1 crc\n2 sha1 ${secret}\n15 md5 old\n`;
    assert.deepEqual(parseAuthKeys(text, 'authkeys', 0o600), {
      config: {
        current: 2,
        keys: [
          { number: 1, method: 'crc', key: '' },
          { number: 2, method: 'sha1', key: secret },
          { number: 15, method: 'md5', key: 'old' },
        ],
      },
      diagnostics: [],
    });
  });

  it('is refused when others may read it, in the words of heartbeat 3.0.6', () => {
    for (const mode of [0o640, 0o604, 0o644]) {
      assert.deepEqual(messages('auth 1\n1 crc\n', mode), [
        'Bad permissions on keyfile [authkeys], 600 recommended.',
      ]);
    }
    assert.deepEqual(messages('auth 1\n1 crc\n', 0o400), []);
  });

  it('brings a warning when others may write it', () => {
    const parsed = parseAuthKeys('auth 1\n1 crc\n', 'authkeys', 0o620);
    assert.ok(parsed.config);
    assert.equal(parsed.diagnostics[0]?.severity, 'warning');
  });

  it('is refused in the words of heartbeat 3.0.6 when an entry is wrong', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['auth\n1 crc\n', 'Invalid auth line [auth]'],
      ['auth 16\n1 crc\n', 'Invalid authnum [16]'],
      ['auth 1\n1 sha2 x\n', 'Invalid authtype [sha2]'],
      ['auth 1\n1 md5\n', 'Auth method [md5] requires a key'],
      ['auth 1\n1 crc x\n', "Auth method [crc] doesn't use a key"],
      ['1 crc\n', 'Missing auth directive in keyfile [authkeys]'],
      ['auth 2\n1 crc\n', 'Auth Key [2] not found in keyfile [authkeys]'],
    ];
    for (const [text, message] of cases) assert.ok(messages(text).includes(message), message);
    assert.match(messages('auth 1\n1\n').join(), /Auth line \[1\] is invalid\./);
  });

  it('needs the auth line above the key that it names', () => {
    const { config, diagnostics } = parseAuthKeys('1 crc\nauth 1\n', 'authkeys', 0o600);
    assert.equal(config, undefined);
    assert.equal(diagnostics[0]?.hint, 'move the auth line above the key that it names');
  });

  it('never shows a key, wherever the key stands', () => {
    const broken = [
      `auth 1\n1 sha2 ${secret}\n`,
      `auth 1\n1 crc ${secret}\n`,
      `auth 1\n1 ${secret}\n`,
      `auth 1\n${secret}\n`,
      `auth ${secret}\n1 crc\n`,
      `auth 1 ${secret}\n1 crc\n`,
      `auth 1\n99 sha1 ${secret}\n`,
      `auth 1\n1 sha1 ${secret} ${secret}\n`,
      `auth 1\n1 sha1 ${secret}\n1 sha1 ${secret}\n`,
      `auth 1\n${secret} sha1 ${secret}\n`,
      `a${secret} 1\n1 crc\n`,
    ];
    for (const text of broken) {
      const { diagnostics } = parseAuthKeys(text, 'authkeys', 0o644);
      assert.ok(diagnostics.length > 0, text);
      assert.ok(!JSON.stringify(diagnostics).includes(secret), text);
      assert.ok(!describeDiagnostics(diagnostics).includes(secret), text);
    }
  });
});
