// The heartbeat paths of ha.cf. `udpport` and `baud` hold for the lines below them, because the
// originals read them while parsing: with one file on both nodes a mixed pair must agree.

import { parseIpv4 } from '../wire/ip-address.js';
import type { DiagnosticSink } from './diagnostic.js';
import { mediaMax } from './ha-directives.js';
import type { HaStatement } from './ha-statements.js';
import { parseWhole } from './ha-values.js';
import { isInterfaceName } from './ipaddr-arguments.js';
import type { Word } from './lines.js';

export type HaMedium =
  | { readonly kind: 'bcast'; readonly interfaceName: string; readonly port: number }
  | {
      readonly kind: 'mcast';
      readonly interfaceName: string;
      readonly group: string;
      readonly port: number;
      readonly ttl: number;
      readonly loop: boolean;
    }
  | {
      readonly kind: 'ucast';
      readonly interfaceName: string;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'serial'; readonly path: string; readonly baud: number };

/** Registered for ha-cluster with IANA. */
export const defaultUdpPort = 694;
export const defaultBaud = 19200;

interface MediaDraft {
  readonly media: HaMedium[];
  readonly pingNodes: string[];
  port: number;
  baud: number;
}

export function addMedia(
  statements: readonly HaStatement[],
  sink: DiagnosticSink,
): { readonly media: readonly HaMedium[]; readonly pingNodes: readonly string[] } {
  const draft: MediaDraft = { media: [], pingNodes: [], port: defaultUdpPort, baud: defaultBaud };
  for (const statement of statements) {
    const { value } = statement;
    if (value.kind === 'number' && statement.directive.name === 'udpport') {
      draft.port = value.number;
      warnLate(draft, ['bcast', 'ucast'], statement, sink);
    } else if (value.kind === 'words') addWords(draft, statement, value.words, sink);
  }
  if (draft.media.length > mediaMax) {
    const last = statements.at(-1);
    const at = last?.name ?? { line: 1, column: 1, length: 1 };
    sink.error('too-many-members', at, `more than ${mediaMax} heartbeat media`);
  }
  return draft;
}

function warnLate(
  draft: MediaDraft,
  kinds: readonly HaMedium['kind'][],
  statement: HaStatement,
  sink: DiagnosticSink,
): void {
  if (!draft.media.some((medium) => kinds.includes(medium.kind))) return;
  const { name } = statement.directive;
  sink.warning('late-directive', statement.name, `${name} holds only for the lines below it`, {
    hint: `move it above the ${kinds.join(' and ')} lines`,
  });
}

function addWords(
  draft: MediaDraft,
  statement: HaStatement,
  words: readonly Word[],
  sink: DiagnosticSink,
): void {
  switch (statement.directive.name) {
    case 'baud':
      draft.baud = Number(words[0]?.text ?? defaultBaud);
      warnLate(draft, ['serial'], statement, sink);
      return;
    case 'bcast':
      for (const word of words) {
        if (!isGoodInterface(word, sink)) continue;
        draft.media.push({ kind: 'bcast', interfaceName: word.text, port: draft.port });
      }
      return;
    case 'serial':
      for (const word of words) {
        if (!word.text.startsWith('/')) {
          sink.error('bad-value', word, `"${word.text}" is not the path of a device`, {
            hint: 'such as /dev/ttyS0',
          });
        } else draft.media.push({ kind: 'serial', path: word.text, baud: draft.baud });
      }
      return;
    case 'ucast':
      addUcast(draft, words, sink);
      return;
    case 'mcast':
      addMcast(draft, words, sink);
      return;
    case 'ping':
      sink.warning('not-supported-yet', statement.name, 'ping nodes are not asked yet', {
        hint: 'they are named in the status, and stay dead',
      });
      addPingNodes(draft, words, sink);
      return;
    default:
      return;
  }
}

function isGoodInterface(word: Word, sink: DiagnosticSink): boolean {
  if (isInterfaceName(word.text)) return true;
  sink.error('bad-value', word, `"${word.text}" is not the name of a network interface`, {
    hint: 'such as eth0; at most 15 characters',
  });
  return false;
}

function addUcast(draft: MediaDraft, words: readonly Word[], sink: DiagnosticSink): void {
  const [nic, host] = words;
  if (nic === undefined || host === undefined || !isGoodInterface(nic, sink)) return;
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(host.text)) {
    sink.error('bad-value', host, `"${host.text}" is no IPv4 address and no host name`);
    return;
  }
  draft.media.push({ kind: 'ucast', interfaceName: nic.text, host: host.text, port: draft.port });
}

function addPingNodes(draft: MediaDraft, words: readonly Word[], sink: DiagnosticSink): void {
  for (const word of words) {
    if (draft.pingNodes.includes(word.text)) {
      sink.error('duplicate-node', word, `ping node ${word.text} is named twice`);
    } else if (draft.pingNodes.length === mediaMax) {
      sink.error('too-many-members', word, `more than ${mediaMax} ping nodes`);
      return;
    } else draft.pingNodes.push(word.text);
  }
}

function addMcast(draft: MediaDraft, words: readonly Word[], sink: DiagnosticSink): void {
  const [nic, group, port, ttl, loop] = words;
  if (!nic || !group || !port || !ttl || !loop || !isGoodInterface(nic, sink)) return;
  const address = parseIpv4(group.text);
  const isGroup = address !== undefined && ((address[0] ?? 0) & 0xf0) === 0xe0;
  if (!isGroup) {
    sink.error('bad-value', group, `"${group.text}" is not a multicast group`, {
      hint: 'an address from 224.0.0.0 to 239.255.255.255',
    });
  }
  const portNumber = inRange(port, 1, 65535, 'the port', sink);
  const ttlNumber = inRange(ttl, 0, 4, 'the ttl', sink);
  const loopNumber = inRange(loop, 0, 1, 'loop', sink);
  if (!isGroup || portNumber === undefined || ttlNumber === undefined) return;
  if (loopNumber === undefined) return;
  draft.media.push({
    kind: 'mcast',
    interfaceName: nic.text,
    group: group.text,
    port: portNumber,
    ttl: ttlNumber,
    loop: loopNumber === 1,
  });
}

function inRange(
  word: Word,
  low: number,
  high: number,
  what: string,
  sink: DiagnosticSink,
): number | undefined {
  const value = parseWhole(word.text);
  if (value !== undefined && value >= low && value <= high) return value;
  sink.error('out-of-range', word, `${what} must be a number from ${low} to ${high}`);
  return undefined;
}
