// The dialogues with news, telephony and any other line server: nntp, sip, simpletcp, as spoken by
// ldirectord 4.12 (recorded).

import { bracketed } from './check-spec.js';
import { down, up } from './check-verdict.js';
import { bareLine, type DialogueScript, oneLine, utf8Text } from './dialogue.js';
import type { MatchResult } from './receive-pattern.js';

/** Nothing is said: a greeting that begins with a 2 is enough. */
export function* nntpScript(): DialogueScript {
  const greeting = yield { waitFor: 'greeting', unit: 'piece' };
  if (greeting === undefined) return { verdict: down('NNTP greeting: connection closed') };
  const text = bareLine(greeting);
  return { verdict: greeting.startsWith('2') ? up(`NNTP ${text}`) : down(`NNTP ${text}`) };
}

export interface SipCaller {
  readonly login: string;
  /** Of the socket, for the Via header. */
  readonly local: { readonly family: 4 | 6; readonly address: string; readonly port: number };
  /** 16 hexadecimal digits, new for each check. */
  readonly callId: string;
}

/** RFC 3261 section 11. The branch, the tag and the number are those of the original. */
export function sipRequest({ login, local, callId }: SipCaller): string {
  const user = oneLine(login);
  const via = `${bracketed(local.family, local.address)}:${local.port}`;
  return [
    `OPTIONS sip:${user} SIP/2.0`,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bKhjhs8ass877`,
    'Max-Forwards: 70',
    `To: <sip:${user}>`,
    `From: <sip:${user}>;tag=1928301774`,
    `Call-ID: ${callId}`,
    'CSeq: 63104 OPTIONS',
    `Contact: <sip:${user}>`,
    'Accept: application/sdp',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

export function* sipScript(caller: SipCaller): DialogueScript {
  const line = yield { send: sipRequest(caller), waitFor: 'answer' };
  if (line === undefined) return { verdict: down('SIP: connection closed') };
  const text = bareLine(line);
  return { verdict: text.startsWith('SIP/2.0 200 OK') ? up(text) : down(`SIP: ${text}`) };
}

/** Undefined when there is no pattern. Both texts are of bytes. */
export type LineMatch = (line: string) => MatchResult | undefined;

/** What is sent: every `\n` of two characters becomes a line feed, nothing else is special. */
export const simpleRequest = (request: string): string => utf8Text(request).replaceAll('\\n', '\n');

/** The request, the end of the write side, then lines until one of them matches. */
export function* simpleTcpScript(request: string, match: LineMatch): DialogueScript {
  let line = yield { send: simpleRequest(request), waitFor: 'answer', endsWriting: true };
  let last = '';
  while (line !== undefined) {
    last = bareLine(line);
    const result = match(line);
    if (result === undefined || result.kind === 'matched') return { verdict: up(last) };
    if (result.kind === 'refused') return { verdict: down(`receive: ${result.reason}`) };
    line = yield { waitFor: 'a line that matches receive' };
  }
  const end = last === '' ? 'closed without an answer' : `closed, and nothing matched: ${last}`;
  return { verdict: down(end) };
}
