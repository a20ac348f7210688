// The health of one real server of one virtual service: its verdict and its failures in a row.
// `changeVerdict` is the only place where a verdict changes. It knows nothing of the table; what
// the table owes to a verdict is the desired table's matter.

import type { LogCode } from '../base/log-code.js';
import type { Duration, Instant } from '../base/time.js';
import { type CheckVerdict, type FailureKind, failureOf } from '../checks/check-verdict.js';
import type { RealServerConfig, VirtualServiceConfig } from '../config/director-config.js';
import type { Administered } from './administration.js';
import type { AgentState } from './agent.js';
import type { RealHealth } from './desired-table.js';
import type { RealVerdict } from './director-status.js';
import { failureLimit, failuresOf, isUsedUp } from './failure-share.js';
import { endpointText, realKey } from './real-server-text.js';

export interface RealServer {
  virtual: VirtualServiceConfig;
  config: RealServerConfig;
  verdict: RealVerdict;
  /** Failed checks in a row, in failures of the last kind, and how many of these make it down. */
  failures: number;
  failureLimit: number;
  /** The part of what makes it down that failed checks have used up: 0 to 1. */
  failureShare: number;
  /** Good checks in a row while it is down. */
  rises: number;
  /** How its last failed check failed; `held`: it was taken out of service by hand. */
  lastFailure: FailureKind | 'held' | undefined;
  /** Down, but in service: too few others are up (minpool). */
  isKept: boolean;
  /** It recovered then, and its weight rises; undefined: it has its whole weight (slowstart). */
  rampedSince: Instant | undefined;
  /** Its weight while that rises. */
  rampedWeight: number | undefined;
  since: Instant | undefined;
  reason: string;
  checkedAt: Instant | undefined;
  checkTook: Duration | undefined;
  isQuiescedSeen: boolean;
  /** What an operator said of it; its checks go on and its verdict is theirs alone. */
  administered: Administered | undefined;
  /** What its agent said of it; as with operators, its verdict stays that of its checks. */
  agent: AgentState | undefined;
  /** Since when its agent alone keeps it out, for the order of those that the floor may keep. */
  agentOutSince: Instant | undefined;
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
  failureLimit: virtual.failureCount,
  failureShare: 0,
  rises: 0,
  lastFailure: undefined,
  isKept: false,
  rampedSince: undefined,
  rampedWeight: undefined,
  since: undefined,
  reason: virtual.checkType.kind === 'off' ? 'checktype off' : 'not checked yet',
  checkedAt: undefined,
  checkTook: undefined,
  isQuiescedSeen: false,
  administered: undefined,
  agent: undefined,
  agentOutSince: undefined,
});

/** Of a real server that is not there. */
export const UNKNOWN: RealHealth = {
  verdict: 'undecided',
  isQuiescedSeen: false,
  isKept: false,
  rampedWeight: undefined,
};

export const healthOf = (real: RealServer): RealHealth => real;

function changeVerdict(real: RealServer, verdict: RealVerdict, now: Instant): void {
  const isRecovery = real.verdict === 'down' && verdict === 'up' && !real.isKept;
  const isRamped = isRecovery && (real.virtual.health.slowStartSeconds ?? 0) > 0;
  real.rampedSince = isRamped ? now : undefined;
  real.rampedWeight = undefined;
  real.rises = 0;
  if (verdict === 'up') real.failureShare = 0;
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

export interface HealthLine {
  readonly code: LogCode;
  readonly text: string;
}

/** In doubt: its next checks decide whether its verdict changes. */
export const isInDoubt = (real: RealServer): boolean =>
  real.verdict === 'undecided' ||
  (real.verdict === 'up' && real.failureShare > 0) ||
  (real.verdict === 'down' && real.rises > 0);

/** Returns the lines to be logged at once; those on the table follow when the kernel confirmed. */
export function takeVerdict(
  real: RealServer,
  verdict: CheckVerdict,
  now: Instant,
): readonly HealthLine[] {
  real.reason = verdict.reason;
  return verdict.isUp ? takeSuccess(real, verdict, now) : takeFailure(real, verdict, now);
}

const nameOf = (real: RealServer): string => `${endpointText(real.config)} (${real.virtual.id})`;

function takeSuccess(
  real: RealServer,
  { reason }: CheckVerdict,
  now: Instant,
): readonly HealthLine[] {
  const needed = real.virtual.health.riseCount ?? 1;
  if (real.verdict === 'down') real.rises++;
  if (real.verdict === 'down' && real.rises < needed) {
    const count = `success ${real.rises}/${needed}`;
    return [
      { code: 'real-rising', text: `Rising real server: ${nameOf(real)} ${count}: ${reason}` },
    ];
  }
  const text = `Resetting soft failure count: ${nameOf(real)}`;
  const lines = real.failures > 0 ? [{ code: 'soft-failures-reset', text } as const] : [];
  real.failures = 0;
  real.failureShare = 0;
  if (real.verdict !== 'up') changeVerdict(real, 'up', now);
  return lines;
}

function takeFailure(real: RealServer, verdict: CheckVerdict, now: Instant): readonly HealthLine[] {
  const kind = failureOf(verdict);
  real.lastFailure = kind;
  real.rises = 0;
  if (real.verdict === 'undecided') changeVerdict(real, 'down', now);
  if (real.verdict !== 'up') return [];
  const limit = failureLimit(real.virtual, kind);
  real.failureShare += 1 / limit;
  real.failures = failuresOf(real.failureShare, limit);
  real.failureLimit = limit;
  if (isUsedUp(real.failureShare)) {
    changeVerdict(real, 'down', now);
    return [];
  }
  const count = `failure ${real.failures}/${limit}`;
  const text = `Soft failure real server: ${nameOf(real)} ${count}: ${verdict.reason}`;
  return [{ code: 'soft-failure', text }];
}

/** Down at once, whatever failurecount says; its next success is told. True when it changed. */
export function forceDown(real: RealServer, { reason }: CheckVerdict, now: Instant): boolean {
  real.reason = reason;
  real.failures = real.virtual.failureCount;
  real.failureLimit = real.virtual.failureCount;
  real.lastFailure = 'held';
  real.rises = 0;
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
  const limit = limitNow(former, virtual);
  const isCounting = former.verdict === 'up' && former.failureLimit !== limit;
  const failureShare = isCounting ? former.failures / limit : former.failureShare;
  // A ramp that is over must not give its name to what this reload does to the weight.
  const rampedSince = former.rampedWeight === undefined ? undefined : former.rampedSince;
  const agent = isSameAgent(former.virtual, virtual) ? former.agent : undefined;
  return { ...former, virtual, config, failureLimit: limit, failureShare, rampedSince, agent };
}

/** The word of another agent says nothing any more. */
const isSameAgent = (a: VirtualServiceConfig, b: VirtualServiceConfig): boolean =>
  JSON.stringify(a.health.agentCheck) === JSON.stringify(b.health.agentCheck);

/** The failures so far stay what they were; how many it takes may be another number now. */
function limitNow({ lastFailure }: RealServer, virtual: VirtualServiceConfig): number {
  if (lastFailure === undefined || lastFailure === 'held') return virtual.failureCount;
  return failureLimit(virtual, lastFailure);
}
