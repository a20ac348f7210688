// Health and configuration give the table that is wanted in the kernel. A pure function: it does
// not know what the table holds now, and what it wants does not depend on how it came to be.

import { unreachable } from '../base/assert.js';
import type {
  DirectorConfig,
  FallbackConfig,
  RealServerConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import { isQuiescing } from '../config/director-health.js';
import type { IpvsDestination, IpvsService } from '../wire/ipvs-table.js';
import { type Administered, isLetIn } from './administration.js';
import { type AgentState, agentHold, agentLetsIn, agentWeight } from './agent.js';
import type { RealVerdict } from './director-status.js';
import {
  destinationKey,
  fallbackDestination,
  quiescedDestination,
  realDestination,
} from './real-server-text.js';

/** What is known of one real server of one virtual service. */
export interface RealHealth {
  readonly verdict: RealVerdict;
  /**
   * The entry with weight 0 was in the table since the real server went down. Somebody who deletes
   * it by hand then has his way (ldirectord 4.12, recorded: it is not added again).
   */
  readonly isQuiescedSeen: boolean;
  /** Down, but in service as if it were up. */
  readonly isKept: boolean;
  /** Its weight while that rises; undefined: the configured one. */
  readonly rampedWeight: number | undefined;
  readonly administered?: Administered | undefined;
  readonly agent?: AgentState | undefined;
}

export type HealthView = (virtual: VirtualServiceConfig, real: RealServerConfig) => RealHealth;

export type DestinationOrigin =
  | { readonly kind: 'real'; readonly real: RealServerConfig }
  | { readonly kind: 'fallback'; readonly fallback: FallbackConfig };

export interface DesiredDestination {
  readonly destination: IpvsDestination;
  readonly origin: DestinationOrigin;
  /** True: if it is in the table then so, but it is not added. */
  readonly isOptional: boolean;
}

export interface DesiredService {
  readonly virtual: VirtualServiceConfig;
  readonly service: IpvsService;
  readonly destinations: readonly DesiredDestination[];
  /** The same by destination key. */
  readonly byKey: ReadonlyMap<string, DesiredDestination>;
  /** Keys of destinations that stay as they are, if they are there. */
  readonly untouched: ReadonlySet<string>;
  /**
   * Entries that nobody wants any more stay for the moment: no real server of the service is known
   * to be up yet, and a reload that replaces all of them would leave clients with nobody.
   */
  readonly keepsOthers: boolean;
}

export type DesiredTable = readonly DesiredService[];

/**
 * `steady`: everything as the verdicts say. `settling`: the same, but a virtual service whose real
 * servers have no verdict yet gets no fallback server: a healthy start would show the fallback
 * page for the moment that the first check takes.
 */
export type DesiredMode = 'steady' | 'settling';

export const desiredTable = (
  config: DirectorConfig,
  health: HealthView,
  mode: DesiredMode,
): DesiredTable => config.virtuals.map((virtual) => desiredService(virtual, health, mode));

export function serviceOf(virtual: VirtualServiceConfig): IpvsService {
  const { key } = virtual;
  const isPersistent = virtual.persistentSeconds !== undefined && virtual.persistentSeconds > 0;
  return {
    key,
    scheduler: virtual.scheduler,
    persistenceSeconds: isPersistent ? virtual.persistentSeconds : undefined,
    // The netmask means something together with persistence only; alone it is left out.
    persistencePrefix: isPersistent ? virtual.persistencePrefix : key.family === 6 ? 128 : 32,
    isOnePacket: virtual.isOnePacket && key.kind === 'address' && key.protocol === 'udp',
    schedulerFlags: virtual.schedulerFlags,
  };
}

function desiredService(
  virtual: VirtualServiceConfig,
  health: HealthView,
  mode: DesiredMode,
): DesiredService {
  // Two lines may mean one entry of the kernel; then one that is up wins over one that is not.
  const wanted = new Map<string, DesiredDestination>();
  const untouched = new Set<string>();
  let servingCount = 0;
  let undecidedCount = 0;
  for (const real of virtual.reals) {
    const realHealth = health(virtual, real);
    const { verdict, isKept, isQuiescedSeen, administered, agent } = realHealth;
    const isWell = verdict === 'up' && agentLetsIn(agent);
    const isServing = (isWell || isKept) && isLetIn(administered);
    if (isServing) servingCount++;
    if (verdict === 'undecided') undecidedCount++;
    const key = destinationKey(realDestination(virtual, real));
    if (verdict === 'undecided' && !isTakenOut(realHealth)) untouched.add(key);
    const destination = wantedDestination(virtual, real, realHealth);
    if (destination === undefined) continue;
    const isUpThere = wanted.get(key)?.isOptional === false && !isServing;
    if (isUpThere) continue;
    const isOptional = !isServing && isQuiescedSeen && administered === undefined;
    wanted.set(key, { destination, origin: { kind: 'real', real }, isOptional });
  }
  const isAwaited = mode === 'settling' && undecidedCount > 0;
  const { fallback } = virtual;
  const isFallbackWanted = servingCount === 0 && !isAwaited && virtual.checkType.kind !== 'off';
  if (fallback !== undefined && isFallbackWanted) {
    const destination = fallbackDestination(virtual, fallback);
    const origin = { kind: 'fallback', fallback } as const;
    wanted.set(destinationKey(destination), { destination, origin, isOptional: false });
  }
  // What a predecessor left to serve the fallback page goes on until somebody is known to be up.
  if (fallback !== undefined && isAwaited && servingCount === 0) {
    untouched.add(destinationKey(fallbackDestination(virtual, fallback)));
  }
  for (const key of wanted.keys()) untouched.delete(key);
  return {
    virtual,
    service: serviceOf(virtual),
    destinations: [...wanted.values()],
    byKey: wanted,
    untouched,
    keepsOthers: isAwaited && servingCount === 0,
  };
}

/** What a slow start has reached is a part of the configured weight, and so of the operator's. */
function risenWeight(full: number, configured: number, ramped: number | undefined): number {
  if (ramped === undefined || full === 0 || configured === 0) return full;
  return Math.max(1, Math.round((full * ramped) / configured));
}

/** By an operator's word, or by its agent's. An operator's drain wins: it ends by connections. */
function isTakenOut({ administered, agent }: RealHealth): boolean {
  if (administered?.kind === 'out') return true;
  return agentHold(agent) === 'maint' && administered?.kind !== 'drain';
}

/** The one place where health, operators' words and those of agents become a weight. */
function wantedDestination(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  health: RealHealth,
): IpvsDestination | undefined {
  const { verdict, isKept, rampedWeight, administered, agent } = health;
  if (isTakenOut(health)) return undefined;
  const isIn = verdict === 'up' || verdict === 'undecided' || isKept;
  const hold = isIn ? agentHold(agent) : undefined;
  const isDrained = administered?.kind === 'drain' || hold === 'drain';
  if (isDrained && isIn) return quiescedDestination(virtual, real);
  const full = administered?.kind === 'weight' ? administered.weight : real.weight;
  const told = agentWeight(full, agent);
  // Whom the floor keeps although its agent says 0 % is kept with all it has.
  if (isKept) return { ...realDestination(virtual, real), weight: told === 0 ? full : told };
  const whenDown = (): IpvsDestination | undefined =>
    isQuiescing(virtual) ? quiescedDestination(virtual, real) : undefined;
  if (hold === 'down') return whenDown();
  switch (verdict) {
    case 'up': {
      const weight = risenWeight(told, real.weight, rampedWeight);
      return { ...realDestination(virtual, real), weight };
    }
    case 'down':
    case 'off':
      return whenDown();
    case 'undecided':
      return undefined;
    default:
      return unreachable(verdict);
  }
}
