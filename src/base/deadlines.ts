// A table of named deadlines. An engine keeps one and derives `nextDeadline` from it, so that
// every timer can be listed by name and setting it again replaces it.

import type { Instant } from './time.js';

export interface Deadlines {
  /** Sets or moves the deadline of that name. */
  set(name: string, at: Instant): void;
  clear(name: string): void;
  has(name: string): boolean;
  at(name: string): Instant | undefined;
  /** The earliest deadline; undefined when none is set. */
  next(): Instant | undefined;
  /** Removes and returns the names due at `now`, earliest first, then in order of setting. */
  takeDue(now: Instant): readonly string[];
  /** All names with their points, for status and tests. */
  entries(): readonly (readonly [string, Instant])[];
}

export function createDeadlines(): Deadlines {
  const table = new Map<string, Instant>();
  return {
    set: (name, at) => void table.set(name, at),
    clear: (name) => void table.delete(name),
    has: (name) => table.has(name),
    at: (name) => table.get(name),
    next: () => {
      let first: Instant | undefined;
      for (const at of table.values()) if (first === undefined || at < first) first = at;
      return first;
    },
    takeDue: (now) => {
      const due: [string, Instant][] = [];
      for (const entry of table) if (entry[1] <= now) due.push(entry);
      due.sort((a, b) => a[1] - b[1]);
      for (const [name] of due) table.delete(name);
      return due.map(([name]) => name);
    },
    entries: () => [...table.entries()],
  };
}
