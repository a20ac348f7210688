// What the kernel would not do: told once per reason, not tried again before the next round, and
// kept for status. Requests below a refused service are not tried either: they cannot succeed.

import type { IpvsRequest } from '../wire/ipvs-table.js';
import { requestKey, requestText } from './plan.js';

export interface Refusals {
  /** Returns the line for the log; undefined when it was told before or follows from another. */
  take(request: IpvsRequest, reason: string): string | undefined;
  /** The request was carried out. */
  forget(request: IpvsRequest): void;
  /** Drops what is no longer wanted at all. */
  keepOnly(wanted: readonly IpvsRequest[]): void;
  isBlocked(request: IpvsRequest): boolean;
  /** A new round: everything may be tried again. */
  unblock(): void;
  clear(): void;
  /** By request text. */
  all(): ReadonlyMap<string, string>;
}

export function createRefusals(): Refusals {
  const refused = new Map<string, string>();
  const blocked = new Set<string>();
  const blockedServices = new Set<string>();
  return {
    take: (request, reason) => {
      const text = requestText(request);
      const isKnown = refused.get(text) === reason;
      const isConsequence = blockedServices.has(requestKey(request));
      blocked.add(text);
      refused.set(text, reason);
      if (request.kind === 'add-service') blockedServices.add(requestKey(request));
      return isKnown || isConsequence ? undefined : `The kernel refused ${text}: ${reason}`;
    },
    forget: (request) => void refused.delete(requestText(request)),
    keepOnly: (wanted) => {
      const texts = new Set(wanted.map(requestText));
      for (const text of refused.keys()) if (!texts.has(text)) refused.delete(text);
    },
    isBlocked: (request) =>
      blocked.has(requestText(request)) || blockedServices.has(requestKey(request)),
    unblock: () => {
      blocked.clear();
      blockedServices.clear();
    },
    clear: () => {
      refused.clear();
      blocked.clear();
      blockedServices.clear();
    },
    all: () => refused,
  };
}
