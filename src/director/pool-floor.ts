// minpool: real servers that are down but kept in service, because fewer than the floor are up. A
// check that fails everywhere tells more about the check, or about the load, than about servers:
// taking the last ones out would help nobody. It names who is kept; the table follows from that.

import type { VirtualServiceConfig } from '../config/director-config.js';
import { isLetIn } from './administration.js';
import type { RealServer } from './real-server.js';

/** How many real servers the floor of a virtual service demands; a part counts as a whole one. */
export function floorOf({ health, reals }: VirtualServiceConfig): number {
  const { minPool } = health;
  if (minPool === undefined) return 0;
  if (!minPool.isPercent) return minPool.amount;
  const carriers = reals.filter((real) => real.weight > 0);
  return Math.ceil((carriers.length * minPool.amount) / 100);
}

/** Slow servers are worth more than wrong ones, and a refused port serves nobody. */
const RANKS = { 'timed-out': 0, 'wrong-answer': 1, refused: 2, held: 3 } as const;

const rankOf = (real: RealServer): number => RANKS[real.lastFailure ?? 'refused'];

/**
 * The least bad of those that are down; among equals the last that went down, so that nothing is
 * swapped without need. One without a verdict counts as in service: it is about to have one. Who
 * was taken out of service by hand is never kept, and a closed port is worth less than a fallback.
 */
export function keptOf(
  virtual: VirtualServiceConfig,
  reals: readonly RealServer[],
): ReadonlySet<RealServer> {
  const floor = floorOf(virtual);
  if (floor === 0) return new Set();
  const carriers = reals.filter((real) => real.config.weight > 0 && isLetIn(real.administered));
  const inService = carriers.filter(({ verdict }) => verdict === 'up' || verdict === 'undecided');
  const lacking = floor - inService.length;
  if (lacking <= 0) return new Set();
  const candidates = carriers.filter(({ verdict, lastFailure }) => {
    if (verdict !== 'down' || lastFailure === 'held') return false;
    return virtual.fallback === undefined || lastFailure !== 'refused';
  });
  candidates.sort((a, b) => rankOf(a) - rankOf(b) || (b.since ?? 0) - (a.since ?? 0));
  return new Set(candidates.slice(0, lacking));
}
