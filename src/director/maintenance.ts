// Real servers that somebody took out of service by a file: they count as down at once, whatever
// their checks say, until the file is gone and a check succeeds.

import type { Instant } from '../base/time.js';
import { down } from '../checks/check-verdict.js';
import type { RealServer, RealServers } from './real-server.js';
import { forceDown } from './real-server.js';
import { endpointText } from './real-server-text.js';

export const MAINTENANCE_REASON = 'Server in maintenance';

export interface Maintenance {
  /** True while the check of this real server decides nothing. */
  holds(real: RealServer): boolean;
  /** Takes the endpoints (`10.0.0.2:80`) that are out of service now. */
  take(endpoints: ReadonlySet<string>, reals: RealServers, now: Instant): MaintenanceChange;
  /** After a reload: new entries of servers that are out of service go down as well. */
  apply(reals: RealServers, now: Instant): readonly RealServer[];
}

export interface MaintenanceChange {
  /** Whose verdict has changed. */
  readonly taken: readonly RealServer[];
  /** Whose next check decides again. */
  readonly released: readonly RealServer[];
}

export function createMaintenance(): Maintenance {
  let held: ReadonlySet<string> = new Set();
  const holds = (real: RealServer): boolean => held.size > 0 && held.has(endpointText(real.config));
  const apply = (reals: RealServers, now: Instant): readonly RealServer[] => {
    if (held.size === 0) return [];
    return [...reals.byKey.values()].filter(
      (real) => holds(real) && forceDown(real, down(MAINTENANCE_REASON), now),
    );
  };
  return {
    holds,
    apply,
    take: (endpoints, reals, now) => {
      const released = [...reals.byKey.values()].filter(
        (real) => holds(real) && !endpoints.has(endpointText(real.config)),
      );
      held = endpoints;
      return { taken: apply(reals, now), released };
    },
  };
}
