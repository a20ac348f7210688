// Which checks a configuration asks for: one per distinct check, with the real servers that live
// by its result (ldirectord shares them too). It builds the check's value from the directives.

import { unreachable } from '../base/assert.js';
import { type Duration, millis, seconds } from '../base/time.js';
import { bracketed, type CheckSpec, checkKey, type DialogueCheck } from '../checks/check-spec.js';
import type {
  DirectorConfig,
  RealServerConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import { bareRequest, checkPort, isWholeUrl, pairOf, requestUrl } from './check-target.js';
import { realKey } from './real-server-text.js';

export interface PlannedCheck {
  readonly key: string;
  /** `agent`: its answer is no verdict on the real servers but a word on their weight. */
  readonly purpose: 'health' | 'agent';
  readonly interval: Duration;
  /** Each wait is longer or shorter by up to this part of the interval. */
  readonly jitter: number;
  /** Run when the combined schedule says `negotiate`; the only one for all other types. */
  readonly main: CheckSpec;
  /** The other half of a combined check. */
  readonly combined: { readonly connect: CheckSpec; readonly connects: number } | undefined;
  /** Keys of the real servers that the result is for. */
  readonly realKeys: readonly string[];
}

/** False for `on`, `off` and negotiate without a service. */
export const isChecked = (virtual: VirtualServiceConfig): boolean =>
  virtual.checkType.kind !== 'off' && alwaysUpReason(virtual) === undefined;

/** Why a virtual service's real servers are up without being asked; undefined when they are. */
export function alwaysUpReason(virtual: VirtualServiceConfig): string | undefined {
  if (virtual.checkType.kind === 'on') return 'checktype on';
  if (virtual.checkType.kind === 'negotiate' && virtual.service === 'none') {
    return 'no check: service none';
  }
  return undefined;
}

export function plannedChecks(config: DirectorConfig): readonly PlannedCheck[] {
  const byKey = new Map<string, PlannedCheck>();
  for (const virtual of config.virtuals) {
    if (!isChecked(virtual)) continue;
    for (const real of virtual.reals) {
      const check = plannedCheck(virtual, real);
      const former = byKey.get(check.key);
      byKey.set(check.key, former === undefined ? check : merged(former, check));
    }
  }
  return [...byKey.values()];
}

const merged = (a: PlannedCheck, b: PlannedCheck): PlannedCheck => ({
  ...a,
  // The hastier of two virtual services sets the pace for both.
  interval: millis(Math.min(a.interval, b.interval)),
  jitter: Math.max(a.jitter, b.jitter),
  realKeys: [...new Set([...a.realKeys, ...b.realKeys])],
});

function plannedCheck(virtual: VirtualServiceConfig, real: RealServerConfig): PlannedCheck {
  const main = mainSpec(virtual, real);
  const { checkType } = virtual;
  const isCombined = checkType.kind === 'combined';
  const combined = isCombined
    ? { connect: connectSpec(virtual, real), connects: checkType.connects }
    : undefined;
  const rest = combined && `${combined.connects} ${checkKey(combined.connect)}`;
  return {
    key: `${checkKey(main)} ${rest ?? ''}`,
    purpose: 'health',
    interval: seconds(virtual.checkIntervalSeconds),
    jitter: (virtual.health.jitterPercent ?? 0) / 100,
    main,
    combined,
    realKeys: [realKey(virtual, real)],
  };
}

function target(virtual: VirtualServiceConfig, real: RealServerConfig, timeoutSeconds: number) {
  return {
    family: real.family,
    address: real.address,
    port: checkPort(virtual, real),
    timeout: seconds(timeoutSeconds),
  } as const;
}

function mainSpec(virtual: VirtualServiceConfig, real: RealServerConfig): CheckSpec {
  const { kind } = virtual.checkType;
  switch (kind) {
    case 'connect':
      return connectSpec(virtual, real);
    case 'ping':
      return pingSpec(virtual, real);
    case 'external':
    case 'external-perl':
      return externalSpec(virtual, real, kind === 'external-perl');
    case 'negotiate':
    case 'combined':
      return negotiateSpec(virtual, real);
    case 'on':
    case 'off':
      return { kind: 'none', timeout: seconds(virtual.checkTimeoutSeconds) };
    default:
      return unreachable(kind);
  }
}

function pingSpec(virtual: VirtualServiceConfig, real: RealServerConfig): CheckSpec {
  const attempts = virtual.checkType.kind === 'ping' ? virtual.checkCount : 1;
  const timeout = seconds(virtual.checkTimeoutSeconds * attempts);
  return { kind: 'ping', family: real.family, address: real.address, attempts, timeout };
}

/** A connect of a UDP service proves nothing, so that an echo stands for it (ldirectord 4.12). */
function connectSpec(virtual: VirtualServiceConfig, real: RealServerConfig): CheckSpec {
  if (isUdp(virtual)) return pingSpec(virtual, real);
  return { kind: 'connect', ...target(virtual, real, virtual.checkTimeoutSeconds) };
}

const isUdp = ({ key }: VirtualServiceConfig): boolean =>
  key.kind === 'address' && key.protocol === 'udp';

function externalSpec(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  isPerl: boolean,
): CheckSpec {
  const { key } = virtual;
  const own =
    key.kind === 'fwmark'
      ? [String(key.mark), '0']
      : [bracketed(key.family, key.address), String(key.port)];
  return {
    kind: 'external',
    command: virtual.checkCommand,
    args: [...own, bracketed(real.family, real.address), String(real.port)],
    interpreter: isPerl ? 'perl' : 'none',
    timeout: seconds(virtual.checkTimeoutSeconds),
  };
}

function negotiateSpec(virtual: VirtualServiceConfig, real: RealServerConfig): CheckSpec {
  const { service, login, password } = virtual;
  const timed = target(virtual, real, virtual.negotiateTimeoutSeconds);
  const { receive } = pairOf(virtual, real);
  const request = bareRequest(virtual, real);
  const transport = isUdp(virtual) ? 'udp' : 'tcp';
  switch (service) {
    case 'http':
    case 'https':
    case 'http_proxy':
      return httpSpec(virtual, real, service);
    case 'ftp':
      return { kind: 'ftp', ...timed, login, password, path: `/${request}`, receive };
    case 'none':
      return { kind: 'none', timeout: timed.timeout };
    case 'smtp':
    case 'submission':
      return dialogueSpec(virtual, real, 'smtp', 'tcp');
    case 'pop':
    case 'imap':
    case 'nntp':
      return dialogueSpec(virtual, real, service, 'tcp');
    case 'pops':
      return dialogueSpec(virtual, real, 'pop', 'tls');
    case 'imaps':
      return dialogueSpec(virtual, real, 'imap', 'tls');
    case 'sip':
    case 'simpletcp':
      return dialogueSpec(virtual, real, service, transport);
    case 'dns':
      // An answer that nothing is asked of is never good enough (ldirectord 4.12, recorded).
      if (receive === '') return vain(virtual, 'dns needs receive: nothing else can be up');
      return { kind: 'dns', ...timed, transport, query: request, receive };
    case 'ldap':
    case 'ldaps':
    case 'radius':
      return directorySpec(virtual, real, service);
    case 'mysql':
    case 'pgsql': {
      if (login === '' || request === '') return vain(virtual, sqlLack(real));
      const { database } = virtual;
      return { kind: 'sql', ...timed, dialect: service, login, password, database, query: request };
    }
    case 'oracle':
      return vain(virtual, 'no check speaks oracle: use external');
    default:
      return unreachable(service);
  }
}

const vain = (virtual: VirtualServiceConfig, reason: string): CheckSpec => ({
  kind: 'vain',
  reason,
  timeout: seconds(virtual.negotiateTimeoutSeconds),
});

/** The words of ldirectord 4.12. */
const sqlLack = (real: RealServerConfig): string =>
  'Error: Must specify a login and request string for MySQL, Oracle and PostgreSQL checks. ' +
  `Not adding ${bracketed(real.family, real.address)}.`;

function dialogueSpec(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  protocol: DialogueCheck['protocol'],
  transport: DialogueCheck['transport'],
): CheckSpec {
  const isSimple = protocol === 'simpletcp';
  return {
    kind: 'dialogue',
    ...target(virtual, real, virtual.negotiateTimeoutSeconds),
    protocol,
    transport,
    // What a dialogue does not use must not keep two checks from sharing one run.
    login: isSimple || protocol === 'smtp' || protocol === 'nntp' ? '' : virtual.login,
    password: protocol === 'pop' || protocol === 'imap' ? virtual.password : '',
    request: isSimple ? bareRequest(virtual, real) : '',
    receive: isSimple ? pairOf(virtual, real).receive : '',
  };
}

/** Their limit is checktimeout, by a slip of ldirectord that files rely on. */
function directorySpec(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  service: 'ldap' | 'ldaps' | 'radius',
): CheckSpec {
  const timed = target(virtual, real, virtual.checkTimeoutSeconds);
  const { login, password, secret } = virtual;
  if (service === 'radius') return { kind: 'radius', ...timed, login, password, secret };
  return {
    kind: 'ldap',
    ...timed,
    isSecure: service === 'ldaps',
    base: bareRequest(virtual, real),
    login,
    password,
    receive: pairOf(virtual, real).receive,
  };
}

function httpSpec(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  service: 'http' | 'https' | 'http_proxy',
): CheckSpec {
  const { receive } = pairOf(virtual, real);
  const timed = target(virtual, real, virtual.negotiateTimeoutSeconds);
  const own = bracketed(real.family, real.address);
  return {
    kind: 'http',
    ...timed,
    scheme: service === 'https' ? 'https' : 'http',
    method: virtual.httpMethod,
    url: requestUrl(virtual, real, service),
    // Never with the port (ldirectord 4.12, recorded). A whole URL names its own host.
    host: isWholeUrl(virtual, real, service) ? '' : (virtual.virtualHost ?? own),
    isProxy: service === 'http_proxy',
    receive,
  };
}
