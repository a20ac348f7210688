// The dialogues with mail servers: smtp and submission, pop, imap. TLS of pops and imaps is the
// transport's. What is asked and when a server is up are as in ldirectord 4.12 (recorded), but
// for what docs/differences.md lists.

import { type CheckVerdict, down, up } from './check-verdict.js';
import { type Ask, bareLine, type Closing, type DialogueScript, oneLine } from './dialogue.js';

export interface Credentials {
  /** Empty: no login is tried. */
  readonly login: string;
  readonly password: string;
}

const closing = (verdict: CheckVerdict, send = ''): Closing => ({ verdict, send });

const closed = (what: string): Closing => closing(down(`${what}: connection closed`));

interface SmtpReply {
  readonly isGood: boolean;
  readonly text: string;
}

/** The lines of one reply; the last of them has no hyphen behind its code (RFC 5321 4.2.1). */
function* smtpReply(ask: Ask): Generator<Ask, SmtpReply | undefined, string | undefined> {
  let next = ask;
  for (;;) {
    const line = yield next;
    if (line === undefined) return undefined;
    const text = bareLine(line);
    if (!/^\d{3}-/.test(text)) return { isGood: /^2\d\d( |$)/.test(text), text };
    next = { waitFor: ask.waitFor };
  }
}

/** Any 2xx greeting, then EHLO, or HELO when that is refused. No STARTTLS, no login. */
export function* smtpScript(): DialogueScript {
  const greeting = yield* smtpReply({ waitFor: 'greeting' });
  if (greeting === undefined) return closed('SMTP greeting');
  if (!greeting.isGood) return closing(down(`SMTP greeting ${greeting.text}`), 'QUIT\r\n');
  const name = 'localhost.localdomain';
  let hello = yield* smtpReply({ send: `EHLO ${name}\r\n`, waitFor: 'EHLO' });
  if (hello !== undefined && !hello.isGood) {
    hello = yield* smtpReply({ send: `HELO ${name}\r\n`, waitFor: 'HELO' });
  }
  if (hello === undefined) return closed('SMTP hello');
  if (!hello.isGood) return closing(down(`SMTP hello ${hello.text}`), 'QUIT\r\n');
  return closing(up(`SMTP ${greeting.text}`), 'QUIT\r\n');
}

/** `digest` is MD5 in hexadecimal, for APOP (RFC 1939 section 7). */
export function* popScript(
  { login, password }: Credentials,
  digest: (text: string) => string,
): DialogueScript {
  const quit = 'QUIT\r\n';
  const greeting = yield { waitFor: 'greeting' };
  if (greeting === undefined) return closed('POP greeting');
  if (!greeting.startsWith('+OK')) return closing(down(`POP greeting ${bareLine(greeting)}`), quit);
  if (login === '') return closing(up('POP greeting'), quit);
  const user = oneLine(login);
  const stamp = /<[^<>\s]+@[^<>\s]+>/.exec(greeting)?.[0];
  if (stamp !== undefined) {
    const proof = digest(`${stamp}${oneLine(password)}`);
    const answer = yield { send: `APOP ${user} ${proof}\r\n`, waitFor: 'login' };
    if (answer?.startsWith('+OK') === true) return closing(up('POP login (APOP)'), quit);
    // Not every account that may log in may do so by APOP.
  }
  const named = yield { send: `USER ${user}\r\n`, waitFor: 'login' };
  if (named === undefined) return closed('POP login');
  if (!named.startsWith('+OK')) return closing(down(`POP user ${bareLine(named)}`), quit);
  const answer = yield { send: `PASS ${oneLine(password)}\r\n`, waitFor: 'login' };
  if (answer === undefined) return closed('POP login');
  const isIn = answer.startsWith('+OK');
  return closing(isIn ? up('POP login') : down(`POP login ${bareLine(answer)}`), quit);
}

/** An atom of RFC 3501 goes as it is, anything else as a quoted string. */
const imapWord = (text: string): string =>
  /^[A-Za-z0-9_.@+-]+$/.test(text) ? text : imapQuoted(text);

const imapQuoted = (text: string): string => `"${oneLine(text).replace(/[\\"]/g, '\\$&')}"`;

export function* imapScript({ login, password }: Credentials): DialogueScript {
  const greeting = yield { waitFor: 'greeting' };
  if (greeting === undefined) return closed('IMAP greeting');
  if (!/^\* (OK|PREAUTH)\b/i.test(greeting)) {
    return closing(down(`IMAP greeting ${bareLine(greeting)}`));
  }
  if (login === '') return closing(up('IMAP greeting'), '0 LOGOUT\r\n');
  const send = `0 LOGIN ${imapWord(login)} ${imapQuoted(password)}\r\n`;
  let line = yield { send, waitFor: 'login' };
  // Untagged lines, such as capabilities, come before the answer.
  while (line?.startsWith('* ') === true) line = yield { waitFor: 'login' };
  if (line === undefined) return closed('IMAP login');
  const isIn = /^0 OK\b/i.test(line);
  const verdict = isIn ? up('IMAP login') : down(`IMAP login ${bareLine(line)}`);
  return closing(verdict, '1 LOGOUT\r\n');
}
