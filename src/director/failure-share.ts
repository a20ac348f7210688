// How much a failed check counts. Each kind of failure has a limit of its own; one failure is that
// part of what makes a real server down (a third, with a limit of three). With equal limits this is
// the plain count of failures in a row.

import type { FailureKind } from '../checks/check-verdict.js';
import type { VirtualServiceConfig } from '../config/director-config.js';

/** Thirds and sevenths do not add up to one exactly; no share is as small as this. */
const TOLERANCE = 1e-9;

export function failureLimit(
  { failureCount, health }: Pick<VirtualServiceConfig, 'failureCount' | 'health'>,
  kind: FailureKind,
): number {
  switch (kind) {
    case 'refused':
      return health.refusedCount ?? failureCount;
    case 'timed-out':
      return health.timeoutCount ?? failureCount;
    default:
      return health.wrongCount ?? failureCount;
  }
}

export const isUsedUp = (share: number): boolean => share + TOLERANCE >= 1;

/** A share as a number of failures of the kind with this limit, for people. */
export const failuresOf = (share: number, limit: number): number =>
  Math.ceil(share * limit - TOLERANCE * limit);
