// minpool: real servers that are down but kept in service, because fewer than the floor are up. A
// check that fails everywhere tells more about the check, or about the load, than about servers:
// taking the last ones out would help nobody. It names who is kept; the table follows from that.

import type { VirtualServiceConfig } from '../config/director-config.js';
import { isLetIn } from './administration.js';
import { agentLetsIn, agentSetsAside } from './agent.js';
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

/** One whose checks are good and whose agent alone speaks against it is worth most. */
const rankOf = (real: RealServer): number =>
  real.verdict === 'up' ? -1 : RANKS[real.lastFailure ?? 'refused'];

const outSince = ({ verdict, since, agentOutSince }: RealServer): number =>
  (verdict === 'up' ? agentOutSince : since) ?? 0;

const isWell = ({ verdict, agent }: RealServer): boolean =>
  (verdict === 'up' || verdict === 'undecided') && agentLetsIn(agent);

/**
 * The least bad of those that are down; among equals the last that went down, so that nothing is
 * swapped without need. One without a verdict counts as in service: it is about to have one. Who
 * was taken out of service by hand, or set aside by its agent, is never kept, and a closed port is
 * worth less than a fallback. An agent that says down is held against the floor like a check.
 */
export function keptOf(
  virtual: VirtualServiceConfig,
  reals: readonly RealServer[],
): ReadonlySet<RealServer> {
  const floor = floorOf(virtual);
  if (floor === 0) return new Set();
  const carriers = reals.filter(
    ({ config, administered, agent }) =>
      config.weight > 0 && isLetIn(administered) && !agentSetsAside(agent),
  );
  const inService = carriers.filter(isWell);
  const lacking = floor - inService.length;
  if (lacking <= 0) return new Set();
  const candidates = carriers.filter((real) => {
    const { verdict, lastFailure } = real;
    if (verdict === 'up') return !isWell(real);
    if (verdict !== 'down' || lastFailure === 'held') return false;
    return virtual.fallback === undefined || lastFailure !== 'refused';
  });
  candidates.sort((a, b) => rankOf(a) - rankOf(b) || outSince(b) - outSince(a));
  return new Set(candidates.slice(0, lacking));
}
