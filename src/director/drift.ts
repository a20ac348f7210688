// Changes that other programs made to our services: told once as long as they stay, and remembered
// until they are repaired, so that the log can say why an entry was written again.

import type { TableDifference } from './table-difference.js';

/** Told one by one in a round; a table flushed by hand would be thousands of lines. */
const LINES_MAX = 20;

export interface Drift {
  /** Takes what a reading showed; returns the lines for the log. */
  take(found: readonly TableDifference[]): readonly string[];
  /** True when writing this entry (or a service, with an empty name) repairs something. */
  isRepair(serviceKey: string, destinationName: string): boolean;
  repaired(): void;
  /** How many differences were found in all. */
  count(): number;
}

export function createDrift(): Drift {
  const open = new Set<string>();
  let told = new Set<string>();
  let count = 0;
  return {
    take: (found) => {
      const fresh = found.filter(({ text }) => !told.has(text));
      // Another program may write the same anew in every round: that is one line and not many.
      told = new Set(found.map(({ text }) => text));
      count += found.length;
      for (const one of found) open.add(`${one.serviceKey} ${one.destinationKey ?? ''}`);
      const lines = fresh.slice(0, LINES_MAX).map(({ text }) => text);
      const more = fresh.length - LINES_MAX;
      if (more > 0) lines.push(`${more} more differences`);
      return lines.map((text) => `Table changed by another program: ${text}`);
    },
    isRepair: (serviceKey, name) => open.has(`${serviceKey} ${name}`) || open.has(`${serviceKey} `),
    repaired: () => open.clear(),
    count: () => count,
  };
}
