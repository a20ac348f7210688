// Puts the director's state into words and numbers for status commands and checkers.

import type { DirectorConfig, VirtualServiceConfig } from '../config/director-config.js';
import { ipvsKeyText } from '../wire/ipvs-table.js';
import type { DirectorMode } from './director-event.js';
import type { DirectorStatus, RealStatus, VirtualStatus } from './director-status.js';
import type { RealServer, RealServers } from './real-server.js';
import {
  destinationKey,
  endpointText,
  fallbackDestination,
  realDestination,
} from './real-server-text.js';
import type { TableKeeper } from './table-keeping.js';

export interface SnapshotSource {
  readonly mode: DirectorMode;
  readonly phase: DirectorStatus['phase'];
  readonly isSettled: boolean;
  readonly config: DirectorConfig;
  readonly reals: RealServers;
  readonly table: TableKeeper;
  readonly checks: { readonly checks: number; readonly inFlight: number };
}

export function directorStatus(source: SnapshotSource): DirectorStatus {
  const { table } = source;
  return {
    mode: source.mode,
    phase: source.phase,
    isSettled: source.isSettled,
    isTableConfirmed: table.isConfirmed(),
    virtuals: source.config.virtuals.map((virtual) => virtualStatus(virtual, source)),
    refused: table.refused(),
    repairs: table.repairs(),
    checks: source.checks.checks,
    checksInFlight: source.checks.inFlight,
  };
}

function virtualStatus(virtual: VirtualServiceConfig, source: SnapshotSource): VirtualStatus {
  const { model } = source.table;
  const key = ipvsKeyText(virtual.key);
  const fallbackName =
    virtual.fallback && destinationKey(fallbackDestination(virtual, virtual.fallback));
  const isOneOfReals = virtual.reals.some(
    (real) => destinationKey(realDestination(virtual, real)) === fallbackName,
  );
  const fallback =
    fallbackName === undefined || isOneOfReals ? undefined : model.destination(key, fallbackName);
  const reals: RealStatus[] = [];
  for (const config of virtual.reals) {
    const real = source.reals.of(virtual, config);
    if (real !== undefined) reals.push(realStatus(real, source));
  }
  return {
    name: virtual.name,
    id: virtual.id,
    scheduler: virtual.scheduler,
    isInTable: model.has(key),
    isFallbackActive: fallback !== undefined,
    reals,
  };
}

function realStatus(real: RealServer, source: SnapshotSource): RealStatus {
  const name = destinationKey(realDestination(real.virtual, real.config));
  const there = source.table.model.destination(ipvsKeyText(real.virtual.key), name);
  return {
    name: endpointText(real.config),
    verdict: real.verdict,
    since: real.since,
    reason: real.reason,
    failures: real.verdict === 'up' ? real.failures : real.failureLimit,
    failureCount: real.failureLimit,
    isKept: real.isKept,
    rampedWeight: real.rampedWeight,
    checkedAt: real.checkedAt,
    checkTook: real.checkTook,
    configuredWeight: real.config.weight,
    administered: real.administered,
    agent: real.agent,
    weight: there?.weight,
    activeConnections: there?.activeConnections,
    inactiveConnections: there?.inactiveConnections,
    persistentConnections: there?.persistentConnections,
  };
}
