// Servers of lines: mail, news, telephony, and `reply` that answers one request.

import type net from 'node:net';
import type { Listener } from './listener.js';

type Answer = (line: string, socket: net.Socket) => string | undefined;

function onLines(socket: net.Socket, take: (line: string) => void): void {
  let held = '';
  socket.on('data', (bytes: Buffer) => {
    held += bytes.toString('latin1');
    for (let feed = held.indexOf('\n'); feed >= 0; feed = held.indexOf('\n')) {
      const line = held.slice(0, feed).replace(/\r$/, '');
      held = held.slice(feed + 1);
      take(line);
    }
  });
  socket.once('end', () => socket.end());
}

export function serveLines(socket: net.Socket, listener: Listener): void {
  if (listener.kind === 'reply') {
    serveReply(socket, listener);
    return;
  }
  if (listener.kind === 'sip') {
    onLines(socket, (line) => {
      if (line === '') socket.write(`${listener.status_line ?? 'SIP/2.0 200 OK'}\r\n\r\n`);
    });
    return;
  }
  const say = (text: string): void => void socket.write(`${text}\r\n`);
  const answers: Readonly<Record<string, () => Answer>> = {
    smtp: () => smtpAnswer(listener),
    pop3: () => popAnswer(listener),
    imap: () => imapAnswer(listener),
    nntp: () => () => '500 what',
  };
  const greetings: Readonly<Record<string, string>> = {
    smtp: '220 lab ESMTP',
    pop3: '+OK ready',
    imap: '* OK ready',
    nntp: '200 news',
  };
  const kind = listener.kind ?? '';
  const answer = answers[kind]?.();
  say(listener.banner ?? greetings[kind] ?? '');
  onLines(socket, (line) => {
    const text = answer?.(line, socket);
    if (text !== undefined) say(text);
    if (/^(\d+ )?(QUIT|LOGOUT)$/i.test(line)) socket.end();
  });
}

function smtpAnswer(listener: Listener): Answer {
  let mail: string[] = [];
  let isData = false;
  return (line) => {
    if (isData) {
      if (line !== '.') {
        mail.push(line);
        return undefined;
      }
      isData = false;
      listener.onMail?.(mail);
      mail = [];
      return '250 taken';
    }
    const word = line.slice(0, 4).toUpperCase();
    if (word === 'EHLO') return listener.ehlo ?? '250 lab';
    if (word === 'HELO') return listener.helo ?? '250 lab';
    if (word === 'QUIT') return '221 bye';
    mail.push(line);
    if (word !== 'DATA') return '250 ok';
    isData = true;
    return '354 go on';
  };
}

function popAnswer({ users }: Listener): Answer {
  let name = '';
  return (line) => {
    const [word = '', value = ''] = line.split(' ');
    if (word === 'QUIT') return '+OK bye';
    if (word === 'USER') {
      name = value;
      return '+OK';
    }
    if (word !== 'PASS') return '-ERR what';
    return users?.[name] === value ? '+OK in' : '-ERR no';
  };
}

function imapAnswer({ users }: Listener): Answer {
  return (line) => {
    const match = /^(\S+) LOGIN "?([^" ]*)"? "?([^"]*)"?$/i.exec(line);
    const tag = line.split(' ')[0] ?? '*';
    if (match === null) return `${tag} OK done`;
    return users?.[match[2] ?? ''] === match[3] ? `${tag} OK in` : `${tag} NO login failed`;
  };
}

/** The banner at once; the reply when the request contains what is expected; then the end. */
function serveReply(socket: net.Socket, { banner, expect = '', reply = '' }: Listener): void {
  if (banner !== undefined) socket.write(banner);
  let heard = '';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
    if (heard.includes(expect)) socket.end(reply);
  });
  socket.once('end', () => socket.end());
}
