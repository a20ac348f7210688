// The health of one real server of one virtual service: its verdict and its failures in a row.
// `changeVerdict` is the only place where a verdict changes. It knows nothing of the table; what
// the table owes to a verdict is the desired table's matter.

import type { Duration, Instant } from '../base/time.js';
import type { CheckVerdict } from '../checks/check-verdict.js';
import type { RealServerConfig, VirtualServiceConfig } from '../config/director-config.js';
import type { RealHealth } from './desired-table.js';
import type { RealVerdict } from './director-status.js';
import { endpointText, realKey } from './real-server-text.js';

export interface RealServer {
  virtual: VirtualServiceConfig;
  config: RealServerConfig;
  verdict: RealVerdict;
  failures: number;
  since: Instant | undefined;
  reason: string;
  checkedAt: Instant | undefined;
  checkTook: Duration | undefined;
  isQuiescedSeen: boolean;
}

export const newRealServer = (
  virtual: VirtualServiceConfig,
  config: RealServerConfig,
): RealServer => ({
  virtual,
  config,
  verdict: virtual.checkType.kind === 'off' ? 'off' : 'undecided',
  // Not up yet: the first success is told as the end of failures, as ldirectord 4.12 does.
  failures: virtual.failureCount,
  since: undefined,
  reason: virtual.checkType.kind === 'off' ? 'checktype off' : 'not checked yet',
  checkedAt: undefined,
  checkTook: undefined,
  isQuiescedSeen: false,
});

export const healthOf = (real: RealServer): RealHealth => real;

function changeVerdict(real: RealServer, verdict: RealVerdict, now: Instant): void {
  real.verdict = verdict;
  real.since = now;
  real.isQuiescedSeen = false;
}

/**
 * The kernel has it with a weight above 0 from before this start: it counts as up until its first
 * check says otherwise, so that a restart takes nothing from clients.
 */
export function adopt(real: RealServer, now: Instant): void {
  if (real.verdict !== 'undecided' && real.verdict !== 'off') return;
  changeVerdict(real, 'up', now);
  real.failures = 0;
  real.reason = 'in the table at the start, not checked yet';
}

/** Returns the lines to be logged at once; those on the table follow when the kernel confirmed. */
export function takeVerdict(
  real: RealServer,
  verdict: CheckVerdict,
  now: Instant,
): readonly string[] {
  const name = `${endpointText(real.config)} (${real.virtual.id})`;
  real.reason = verdict.reason;
  if (verdict.isUp) {
    const lines = real.failures > 0 ? [`Resetting soft failure count: ${name}`] : [];
    real.failures = 0;
    if (real.verdict !== 'up') changeVerdict(real, 'up', now);
    return lines;
  }
  const limit = real.virtual.failureCount;
  if (real.verdict === 'undecided') changeVerdict(real, 'down', now);
  if (real.verdict !== 'up') return [];
  real.failures++;
  if (real.failures < limit) {
    const count = `failure ${real.failures}/${limit}`;
    return [`Soft failure real server: ${name} ${count}: ${verdict.reason}`];
  }
  changeVerdict(real, 'down', now);
  return [];
}

/** Down at once, whatever failurecount says; its next success is told. True when it changed. */
export function forceDown(real: RealServer, { reason }: CheckVerdict, now: Instant): boolean {
  real.reason = reason;
  real.failures = real.virtual.failureCount;
  if (real.verdict === 'down' || real.verdict === 'off') return false;
  changeVerdict(real, 'down', now);
  return true;
}

export interface RealServers {
  readonly byKey: ReadonlyMap<string, RealServer>;
  of(virtual: VirtualServiceConfig, real: RealServerConfig): RealServer | undefined;
}

/** The real servers of a configuration; those that were there before keep their health. */
export function realServersOf(
  virtuals: readonly VirtualServiceConfig[],
  former: ReadonlyMap<string, RealServer>,
): RealServers {
  const byKey = new Map<string, RealServer>();
  for (const virtual of virtuals) {
    for (const config of virtual.reals) {
      const key = realKey(virtual, config);
      byKey.set(key, carriedOver(former.get(key), virtual, config));
    }
  }
  return { byKey, of: (virtual, real) => byKey.get(realKey(virtual, real)) };
}

function carriedOver(
  former: RealServer | undefined,
  virtual: VirtualServiceConfig,
  config: RealServerConfig,
): RealServer {
  const isOff = virtual.checkType.kind === 'off';
  if (former === undefined) return newRealServer(virtual, config);
  const wasOff = former.virtual.checkType.kind === 'off';
  if (isOff !== wasOff && former.verdict !== 'up') return newRealServer(virtual, config);
  return { ...former, virtual, config };
}
