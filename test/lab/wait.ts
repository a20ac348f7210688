// Waiting in the lab: always on a condition, always with a limit. A test that waits for a
// length of time instead is either slow or wrong on the next machine.

import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/** Milliseconds of the kernel's monotonic clock, which every process of one kernel shares. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * Returns the first value of `look` that is neither false nor undefined. Fails with `what` and,
 * when given, the text of `explain` once `limitMs` is over.
 */
export async function waitFor<T>(
  what: string,
  limitMs: number,
  look: () => T | Promise<T>,
  explain?: () => string | Promise<string>,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = nowMs() + limitMs;
  for (;;) {
    const value = await look();
    if (value !== false && value !== undefined && value !== null) {
      return value as NonNullable<Exclude<T, false>>;
    }
    if (nowMs() >= end) {
      const more = explain === undefined ? '' : `\n${await explain()}`;
      throw new Error(`waited ${Math.round(limitMs)} ms in vain for: ${what}${more}`);
    }
    await sleep(pollMs);
  }
}

/** True when `claim` held at every look during `spanMs`; the lab's way to say "nothing moves". */
export async function holdsFor(
  spanMs: number,
  claim: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const end = nowMs() + spanMs;
  do {
    if (!(await claim())) return false;
    await sleep(pollMs);
  } while (nowMs() < end);
  return true;
}
