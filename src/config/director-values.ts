// Single values of ldirectord.cf: numbers, yes and no, words from a list. Messages are ldirectord
// 4.12's; where it took the first digits of anything for a number, we refuse what is no number.

import { nearestWord } from './did-you-mean.js';
import type { ReadContext } from './director-address.js';
import type { CheckType, ServiceName } from './director-config.js';
import type { DirectorStatement } from './director-lines.js';
import { parseWhole } from './ha-values.js';
import { prefixOfNetmask } from './ipaddr-arguments.js';

/** A day: longer timeouts and intervals are slips. */
const SECONDS_MAX = 86_400;

/** Longer texts are refused: no request, pattern or password of the field comes near it. */
const TEXT_LENGTH_MAX = 4096;

/** In the order in which ldirectord lists them. */
export const serviceNames: readonly ServiceName[] = [
  'dns',
  'ftp',
  'http',
  'https',
  'http_proxy',
  'imap',
  'imaps',
  'ldap',
  'ldaps',
  'mysql',
  'nntp',
  'none',
  'oracle',
  'pop',
  'pops',
  'radius',
  'pgsql',
  'simpletcp',
  'sip',
  'smtp',
  'submission',
];

const servicesByPort: ReadonlyMap<number, ServiceName> = new Map<number, ServiceName>([
  [21, 'ftp'],
  [25, 'smtp'],
  [53, 'dns'],
  [80, 'http'],
  [110, 'pop'],
  [119, 'nntp'],
  [143, 'imap'],
  [389, 'ldap'],
  [443, 'https'],
  [587, 'submission'],
  [636, 'ldaps'],
  [993, 'imaps'],
  [995, 'pops'],
  [1521, 'oracle'],
  [1812, 'radius'],
  [3128, 'http_proxy'],
  [3306, 'mysql'],
  [5060, 'sip'],
  [5432, 'pgsql'],
]);

/** What a virtual service without `service=` is taken for. */
export const serviceOfPort = (port: number): ServiceName => servicesByPort.get(port) ?? 'none';

type Scope = 'global' | 'virtual';

const faultOf = (statement: DirectorStatement, scope: Scope): string =>
  scope === 'global' ? statement.directive.faultGlobal : statement.directive.faultVirtual;

export function readCount(
  statement: DirectorStatement,
  scope: Scope,
  low: 0 | 1,
  { sink }: ReadContext,
): number | undefined {
  const value = parseWhole(statement.value.trim());
  if (value !== undefined && value >= low && value <= SECONDS_MAX * 31) return value;
  sink.error('bad-value', statement.valueAt, faultOf(statement, scope), {
    hint: `a whole number${low === 1 ? ' above 0' : ''} without sign and unit`,
  });
  return undefined;
}

/** Exactly `yes` or `no`: a blank or a CR behind it is refused, as by ldirectord. */
export function readYesNo(
  statement: DirectorStatement,
  { sink }: ReadContext,
): boolean | undefined {
  const { value, directive } = statement;
  if (value === 'yes') return true;
  if (value === 'no') return false;
  sink.error('bad-value', statement.valueAt, `${directive.name} must be 'yes' or 'no'`, {
    hint: yesNoHint(value),
  });
  return undefined;
}

function yesNoHint(value: string): string {
  if (value.endsWith('\r')) return 'the line ends in CR LF: save the file with Unix line ends';
  const trimmed = value.trim();
  if (trimmed === 'yes' || trimmed === 'no') return 'remove the blanks at the end of the line';
  if (/^(true|on|1)$/i.test(trimmed)) return 'write yes';
  return /^(false|off|0)$/i.test(trimmed) ? 'write no' : 'write yes or no';
}

export function readText(
  statement: DirectorStatement,
  scope: Scope,
  { sink }: ReadContext,
): string | undefined {
  const value = statement.directive.quotes === 'none' ? statement.value.trim() : statement.value;
  if (value.length > TEXT_LENGTH_MAX) {
    sink.error('out-of-range', statement.valueAt, `longer than ${TEXT_LENGTH_MAX} characters`);
    return undefined;
  }
  if (value !== '') return value;
  sink.error('missing-value', statement.at, faultOf(statement, scope));
  return undefined;
}

const checkKinds = [
  'connect',
  'negotiate',
  'on',
  'off',
  'ping',
  'external',
  'external-perl',
] as const;

/** Connect checks between two negotiate checks; more than these is a slip. */
const CONNECTS_MAX = 10_000;

export function readCheckType(
  statement: DirectorStatement,
  { sink }: ReadContext,
): CheckType | undefined {
  const value = statement.value.trim();
  const kind = checkKinds.find((each) => each === value);
  if (kind !== undefined) return { kind };
  const connects = parseWhole(value);
  if (connects !== undefined && connects >= 1 && connects <= CONNECTS_MAX) {
    return { kind: 'combined', connects };
  }
  const message =
    'checktype must be "connect", "negotiate", "on", "off", "ping", ' +
    '"external", "external-perl" or a positive number';
  const meant = nearestWord(value, checkKinds);
  sink.error('bad-value', statement.valueAt, message, {
    hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
  });
  return undefined;
}

export function readService(
  statement: DirectorStatement,
  context: ReadContext,
): ServiceName | undefined {
  const value = statement.value.trim();
  const service = serviceNames.find((each) => each === value);
  if (service !== undefined) return service;
  const all = serviceNames.slice(0, -1).join(', ');
  const meant = nearestWord(value, serviceNames);
  context.sink.error('bad-value', statement.valueAt, `service must be ${all} or submission`, {
    hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
  });
  return undefined;
}

export function readCheckPort(
  statement: DirectorStatement,
  { sink }: ReadContext,
): number | undefined {
  const port = parseWhole(statement.value.trim());
  if (port === undefined) {
    sink.error('bad-value', statement.valueAt, 'invalid port', { hint: 'a number, such as 8080' });
  } else if (port < 1 || port > 65535) {
    // The upper limit of the message is ldirectord's slip.
    sink.error('out-of-range', statement.valueAt, 'checkport must be in range 1..65536');
  } else return port;
  return undefined;
}

/** Schedulers that ip_vs of Linux 6 has; others are passed on, for a module may bring them. */
const schedulers: readonly string[] = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'ovf',
  'fo',
  'mh',
  'twos',
];

/** The first run of lower-case letters, as ldirectord takes it. */
export function readScheduler(
  statement: DirectorStatement,
  { sink }: ReadContext,
): string | undefined {
  const scheduler = /[a-z]+/.exec(statement.value)?.[0];
  if (scheduler === undefined) {
    sink.error('bad-value', statement.valueAt, statement.directive.faultVirtual, {
      hint: `such as "${statement.value.trim().toLowerCase() || 'wlc'}"`,
    });
  } else if (scheduler !== statement.value.trim() || !schedulers.includes(scheduler)) {
    const meant = nearestWord(scheduler, schedulers);
    const isKnown = schedulers.includes(scheduler) || meant === undefined;
    sink.warning('bad-value', statement.valueAt, `the scheduler is taken as "${scheduler}"`, {
      hint: isKnown ? `write "scheduler=${scheduler}"` : `did you mean "${meant}"?`,
    });
  }
  return scheduler;
}

const flagBits: Readonly<Record<string, number>> = {
  'flag-1': 0x08,
  'flag-2': 0x10,
  'flag-3': 0x20,
  'sh-fallback': 0x08,
  'sh-port': 0x10,
  'mh-fallback': 0x08,
  'mh-port': 0x10,
};

/** IP_VS_SVC_F_SCHED1 to 3 (linux/ip_vs.h) by the names of ipvsadm(8). */
export function readSchedFlags(
  statement: DirectorStatement,
  { sink }: ReadContext,
): number | undefined {
  let bits = 0;
  for (const flag of statement.value.trim().split(',')) {
    const bit = Object.hasOwn(flagBits, flag) ? flagBits[flag] : undefined;
    if (bit === undefined) {
      sink.error('bad-value', statement.valueAt, 'invalid sched-flags', {
        hint: `some of ${Object.keys(flagBits).join(', ')}, with commas between`,
      });
      return undefined;
    }
    bits |= bit;
  }
  return bits;
}

export function readNetmask(
  statement: DirectorStatement,
  family: 4 | 6,
  { sink }: ReadContext,
): number | undefined {
  const value = statement.value.trim();
  if (family === 6) {
    const bits = parseWhole(value);
    if (bits !== undefined && bits >= 1 && bits <= 128) return bits;
    const message = 'invalid netmask: a prefix length between 1 and 128 is required';
    sink.error('bad-value', statement.valueAt, message);
    return undefined;
  }
  const bits = prefixOfNetmask(value);
  if (bits !== undefined && bits >= 1) return bits;
  const message = 'invalid netmask: dotted quad notation is required';
  sink.error('bad-value', statement.valueAt, message, { hint: 'such as 255.255.255.0' });
  return undefined;
}

export function readHttpMethod(
  statement: DirectorStatement,
  { sink }: ReadContext,
): 'GET' | 'HEAD' | undefined {
  const method = statement.value.trim().toUpperCase();
  if (method === 'GET' || method === 'HEAD') return method;
  sink.error('bad-value', statement.valueAt, 'httpmethod must be GET or HEAD');
  return undefined;
}

/** Facilities of syslog(3); a logfile that starts with a slash is a file. */
const facility = /^(auth|authpriv|cron|daemon|ftp|kern|lpr|mail|news|syslog|user|uucp|local[0-7])$/;

export function readLogfile(
  statement: DirectorStatement,
  { sink, names }: ReadContext,
): string | undefined {
  const { value, valueAt } = statement;
  if (!value.startsWith('/')) {
    if (facility.test(value)) return value;
    sink.error('bad-value', valueAt, `unable to open logfile: ${value}`, {
      hint: 'an absolute path, or a syslog facility such as local0',
    });
    return undefined;
  }
  const fault = names.fileFault(value);
  if (fault === undefined) return value;
  sink.error('unsafe-file', valueAt, `unable to open logfile: ${value}`, { hint: fault });
  return undefined;
}
