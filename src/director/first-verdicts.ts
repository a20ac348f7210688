// Whether every real server has had its first verdict: from then on a director counts as settled.

import { alwaysUpReason } from './check-plan.js';
import type { RealServers } from './real-server.js';

/** Every first verdict is there. */
export function areDecided(reals: RealServers): boolean {
  for (const real of reals.byKey.values()) {
    if (real.verdict === 'undecided') return false;
    // An adopted one counts as up, but its first check is still to come.
    const isChecked = alwaysUpReason(real.virtual) === undefined && real.verdict !== 'off';
    const isOff = real.virtual.checkType.kind === 'off';
    if (isChecked && !isOff && real.checkedAt === undefined) return false;
  }
  return true;
}
