// The dns check: one recursive question over UDP or TCP; up when an address or a name in the answer
// matches receive. Other kinds of records in the answer are not looked at.

import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import packet, { type DecodedPacket } from 'dns-packet';
import type { DnsCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import type { MatchResult } from '../../checks/receive-pattern.js';
import { parseIp } from '../../wire/ip-address.js';
import { downOfError } from './check-error.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';
import { openDatagrams } from './udp-exchange.js';

/** Names that a short name may stand for (resolv.conf(5) has at most six domains). */
const SEARCH_MAX = 6;
/** An answer with more records is matched up to here. */
const RECORDS_MAX = 200;

export async function runDnsCheck(spec: DnsCheck, context: CheckContext): Promise<CheckVerdict> {
  if (spec.port === 0) return down('no port to ask: set checkport');
  const names = await namesOf(spec.query);
  let verdict = down('no name to ask for: set request');
  for (const { name, type } of names) {
    verdict = await ask(spec, name, type, context);
    if (verdict.isUp || context.signal.aborted) return verdict;
  }
  return verdict;
}

interface Question {
  readonly name: string;
  readonly type: 'A' | 'PTR';
}

async function namesOf(query: string): Promise<readonly Question[]> {
  const bytes = parseIp(query);
  if (bytes !== undefined) return [{ name: reverseName(bytes), type: 'PTR' }];
  const name = query.replace(/\.$/, '');
  if (name === '') return [];
  const isShort = !query.includes('.');
  const domains = isShort ? await searchDomains() : [];
  return [...domains.map((domain) => `${name}.${domain}`), name].map((each) => ({
    name: each,
    type: 'A',
  }));
}

function reverseName(address: Uint8Array): string {
  if (address.length === 4) return `${[...address].reverse().join('.')}.in-addr.arpa`;
  const digits = [...address].flatMap((byte) => [byte >> 4, byte & 15]).reverse();
  return `${digits.map((digit) => digit.toString(16)).join('.')}.ip6.arpa`;
}

/** The last line counts (resolv.conf(5)). */
async function searchDomains(): Promise<readonly string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const lines = [...text.matchAll(/^(?:search|domain)[ \t]+(.*)$/gm)];
  const words = lines.at(-1)?.[1]?.trim().split(/\s+/) ?? [];
  return words.slice(0, SEARCH_MAX).map((word) => word.replace(/\.$/, ''));
}

function ask(
  spec: DnsCheck,
  name: string,
  type: Question['type'],
  context: CheckContext,
): Promise<CheckVerdict> {
  const id = randomInt(0x10000);
  const query = packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name }],
  });
  const isOurs = (answer: DecodedPacket): boolean => answer.id === id && answer.type === 'response';
  context.waitFor('answer');
  if (spec.transport === 'tcp') return askByTcp(spec, query, isOurs, context);
  return askByUdp(spec, query, isOurs, context);
}

type IsOurs = (answer: DecodedPacket) => boolean;

async function askByUdp(
  spec: DnsCheck,
  query: Buffer,
  isOurs: IsOurs,
  context: CheckContext,
): Promise<CheckVerdict> {
  const opened = await openDatagrams(spec, context);
  if (!opened.ok) return opened.verdict;
  return new Promise((resolve) => {
    opened.onError(resolve);
    opened.onReceive((bytes) => {
      const answer = decode(bytes);
      if (answer === undefined || !isOurs(answer)) return;
      const isCut = answer.flag_tc;
      const verdict = judge(answer, spec.receive);
      if (verdict.isUp || !isCut) resolve(verdict);
      else void askByTcp(spec, query, isOurs, context).then(resolve);
    });
    opened.send(query, true);
  });
}

function decode(bytes: Uint8Array): DecodedPacket | undefined {
  try {
    return packet.decode(Buffer.from(bytes));
  } catch {
    // Not a message of DNS: the true answer may still come.
    return undefined;
  }
}

/** Two bytes of length stand before each message (RFC 1035 section 4.2.2). */
function askByTcp(
  spec: DnsCheck,
  query: Buffer,
  isOurs: IsOurs,
  { signal }: CheckContext,
): Promise<CheckVerdict> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: spec.address, port: spec.port, signal });
    let held = Buffer.alloc(0);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.once('connect', () => socket.write(Buffer.concat([length, query])));
    socket.on('data', (bytes: Buffer) => {
      // A message has at most 65535 bytes, and no more than one is wanted.
      held = Buffer.concat([held, bytes]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const answer = decode(held.subarray(2, 2 + held.readUInt16BE(0)));
      socket.destroy();
      const isGood = answer !== undefined && isOurs(answer);
      resolve(isGood ? judge(answer, spec.receive) : down('DNS: an answer that makes no sense'));
    });
    socket.once('error', (cause) => resolve(downOfError(cause)));
    socket.once('close', () => resolve(down('DNS: connection closed')));
  });
}

/** RFC 1035 section 4.1.1. */
const RESULTS = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

function resultOf({ flags }: DecodedPacket): string {
  const code = (flags ?? 0) & 15;
  return RESULTS[code] ?? `result ${code}`;
}

function judge(answer: DecodedPacket, receive: string): CheckVerdict {
  const values = (answer.answers ?? [])
    .slice(0, RECORDS_MAX)
    .flatMap((record) => (record.type === 'A' || record.type === 'PTR' ? [record.data] : []));
  if (values.length === 0) return down(`DNS ${resultOf(answer)}: no address in the answer`);
  let refused: Extract<MatchResult, { kind: 'refused' }> | undefined;
  for (const value of values) {
    const match = matchReceive(receive, value);
    if (match === undefined || match.kind === 'matched') return up(`DNS ${value}`);
    if (match.kind === 'refused') refused = match;
  }
  if (refused !== undefined) return down(`DNS: receive: ${refused.reason}`);
  return down(`DNS: ${values.slice(0, 4).join(', ')} does not match receive`);
}
