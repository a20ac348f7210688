// The dialogues without a socket: what is said, what is understood, what is bounded.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesToLatin1, latin1ToBytes } from '#src/base/bytes.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import {
  ANSWER_BYTES_MAX,
  createDialogue,
  type DialogueScript,
  utf8Text,
} from '#src/checks/dialogue.js';
import { nntpScript, simpleTcpScript, sipScript } from '#src/checks/line-dialogues.js';
import { imapScript, popScript, smtpScript } from '#src/checks/mail-dialogues.js';
import { matchReceive } from '#src/runtime/checks/receive-match.js';

const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');
const user = { login: 'probe', password: 'pw' };
const nobody = { login: '', password: '' };

interface Talked {
  readonly said: string;
  readonly verdict: CheckVerdict | undefined;
}

/** The server says these in turn, whatever it hears; then it closes if `closes`. */
function talk(script: DialogueScript, server: readonly string[], closes = false): Talked {
  const dialogue = createDialogue(script, false);
  let step = dialogue.start();
  let said = bytesToLatin1(step.send);
  for (const text of server) {
    if (step.verdict !== undefined) break;
    step = dialogue.received(latin1ToBytes(text));
    said += bytesToLatin1(step.send);
  }
  if (closes && step.verdict === undefined) {
    step = dialogue.ended();
    said += bytesToLatin1(step.send);
  }
  return { said, verdict: step.verdict };
}

test('an smtp server is greeted as recorded, and a reply of several lines is one', () => {
  const server = ['220-hello\r\n220 there\r\n', '250-lab\r\n250-SIZE\r\n250 OK\r\n'];
  const { said, verdict } = talk(smtpScript(), server);
  assert.equal(said, 'EHLO localhost.localdomain\r\nQUIT\r\n');
  assert.deepEqual(verdict, { isUp: true, reason: 'SMTP 220 there' });
});

test('an smtp server that refuses EHLO is asked by HELO, and both refused is down', () => {
  const old = talk(smtpScript(), ['220 x\r\n', '500 what\r\n', '250 ok\r\n']);
  assert.equal(old.said, 'EHLO localhost.localdomain\r\nHELO localhost.localdomain\r\nQUIT\r\n');
  assert.equal(old.verdict?.isUp, true);
  const deaf = talk(smtpScript(), ['220 x\r\n', '500 no\r\n', '550 no\r\n']);
  assert.deepEqual(deaf.verdict, { isUp: false, reason: 'SMTP hello 550 no' });
});

test('an smtp greeting of 554 is down, one that breaks off too', () => {
  assert.equal(
    talk(smtpScript(), ['554 go away\r\n']).verdict?.reason,
    'SMTP greeting 554 go away',
  );
  const broken = talk(smtpScript(), ['220-only half\r\n'], true).verdict;
  assert.deepEqual(broken, { isUp: false, reason: 'SMTP greeting: connection closed' });
});

test('a pop login is USER and PASS; a wrong password and no greeting are down', () => {
  const good = talk(popScript(user, md5), ['+OK hi\r\n', '+OK\r\n', '+OK in\r\n']);
  assert.equal(good.said, 'USER probe\r\nPASS pw\r\nQUIT\r\n');
  assert.equal(good.verdict?.isUp, true);
  const bad = talk(popScript(user, md5), ['+OK\r\n', '+OK\r\n', '-ERR no\r\n']);
  assert.deepEqual(bad.verdict, { isUp: false, reason: 'POP login -ERR no' });
  assert.equal(talk(popScript(nobody, md5), ['-ERR busy\r\n']).verdict?.isUp, false);
  assert.equal(talk(popScript(nobody, md5), ['+OK\r\n']).verdict?.isUp, true);
});

test('a pop server that offers APOP gets it (RFC 1939), and USER when it refuses', () => {
  const stamp = '+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n';
  const mrose = { login: 'mrose', password: 'tanstaaf' };
  const proof = 'APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n';
  const good = talk(popScript(mrose, md5), [stamp, '+OK\r\n']);
  assert.equal(good.said, `${proof}QUIT\r\n`);
  assert.equal(good.verdict?.isUp, true);
  const plain = talk(popScript(mrose, md5), [stamp, '-ERR\r\n', '+OK\r\n', '+OK\r\n']);
  assert.equal(plain.said, `${proof}USER mrose\r\nPASS tanstaaf\r\nQUIT\r\n`);
  assert.equal(plain.verdict?.isUp, true);
});

test('an imap login is quoted, and lines before its answer are passed over', () => {
  const tricky = { login: 'pro be', password: 'a"b\\c' };
  const server = ['* OK hi\r\n', '* CAPABILITY IMAP4rev1\r\n0 OK in\r\n'];
  const { said, verdict } = talk(imapScript(tricky), server);
  assert.equal(said, '0 LOGIN "pro be" "a\\"b\\\\c"\r\n1 LOGOUT\r\n');
  assert.equal(verdict?.isUp, true);
  assert.equal(talk(imapScript(user), ['* OK\r\n', '0 NO\r\n']).verdict?.isUp, false);
  assert.equal(talk(imapScript(nobody), ['* BYE full\r\n']).verdict?.isUp, false);
  assert.equal(talk(imapScript(nobody), ['* OK\r\n']).verdict?.isUp, true);
});

test('a login cannot smuggle a second line', () => {
  const evil = { login: 'a\r\nQUIT', password: 'b\r\nDELE 1' };
  const pop = talk(popScript(evil, md5), ['+OK\r\n', '+OK\r\n', '+OK\r\n']);
  assert.equal(pop.said, 'USER a  QUIT\r\nPASS b  DELE 1\r\nQUIT\r\n');
});

test('nntp hears the first piece of the greeting and says nothing', () => {
  assert.deepEqual(talk(nntpScript(), ['200 news']), {
    said: '',
    verdict: { isUp: true, reason: 'NNTP 200 news' },
  });
  assert.equal(talk(nntpScript(), ['400 closed\r\n']).verdict?.isUp, false);
});

test('sip asks for OPTIONS as recorded, with its own address in brackets for IPv6', () => {
  const local = { family: 6, address: '2001:db8::1', port: 4711 } as const;
  const caller = { login: 'probe@lab.example', local, callId: '200a35f1a1737228' };
  const { said, verdict } = talk(sipScript(caller), ['SIP/2.0 200 OK\r\nVia: x\r\n\r\n']);
  assert.match(
    said,
    /^OPTIONS sip:probe@lab\.example SIP\/2\.0\r\nVia: SIP\/2\.0\/UDP \[2001:db8::1\]:4711;/,
  );
  assert.ok(said.endsWith('Content-Length: 0\r\n\r\n'));
  assert.deepEqual(verdict, { isUp: true, reason: 'SIP/2.0 200 OK' });
  assert.equal(talk(sipScript(caller), ['SIP/2.0 503 no\r\n']).verdict?.isUp, false);
});

const match = (receive: string) => (line: string) => matchReceive(utf8Text(receive), line);

test('simpletcp turns \\n into line feeds and takes the first line that matches', () => {
  const script = simpleTcpScript('PING one\\nPING two\\n', match('^PONG [0-9]+$'));
  const { said, verdict } = talk(script, ['hello\nPO', 'NG 17\n']);
  assert.equal(said, 'PING one\nPING two\n');
  assert.deepEqual(verdict, { isUp: true, reason: 'PONG 17' });
});

test('simpletcp is down at the end of the stream, and takes a last line without an end', () => {
  const nothing = talk(simpleTcpScript('x', match('PONG')), ['ERR\nNOPE\n'], true).verdict;
  assert.deepEqual(nothing, { isUp: false, reason: 'closed, and nothing matched: NOPE' });
  assert.equal(talk(simpleTcpScript('x', match('PONG')), ['PONG'], true).verdict?.isUp, true);
  assert.equal(talk(simpleTcpScript('x', match('(PONG')), ['PONG\n']).verdict?.isUp, false);
  assert.equal(talk(simpleTcpScript('x', match('')), ['anything\n']).verdict?.isUp, true);
  assert.equal(talk(simpleTcpScript('grüß', match('ä')), ['\xc3\xa4\n']).verdict?.isUp, true);
});

test('a server that talks without end is down', () => {
  const flood = 'x'.repeat(64 * 1024);
  const many = Array.from({ length: 10 }, () => flood);
  const { verdict } = talk(smtpScript(), many);
  assert.equal(verdict?.reason, `an answer of more than ${ANSWER_BYTES_MAX / 1024} KiB`);
});

test('any words in any pieces end in a verdict that does not depend on the cuts', () => {
  const scripts = [
    () => smtpScript(),
    () => popScript(user, md5),
    () => imapScript(user),
    () => simpleTcpScript('x', match('OK')),
  ];
  const word = fc.constantFrom(
    '220 x\r\n',
    '250-a\r\n',
    '+OK\r\n',
    '* OK\r\n',
    '0 OK\r\n',
    '\xff\n',
    'OK',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.nat({ max: 3 }), (words, which) => {
      const make = scripts[which] ?? scripts[0];
      assert.ok(make);
      const whole = words.join('');
      const pieces = talk(make(), [...whole], true);
      const once = talk(make(), whole === '' ? [] : [whole], true);
      assert.deepEqual(pieces, once);
      assert.ok(once.verdict);
    }),
  );
});
