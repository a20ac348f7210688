// The heartbeat paths of ha.cf. `udpport` and `baud` hold for the lines below them, because the
// originals read them while parsing: with one file on both nodes a mixed pair must agree.

import { parseIp, parseIpv4, parseIpv6 } from '../wire/ip-address.js';
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
      readonly kind: 'mcast6';
      readonly interfaceName: string;
      readonly group: string;
      readonly port: number;
      readonly hops: number;
      readonly loop: boolean;
    }
  | {
      readonly kind: 'ucast' | 'ucast6';
      readonly interfaceName: string;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'serial'; readonly path: string; readonly baud: number };

/** A pseudo node asked by ICMP echo; a `ping_group` lives while one of its hosts answers. */
export interface HaPing {
  readonly kind: 'ping' | 'ping6' | 'ping_group';
  /** Of the pseudo node and of its one link, lower-cased as all names of nodes. */
  readonly name: string;
  readonly hosts: readonly string[];
}

/** The link name of the originals: the interface, the tty, or the name of the ping node. */
export function mediumName(setting: HaMedium | HaPing): string {
  if (setting.kind === 'serial') return setting.path;
  return 'interfaceName' in setting ? setting.interfaceName : setting.name;
}

/** Registered for ha-cluster with IANA. */
export const defaultUdpPort = 694;
export const defaultBaud = 19200;

interface MediaDraft {
  readonly media: HaMedium[];
  readonly pings: HaPing[];
  port: number;
  baud: number;
}

export function addMedia(
  statements: readonly HaStatement[],
  sink: DiagnosticSink,
): { readonly media: readonly HaMedium[]; readonly pings: readonly HaPing[] } {
  const draft: MediaDraft = { media: [], pings: [], port: defaultUdpPort, baud: defaultBaud };
  for (const statement of statements) {
    const { value } = statement;
    if (value.kind === 'number' && statement.directive.name === 'udpport') {
      draft.port = value.number;
      warnLate(draft, ['bcast', 'ucast', 'ucast6'], statement, sink);
    } else if (value.kind === 'words') addWords(draft, statement, value.words, sink);
  }
  if (draft.media.length + draft.pings.length > mediaMax) {
    const last = statements.at(-1);
    const at = last?.name ?? { line: 1, column: 1, length: 1 };
    sink.error(
      'too-many-members',
      at,
      `more than ${mediaMax} heartbeat media, ping nodes included`,
    );
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
    hint: `move it above the ${kinds.slice(0, 2).join(' and ')} lines`,
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
    case 'ucast6':
      addUcast(draft, statement.directive.name, words, sink);
      return;
    case 'mcast':
    case 'mcast6':
      addMcast(draft, statement.directive.name, words, sink);
      return;
    case 'ping':
    case 'ping6':
      for (const word of words) {
        addPing(draft, { kind: statement.directive.name, name: word, hosts: [word] }, sink);
      }
      return;
    case 'ping_group': {
      const [name, ...hosts] = words;
      if (name !== undefined) addPing(draft, { kind: 'ping_group', name, hosts }, sink);
      return;
    }
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

const HOST_NAME = /^[A-Za-z0-9._-]{1,255}$/;

/** A name is a good host for any family; an address must be of the one that is asked for. */
function isGoodHost(word: Word, family: 4 | 6 | 'any', sink: DiagnosticSink): boolean {
  const { text } = word;
  const isV6 = parseIpv6(text) !== undefined;
  const isV4 = parseIpv4(text) !== undefined;
  if (family === 'any' ? isV4 || isV6 : family === 4 ? isV4 : isV6) return true;
  if (HOST_NAME.test(text) && !isV4) return true;
  const wanted = family === 'any' ? 'IP' : `IPv${family}`;
  sink.error('bad-value', word, `"${text}" is no ${wanted} address and no host name`);
  return false;
}

function addUcast(
  draft: MediaDraft,
  kind: 'ucast' | 'ucast6',
  words: readonly Word[],
  sink: DiagnosticSink,
): void {
  const [nic, host] = words;
  if (nic === undefined || host === undefined || !isGoodInterface(nic, sink)) return;
  if (!isGoodHost(host, kind === 'ucast' ? 4 : 6, sink)) return;
  draft.media.push({ kind, interfaceName: nic.text, host: host.text, port: draft.port });
}

interface PingWords {
  readonly kind: HaPing['kind'];
  readonly name: Word;
  readonly hosts: readonly Word[];
}

function addPing(draft: MediaDraft, { kind, name, hosts }: PingWords, sink: DiagnosticSink): void {
  const node = name.text.toLowerCase();
  const family = kind === 'ping' ? 4 : kind === 'ping6' ? 6 : 'any';
  // All of them are judged, so that one run tells every fault.
  const areGood = hosts.map((host) => isGoodHost(host, family, sink)).every((isGood) => isGood);
  if (kind === 'ping_group' && !HOST_NAME.test(name.text) && parseIp(name.text) === undefined) {
    sink.error('bad-value', name, `"${name.text}" is no name for a node`);
  } else if (draft.pings.some((known) => known.name === node)) {
    sink.error('duplicate-node', name, `ping node ${name.text} is named twice`);
  } else if (areGood) {
    draft.pings.push({ kind, name: node, hosts: hosts.map(({ text }) => text) });
  }
}

const isMulticast4 = (text: string): boolean => ((parseIpv4(text)?.[0] ?? 0) & 0xf0) === 0xe0;
const isMulticast6 = (text: string): boolean => parseIpv6(text)?.[0] === 0xff;

function addMcast(
  draft: MediaDraft,
  kind: 'mcast' | 'mcast6',
  words: readonly Word[],
  sink: DiagnosticSink,
): void {
  const [nic, group, port, reach, loop] = words;
  if (!nic || !group || !port || !reach || !loop || !isGoodInterface(nic, sink)) return;
  const isGroup = kind === 'mcast' ? isMulticast4(group.text) : isMulticast6(group.text);
  if (!isGroup) {
    sink.error('bad-value', group, `"${group.text}" is not a multicast group`, {
      hint:
        kind === 'mcast'
          ? 'an address from 224.0.0.0 to 239.255.255.255'
          : 'an address that begins with ff, such as ff02::694',
    });
  }
  const portNumber = inRange(port, 1, 65535, 'the port', sink);
  const hops = inRange(reach, 0, 4, kind === 'mcast' ? 'the ttl' : 'the hops', sink);
  const loopNumber = inRange(loop, 0, 1, 'loop', sink);
  if (!isGroup || portNumber === undefined || hops === undefined) return;
  if (loopNumber === undefined) return;
  const shared = {
    interfaceName: nic.text,
    group: group.text,
    port: portNumber,
    loop: loopNumber === 1,
  };
  draft.media.push(kind === 'mcast' ? { kind, ...shared, ttl: hops } : { kind, ...shared, hops });
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
