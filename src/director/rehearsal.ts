// What the kernel would be asked to do if a configuration came into force now, with the health and
// the operators' words of this moment. It works on copies: nothing of the running director changes.

import type { DirectorConfig } from '../config/director-config.js';
import { type IpvsRequest, ipvsKeyText, type ObservedService } from '../wire/ipvs-table.js';
import type { Administration } from './administration.js';
import { alwaysUpReason } from './check-plan.js';
import { type DesiredMode, desiredTable } from './desired-table.js';
import { plan } from './plan.js';
import { newRealServer, type RealServers, realServersOf } from './real-server.js';
import { destinationKey, realDestination } from './real-server-text.js';

export interface Rehearsal {
  /** At once. */
  readonly edits: readonly IpvsRequest[];
  /** When the first check of a new real server is good. */
  readonly expected: readonly IpvsRequest[];
}

export function rehearse(
  config: DirectorConfig,
  now: {
    readonly config: DirectorConfig;
    readonly reals: RealServers;
    readonly administration: Administration;
    readonly observed: readonly ObservedService[];
    readonly mode: DesiredMode;
  },
): Rehearsal {
  const reals = realServersOf(config.virtuals, now.reals.byKey);
  now.administration.apply(reals);
  for (const real of reals.byKey.values()) {
    if (alwaysUpReason(real.virtual) !== undefined) real.verdict = 'up';
  }
  const virtuals = [...now.config.virtuals, ...config.virtuals];
  const scope = new Set(virtuals.map(({ key }) => ipvsKeyText(key)));
  const desired = desiredTable(
    config,
    (virtual, real) => reals.of(virtual, real) ?? newRealServer(virtual, real),
    now.mode,
  );
  return {
    edits: plan(desired, now.observed, scope),
    expected: expectedAdditions(config, reals, now.observed),
  };
}

function expectedAdditions(
  config: DirectorConfig,
  reals: RealServers,
  observed: readonly ObservedService[],
): readonly IpvsRequest[] {
  const present = new Set(
    observed.flatMap(({ key, destinations }) =>
      destinations.map((there) => `${ipvsKeyText(key)} ${destinationKey(there)}`),
    ),
  );
  return config.virtuals.flatMap((virtual) =>
    virtual.reals.flatMap((real) => {
      const server = reals.of(virtual, real);
      if (server?.verdict !== 'undecided' || server.administered !== undefined) return [];
      const destination = realDestination(virtual, real);
      const { key } = virtual;
      if (present.has(`${ipvsKeyText(key)} ${destinationKey(destination)}`)) return [];
      return [{ kind: 'add-destination', key, destination } as const];
    }),
  );
}
