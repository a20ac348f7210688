// One virtual service of ldirectord.cf: its lines in any order into one value, then what follows
// from them: protocol, ports, timeouts that stand in for each other, the service of a port.

import {
  type FallbackDraft,
  isRightFamily,
  type Protocol,
  type ReadContext,
  readFallbackLine,
  readRealLine,
  readVirtualHead,
  resolveFallback,
  resolveVirtual,
  type VirtualHead,
  withSlash,
} from './director-address.js';
import type {
  CheckType,
  FallbackConfig,
  RealServerConfig,
  ServiceName,
  VirtualServiceConfig,
  WrittenVirtual,
} from './director-config.js';
import { type HealthDraft, healthRulesOf, newHealth, readHealthRule } from './director-health.js';
import type { DirectorStatement, VirtualSection } from './director-lines.js';
import {
  alertOf,
  newOperations,
  type OperationsDraft,
  readOperation,
  refuseRemoved,
  warnCheckCount,
  writtenAlert,
} from './director-operations.js';
import { judgeVirtual } from './director-rules.js';
import {
  readCheckPort,
  readCheckType,
  readCount,
  readHttpMethod,
  readNetmask,
  readSchedFlags,
  readScheduler,
  readService,
  readText,
  readYesNo,
  serviceOfPort,
} from './director-values.js';

/** What the global part gives to every virtual service. Seconds. */
export interface GlobalDefaults {
  readonly checkTimeout: number | undefined;
  readonly negotiateTimeout: number | undefined;
  readonly checkInterval: number;
  readonly checkCount: number;
  readonly failureCount: number;
  readonly isQuiescent: boolean;
  readonly isCleanStop: boolean;
  /** Only then may a virtual service have an interval of its own. */
  readonly isFork: boolean;
  readonly fallback: FallbackDraft | undefined;
  readonly fallback6: FallbackDraft | undefined;
  readonly operations: OperationsDraft;
  readonly health: HealthDraft;
}

export interface VirtualDraft {
  readonly realLines: DirectorStatement[];
  /** The last statement of each name. */
  readonly last: Map<string, DirectorStatement>;
  readonly counts: Map<string, number>;
  readonly flags: Map<string, boolean>;
  readonly texts: Map<string, string>;
  fallback: FallbackDraft | undefined;
  checkType: CheckType;
  service: ServiceName | undefined;
  scheduler: string;
  schedulerFlags: number;
  httpMethod: 'GET' | 'HEAD';
  protocol: string | undefined;
  readonly operations: OperationsDraft;
  readonly health: HealthDraft;
}

export function readVirtual(
  section: VirtualSection,
  globals: GlobalDefaults,
  context: ReadContext,
): VirtualServiceConfig | undefined {
  const { head } = section;
  const headDraft = readVirtualHead(head, context);
  const family = headDraft?.family ?? (head.directive.name === 'virtual6' ? 6 : 4);
  const draft: VirtualDraft = {
    realLines: [],
    last: new Map(),
    counts: new Map(),
    flags: new Map(),
    texts: new Map(),
    fallback: undefined,
    checkType: { kind: 'negotiate' },
    service: undefined,
    scheduler: 'wrr',
    schedulerFlags: 0,
    httpMethod: 'GET',
    protocol: undefined,
    operations: newOperations(),
    health: newHealth(),
  };
  for (const statement of section.statements) readLine(statement, draft, family, context);
  const reals = draft.realLines.flatMap((line) => readRealLine(line, family, context));
  if (headDraft === undefined) return undefined;
  const protocol = protocolOf(headDraft, draft, context);
  const key = keyOf(headDraft, protocol, head, context);
  if (key === undefined) return undefined;
  const virtual = finish(key, draft, reals, globals, context);
  judgeVirtual(virtual, draft, section, globals, context);
  return virtual;
}

function readLine(
  statement: DirectorStatement,
  draft: VirtualDraft,
  family: 4 | 6,
  context: ReadContext,
): void {
  const { name } = statement.directive;
  draft.last.set(name, statement);
  switch (name) {
    case 'real':
    case 'real6':
      draft.realLines.push(statement);
      return;
    case 'fallback':
    case 'fallback6':
      if (isRightFamily(statement, family, context)) {
        draft.fallback = readFallbackLine(statement, context);
      }
      return;
    case 'checktype':
      draft.checkType = readCheckType(statement, context) ?? draft.checkType;
      return;
    case 'service':
      draft.service = readService(statement, context);
      return;
    case 'scheduler':
      draft.scheduler = readScheduler(statement, context) ?? draft.scheduler;
      return;
    case 'schedflags':
      draft.schedulerFlags = readSchedFlags(statement, context) ?? 0;
      return;
    case 'httpmethod':
      draft.httpMethod = readHttpMethod(statement, context) ?? 'GET';
      return;
    case 'protocol':
      draft.protocol = statement.value.trim();
      return;
    default:
      readSimple(statement, draft, family, context);
  }
}

function readSimple(
  statement: DirectorStatement,
  draft: VirtualDraft,
  family: 4 | 6,
  context: ReadContext,
): void {
  const { name, kind } = statement.directive;
  if (name === 'checkcount') warnCheckCount(statement, context);
  if (refuseRemoved(statement, context)) return;
  if (readOperation(statement, 'virtual', draft.operations, context)) return;
  if (readHealthRule(statement, 'virtual', draft.health, context)) return;
  const put = <T>(map: Map<string, T>, value: T | undefined): void => {
    if (value !== undefined) map.set(name, value);
  };
  if (name === 'checkport') put(draft.counts, readCheckPort(statement, context));
  else if (name === 'netmask') put(draft.counts, readNetmask(statement, family, context));
  else if (kind === 'count') put(draft.counts, readCount(statement, 'virtual', 1, context));
  else if (kind === 'number') put(draft.counts, readCount(statement, 'virtual', 0, context));
  else if (kind === 'yes-no') put(draft.flags, readYesNo(statement, context));
  else put(draft.texts, readText(statement, 'virtual', context));
}

/** udp when the port is written as 53 or domain, else tcp (ldirectord 4.12, recorded). */
function protocolOf(head: VirtualHead, draft: VirtualDraft, { sink }: ReadContext): Protocol {
  const statement = draft.last.get('protocol');
  const written = draft.protocol;
  const isDns = head.kind === 'address' && (head.port === '53' || head.port === 'domain');
  const usual: Protocol = isDns ? 'udp' : 'tcp';
  if (statement === undefined || written === undefined) return usual;
  const isKnown = written === 'tcp' || written === 'udp';
  if (head.kind === 'fwmark') {
    if (written !== 'fwm') {
      const message = 'protocol must be fwm if the virtual service is a fwmark (a number)';
      sink.error('bad-value', statement.valueAt, isKnown ? message : 'invalid protocol', {
        hint: 'write "protocol=fwm" or remove the line',
      });
    }
    return usual;
  }
  if (isKnown) return written;
  const message = 'protocol must be tcp or udp if the virtual service is an address and port';
  sink.error('bad-value', statement.valueAt, written === 'fwm' ? message : 'invalid protocol', {
    hint: 'write tcp or udp',
  });
  return usual;
}

function keyOf(
  head: VirtualHead,
  protocol: Protocol,
  statement: DirectorStatement,
  context: ReadContext,
): VirtualServiceConfig['key'] | undefined {
  const { family } = head;
  if (head.kind === 'fwmark') return { kind: 'fwmark', family, mark: head.mark };
  const place = resolveVirtual(head, protocol, statement, context);
  return place && { kind: 'address', family, protocol, ...place };
}

function nameOf(key: VirtualServiceConfig['key']): { readonly name: string; readonly id: string } {
  if (key.kind === 'fwmark') {
    return { name: `${key.mark}`, id: `${key.family === 6 ? 'fwm6' : 'fwm'}:${key.mark}` };
  }
  const host = key.family === 6 ? `[${key.address}]` : key.address;
  const name = `${host}:${key.port}`;
  return { name, id: `${key.protocol}:${name}` };
}

function fallbackOf(
  key: VirtualServiceConfig['key'],
  draft: FallbackDraft | undefined,
  context: ReadContext,
): FallbackConfig | undefined {
  if (draft === undefined) return undefined;
  if (key.kind === 'fwmark') return resolveFallback(draft, 'tcp', 0, context);
  const protocol = key.protocol === 'udp' ? 'udp' : 'tcp';
  return resolveFallback(draft, protocol, key.port, context);
}

function finish(
  key: VirtualServiceConfig['key'],
  draft: VirtualDraft,
  reals: readonly RealServerConfig[],
  globals: GlobalDefaults,
  context: ReadContext,
): VirtualServiceConfig {
  const { counts, flags, texts } = draft;
  const ownCheck = counts.get('checktimeout');
  const ownNegotiate = counts.get('negotiatetimeout');
  const { checkTimeout, negotiateTimeout } = globals;
  const persistent = counts.get('persistent');
  const service = draft.service ?? (key.kind === 'fwmark' ? 'none' : serviceOfPort(key.port));
  const ownInterval = globals.isFork ? counts.get('checkinterval') : undefined;
  const isUdp = key.kind === 'address' && key.protocol === 'udp';
  const fallback = fallbackOf(key, draft.fallback, context);
  const standIn = key.family === 6 ? globals.fallback6 : globals.fallback;
  return {
    key,
    ...nameOf(key),
    scheduler: draft.scheduler,
    // The kernel has no persistence of 0 seconds: it means none.
    persistentSeconds: persistent === 0 ? undefined : persistent,
    persistencePrefix: counts.get('netmask') ?? (key.family === 6 ? 128 : 32),
    isOnePacket: isUdp && (flags.get('ops') ?? false),
    schedulerFlags: draft.schedulerFlags,
    reals,
    fallback: fallback ?? fallbackOf(key, standIn, context),
    checkType: draft.checkType,
    service,
    checkCommand: texts.get('checkcommand') ?? '/bin/true',
    // The two timeouts stand in for each other (ldirectord 4.12, recorded).
    checkTimeoutSeconds: ownCheck ?? ownNegotiate ?? checkTimeout ?? negotiateTimeout ?? 5,
    negotiateTimeoutSeconds: ownNegotiate ?? ownCheck ?? negotiateTimeout ?? checkTimeout ?? 30,
    checkIntervalSeconds: ownInterval ?? globals.checkInterval,
    checkCount: counts.get('checkcount') ?? globals.checkCount,
    failureCount: counts.get('failurecount') ?? globals.failureCount,
    checkPort: counts.get('checkport'),
    request: withSlash(texts.get('request') ?? '/'),
    receive: texts.get('receive') ?? '',
    httpMethod: draft.httpMethod,
    virtualHost: texts.get('virtualhost'),
    ...credentials(service, draft, context.names.hostName),
    database: texts.get('database') ?? '',
    secret: texts.get('secret') ?? '',
    isQuiescent: flags.get('quiescent') ?? globals.isQuiescent,
    isCleanStop: flags.get('cleanstop') ?? globals.isCleanStop,
    serviceName: texts.get('servicename'),
    comment: texts.get('comment'),
    fallbackCommand: draft.operations.fallbackCommand ?? globals.operations.fallbackCommand,
    monitorFile: draft.operations.monitorFile,
    alert: alertOf(draft.operations, globals.operations),
    health: healthRulesOf(draft.health, globals.health),
    written: writtenVirtual(draft, fallback),
  };
}

function writtenVirtual(draft: VirtualDraft, fallback: FallbackConfig | undefined): WrittenVirtual {
  const { counts, flags, texts, last, operations } = draft;
  return {
    checkIntervalSeconds: counts.get('checkinterval'),
    persistentSeconds: counts.get('persistent'),
    netmask: last.get('netmask')?.value.trim(),
    schedulerFlags: last.get('schedflags')?.value.trim(),
    load: texts.get('load'),
    isOnePacket: flags.get('ops') ?? false,
    isQuiescent: flags.get('quiescent'),
    isCleanStop: flags.get('cleanstop'),
    fallback,
    fallbackCommand: operations.fallbackCommand,
    alert: writtenAlert(operations),
    health: draft.health,
  };
}

/**
 * Anonymous login for ftp, our name for sip. ldirectord gives them only when `service=` is written
 * out, which nobody can have meant.
 */
function credentials(
  service: ServiceName,
  draft: VirtualDraft,
  hostName: string,
): { readonly login: string; readonly password: string } {
  const login = draft.texts.get('login');
  const password = draft.texts.get('passwd');
  const own = `ldirectord@${hostName}`;
  if (service === 'ftp' && login === undefined) {
    return { login: 'anonymous', password: password ?? own };
  }
  const usual = service === 'sip' ? own : '';
  return { login: login ?? usual, password: password ?? '' };
}
