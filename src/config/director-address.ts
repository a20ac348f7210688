// Addresses and ports of ldirectord.cf: the head of a virtual service, real and fallback lines.
// Messages are ldirectord 4.12's. Patterns are anchored, other than there: text before an address
// is a fault, not something to skip.

import { canonicalIp, formatIp, parseIpv4 } from '../wire/ip-address.js';
import type { AddressFamily } from '../wire/ipvs-table.js';
import type { DiagnosticSink } from './diagnostic.js';
import type { FallbackConfig, RealServerConfig } from './director-config.js';
import type { DirectorStatement } from './director-lines.js';
import type { NameLookup } from './director-names.js';

export interface ReadContext {
  readonly sink: DiagnosticSink;
  readonly names: NameLookup;
  /** The configuration is only shown: what a start would refuse is a warning. */
  readonly isShown: boolean;
}

export type Protocol = 'tcp' | 'udp';

/** Real servers of one range: a slip such as 10.0.0.1->10.9.0.1 must not fill the kernel. */
export const rangeMax = 4096;

/** The kernel holds a mark in 32 bits; 0 is what unmarked packets have. */
const MARK_MAX = 0xffff_ffff;

/** What ipvsadm accepts. */
const WEIGHT_MAX = 65535;

const HOST = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const V6 = String.raw`\[[0-9A-Fa-f:]+\]`;
const PORT = '[A-Za-z0-9_-]+';

const VIRTUAL = new RegExp(`^(${HOST}|${V6}):(${PORT})(.*)$`);
const REAL = new RegExp(`^(${HOST}|${V6})(?:->(${HOST}|${V6}))?(?::(${PORT}))?\\s+(\\S+)(.*)$`);
const FALLBACK = new RegExp(`^(${HOST}|${V6})(?::(${PORT}))?(?:\\s+(\\S.*))?$`);

export type VirtualHead =
  | { readonly kind: 'fwmark'; readonly family: AddressFamily; readonly mark: number }
  | {
      readonly kind: 'address';
      readonly family: AddressFamily;
      readonly host: string;
      readonly port: string;
    };

/** The head as written; resolved by `resolveVirtual` when the protocol is known. */
export function readVirtualHead(
  head: DirectorStatement,
  { sink }: ReadContext,
): VirtualHead | undefined {
  const family: AddressFamily = head.directive.name === 'virtual6' ? 6 : 4;
  const value = head.value.trim();
  if (/^[0-9]+$/.test(value)) {
    const mark = Number(value);
    if (mark >= 1 && mark <= MARK_MAX) return { kind: 'fwmark', family, mark };
  }
  const match = VIRTUAL.exec(value);
  const [, host = '', port = '', rest = ''] = match ?? [];
  const isV6 = value.startsWith('[');
  if (family === 4 && isV6) {
    const message = 'cannot specify an IPv6 address here. please use "virtual6" instead.';
    sink.error('wrong-family', head.valueAt, message, { hint: `write "virtual6=${value}"` });
    return undefined;
  }
  if (match === null || (family === 6 && !isV6 && parseIpv4(host) !== undefined)) {
    const what =
      family === 6 && match !== null ? 'invalid ipv6 address for' : 'invalid address for';
    sink.error('bad-virtual', head.valueAt, `${what} virtual server`, {
      hint: family === 6 ? 'write [ADDRESS]:PORT or a mark' : 'write ADDRESS:PORT or a mark',
    });
    return undefined;
  }
  if (rest.trim() !== '') {
    sink.warning('value-ignored', head.valueAt, `"${rest.trim()}" behind the port is ignored`);
  }
  return { kind: 'address', family, host, port };
}

/** Address and port of a head; undefined after a diagnostic when either has no number. */
export function resolveVirtual(
  head: Extract<VirtualHead, { kind: 'address' }>,
  protocol: Protocol,
  at: DirectorStatement,
  { sink, names }: ReadContext,
): { readonly address: string; readonly port: number } | undefined {
  const address = resolveHost(head.host, head.family, names);
  const port = resolvePort(head.port, protocol, names);
  if (address !== undefined && port !== undefined) return { address, port };
  sink.error('cannot-resolve', at.valueAt, 'invalid address for virtual service', {
    hint:
      address === undefined
        ? `"${head.host}" has no IPv${head.family} address`
        : `"${head.port}" is no port and no ${protocol} service`,
  });
  return undefined;
}

/** An address in canonical text or of a name; brackets are taken off. */
function resolveHost(host: string, family: AddressFamily, names: NameLookup): string | undefined {
  if (host.startsWith('[')) return family === 6 ? canonicalIp(host.slice(1, -1)) : undefined;
  // Digits and dots alone are an address or a slip, never a name to be looked up.
  if (/^[0-9.]+$/.test(host)) return family === 4 ? canonicalIp(host) : undefined;
  return names.host(host.toLowerCase(), family);
}

export function resolvePort(
  text: string,
  protocol: Protocol | 'any',
  names: NameLookup,
): number | undefined {
  if (!/^[0-9]+$/.test(text)) return names.service(text, protocol);
  return Number(text) <= 65535 ? Number(text) : undefined;
}

const isMethod = (word: string): word is 'gate' | 'masq' | 'ipip' =>
  word === 'gate' || word === 'masq' || word === 'ipip';

/** Whether a `real`, `real6`, `fallback` or `fallback6` fits the family of its virtual service. */
export function isRightFamily(
  statement: DirectorStatement,
  family: AddressFamily,
  { sink }: ReadContext,
): boolean {
  const { name } = statement.directive;
  const plain = name.replace(/6$/, '');
  const wanted = family === 6 ? `${plain}6` : plain;
  if (name === wanted) return true;
  // Two blanks before `please`, as ldirectord prints it.
  const message = `cannot specify "${name}" here.  please use "${wanted}" instead`;
  sink.error('wrong-family', statement.at, message);
  return false;
}

/** All real servers of one line; none after a diagnostic. */
export function readRealLine(
  statement: DirectorStatement,
  family: AddressFamily,
  context: ReadContext,
): readonly RealServerConfig[] {
  if (!isRightFamily(statement, family, context)) return [];
  const { sink, names } = context;
  const match = REAL.exec(statement.value.trim());
  if (match === null) {
    const message = 'invalid address for real server (wrong format)';
    const form = family === 6 ? '[ADDRESS]:PORT masq' : 'ADDRESS:PORT masq';
    sink.error('bad-real-server', statement.valueAt, message, { hint: `write "${form}"` });
    return [];
  }
  const [, first = '', last, portText, method = '', rest = ''] = match;
  const at = statement.valueAt;
  const addresses = readRange(first, last, family, statement, context);
  const port = portText === undefined ? 0 : resolvePort(portText, 'any', names);
  if (port === undefined) {
    const message = `invalid port (${portText}) for real server (could not resolve port)`;
    sink.error('cannot-resolve', at, message, { hint: 'a number to 65535 or a known service' });
  }
  if (!isMethod(method)) {
    sink.error('bad-real-server', at, 'forward method must be gate, masq or ipip');
    return [];
  }
  const tail = readTail(rest, statement, context);
  if (addresses === undefined || port === undefined || tail === undefined) return [];
  return addresses.map((address) => ({ family, address, port, forwarding: method, ...tail }));
}

function readRange(
  first: string,
  last: string | undefined,
  family: AddressFamily,
  statement: DirectorStatement,
  { sink, names }: ReadContext,
): readonly string[] | undefined {
  const at = statement.valueAt;
  if (last !== undefined && (family === 6 || last.startsWith('['))) {
    sink.error('bad-real-server', at, 'Address range for IPv6 is not supported yet');
    return undefined;
  }
  // Both are asked for first, so that the edge learns of both names in one run.
  const start = resolveHost(first, family, names);
  const end = last === undefined ? start : resolveHost(last, family, names);
  if (start === undefined) {
    const message = `invalid address (${first}) for real server (could not resolve host)`;
    sink.error('cannot-resolve', at, message, {
      hint: `"${first}" has no IPv${family} address`,
    });
    return undefined;
  }
  if (last === undefined) return [start];
  if (end === undefined) {
    const message = `invalid address (${last}) for real server (could not resolve end host)`;
    sink.error('cannot-resolve', at, message);
    return undefined;
  }
  const from = numberOfIpv4(start);
  const count = numberOfIpv4(end) - from + 1;
  if (count < 1) {
    // The wording is the wrong way round in ldirectord as well.
    const message =
      `Invalid Range: ${first}-${last}: ` +
      'First value must be greater than or equal to the second value';
    sink.error('bad-real-server', at, message, { hint: 'write the lower address first' });
    return undefined;
  }
  if (count > rangeMax) {
    sink.error('bad-real-server', at, `a range of ${count} real servers: at most ${rangeMax}`);
    return undefined;
  }
  return Array.from({ length: count }, (_, step) => ipv4OfNumber(from + step));
}

function numberOfIpv4(address: string): number {
  let value = 0;
  for (const byte of parseIpv4(address) ?? []) value = value * 256 + byte;
  return value;
}

function ipv4OfNumber(value: number): string {
  const bytes = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  return formatIp(bytes) ?? '';
}

type RealTail = Pick<
  RealServerConfig,
  'weight' | 'request' | 'receive' | 'upperThreshold' | 'lowerThreshold'
>;

/** What follows the forwarding method: weight, the pair of request and receive, thresholds. */
function readTail(
  text: string,
  statement: DirectorStatement,
  { sink }: ReadContext,
): RealTail | undefined {
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match !== null) rest = rest.slice(match[0].length);
    return match;
  };
  const weight = Number(take(/^\s+([0-9]+)(?=\s|$)/)?.[1] ?? 1);
  const pair = take(/^\s+"([^"]*)"(?:,\s*|\s+)"(.*)"(?=\s|$)/);
  const lower = Number(take(/^\s+l:([0-9]+)(?=\s|$)/)?.[1] ?? 0);
  const upper = Number(take(/^\s+u:([0-9]+)(?=\s|$)/)?.[1] ?? 0);
  const { line, column, length } = statement.valueAt;
  if (rest.trim() !== '') {
    const at = {
      line,
      column: column + length - rest.trimStart().length,
      length: rest.trim().length,
    };
    sink.error('bad-real-server', at, `Invalid real server line, around "${rest}"`, {
      hint: 'METHOD [WEIGHT] ["REQUEST","RECEIVE"] [l:N] [u:N]',
    });
    return undefined;
  }
  if (weight > WEIGHT_MAX) {
    sink.error('out-of-range', statement.valueAt, `weight ${weight} is above ${WEIGHT_MAX}`);
    return undefined;
  }
  return {
    weight,
    request: pair === null ? undefined : withSlash(pair[1] ?? ''),
    receive: pair === null ? undefined : (pair[2] ?? ''),
    upperThreshold: upper,
    lowerThreshold: lower,
  };
}

/** ldirectord puts a slash before every request; services that do not want it take it off. */
export const withSlash = (request: string): string =>
  request.startsWith('/') ? request : `/${request}`;

/** A fallback line; its port is undefined when it names none: that of each virtual is meant. */
export interface FallbackDraft extends Omit<FallbackConfig, 'port'> {
  readonly portText: string | undefined;
  readonly statement: DirectorStatement;
}

export function readFallbackLine(
  statement: DirectorStatement,
  { sink, names }: ReadContext,
): FallbackDraft | undefined {
  const family: AddressFamily = statement.directive.name === 'fallback6' ? 6 : 4;
  const value = statement.value.trim();
  const at = statement.valueAt;
  const match = FALLBACK.exec(value);
  if (match === null) {
    sink.error('bad-fallback', at, `invalid fallback server: ${value}`, {
      hint: family === 6 ? 'write "[ADDRESS]:PORT"' : 'write "ADDRESS:PORT"',
    });
    return undefined;
  }
  const [, host = '', portText, method = 'gate'] = match;
  if (!isMethod(method)) {
    sink.error('bad-fallback', at, 'forward method must be gate, masq or ipip');
    return undefined;
  }
  const address = resolveHost(host, family, names);
  if (address === undefined) {
    const what = `invalid IPv${family} address or could not resolve for fallback server`;
    const message = `${what}: ${host}`;
    sink.error('cannot-resolve', at, message);
    return undefined;
  }
  if (portText !== undefined && resolvePort(portText, 'any', names) === undefined) {
    sink.error('cannot-resolve', at, 'invalid port for fallback server', {
      hint: `"${portText}" is no port and no known service`,
    });
    return undefined;
  }
  return { family, address, forwarding: method, portText, statement };
}

/** The fallback of one virtual service, whose port stands in when the line names none. */
export function resolveFallback(
  draft: FallbackDraft,
  protocol: Protocol,
  virtualPort: number,
  { sink, names }: ReadContext,
): FallbackConfig | undefined {
  const { family, address, forwarding, portText, statement } = draft;
  const port = portText === undefined ? virtualPort : resolvePort(portText, protocol, names);
  if (port === undefined) {
    sink.error('cannot-resolve', statement.valueAt, 'invalid port for fallback server', {
      hint: `"${portText}" is no ${protocol} service`,
    });
    return undefined;
  }
  return { family, address, port, forwarding };
}
