// The director's snapshot as JSON for the control socket: points in time become ages and dates,
// names stay as in the log. Fields are only ever added (schema lubdub/director-status/v1).

import { between, type Instant, type Now } from '../base/time.js';
import { agentHold, agentText } from '../director/agent.js';
import type { DirectorStatus, RealStatus } from '../director/director-status.js';
import type { JsonObject } from '../runtime/control-socket.js';
import type { PeerDirector } from './administration-keeping.js';

export interface ReloadOutcome {
  readonly isDone: boolean;
  readonly atWallMs: number;
  /** Diagnostics, or what the kernel refused. */
  readonly lines: readonly string[];
}

export interface ReportFacts {
  readonly instance: string;
  readonly configPath: string;
  readonly configLoadedAtWallMs: number;
  /** The last attempt, good or bad; undefined before the first. */
  readonly lastReload: ReloadOutcome | undefined;
  /** Of what the file in force means. */
  readonly configHash: string;
  /** What the director on the other node said of itself. */
  readonly peer: PeerDirector | undefined;
}

const dateText = (wallMs: number): string => new Date(wallMs).toISOString();
const ageSeconds = (now: Now, at: Instant | undefined): number | null =>
  at === undefined ? null : Math.round(between(at, now.monotonic)) / 1000;

export function statusReport(status: DirectorStatus, facts: ReportFacts, now: Now): JsonObject {
  const { lastReload } = facts;
  const reals = status.virtuals.flatMap((virtual) => virtual.reals);
  const isRefused = lastReload?.isDone === false;
  return {
    schema: 'lubdub/director-status/v1',
    pid: process.pid,
    instance: facts.instance,
    config: facts.configPath,
    configLoadedAt: dateText(facts.configLoadedAtWallMs),
    lastReload:
      lastReload === undefined
        ? null
        : { ok: lastReload.isDone, at: dateText(lastReload.atWallMs), lines: lastReload.lines },
    /** Why the file is newer than what is in force; null when it is not. */
    configError: isRefused ? (lastReload.lines[0] ?? 'not reloaded') : null,
    /** When the file was refused that is not in force; null when it is. */
    configRefusedAt: isRefused ? dateText(lastReload.atWallMs) : null,
    configHash: facts.configHash,
    peer: facts.peer === undefined ? null : peerReport(facts.peer, facts.configHash),
    mode: status.mode,
    total: reals.length,
    down: reals.filter((real) => real.verdict === 'down').length,
    /** Of these: in service all the same, by minpool. */
    kept: reals.filter((real) => real.isKept).length,
    phase: status.phase,
    isSettled: status.isSettled,
    isTableConfirmed: status.isTableConfirmed,
    repairs: status.repairs,
    refused: status.refused,
    checks: status.checks,
    checksInFlight: status.checksInFlight,
    services: status.virtuals.map((virtual) => ({
      name: virtual.name,
      id: virtual.id,
      scheduler: virtual.scheduler,
      isInTable: virtual.isInTable,
      isFallbackActive: virtual.isFallbackActive,
      reals: virtual.reals.map((real) => realReport(real, now)),
    })),
  };
}

const peerReport = (peer: PeerDirector, configHash: string): JsonObject => ({
  node: peer.node,
  configHash: peer.configHash,
  isConfigSame: peer.configHash === configHash,
  heardAt: dateText(peer.heardAtWallMs),
});

/** Who said what of it, when and why; null: nobody. */
function administrationReport({ administered }: RealStatus): JsonObject | null {
  if (administered === undefined) return null;
  const { state, weight, by, at, until, reason, node, service } = administered.entry;
  return {
    state,
    weight: state === 'weight' ? weight : null,
    by,
    node,
    at: dateText(at),
    until: until === 0 ? null : dateText(until),
    reason,
    service: service === '' ? null : service,
  };
}

/** What its agent said of it; null: it has none, or nothing has come yet. */
function agentReport({ agent }: RealStatus): JsonObject | null {
  const text = agentText(agent);
  if (agent === undefined || text === undefined) return null;
  const { percent, share, reason, standing } = agent;
  const state = standing === 'silent' ? standing : (agentHold(agent) ?? 'up');
  return { text, state, percent, share, reason };
}

function realReport(real: RealStatus, now: Now): JsonObject {
  return {
    name: real.name,
    verdict: real.verdict,
    sinceSeconds: ageSeconds(now, real.since),
    reason: real.reason,
    failures: real.failures,
    failureCount: real.failureCount,
    isKept: real.isKept,
    rampedWeight: real.rampedWeight ?? null,
    lastCheckSeconds: ageSeconds(now, real.checkedAt),
    lastCheckTookSeconds: real.checkTook === undefined ? null : real.checkTook / 1000,
    configuredWeight: real.configuredWeight,
    administration: administrationReport(real),
    agent: agentReport(real),
    weight: real.weight ?? null,
    activeConnections: real.activeConnections ?? null,
    inactiveConnections: real.inactiveConnections ?? null,
    persistentConnections: real.persistentConnections ?? null,
  };
}

/** What the first plan did not bring about, for whoever started the director. */
export function problemsOf(status: DirectorStatus): readonly string[] {
  const refused = Object.entries(status.refused);
  if (refused.length > 0) return refused.map(([what, why]) => `refused: ${what}: ${why}`);
  const isMissing = status.mode === 'active' && !status.isTableConfirmed;
  return isMissing ? ['the IPVS table is not yet as configured: see the log'] : [];
}
