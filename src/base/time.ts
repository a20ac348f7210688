// Points in time and spans of time, as types that cannot be mixed.
// All decisions use the monotonic reading; the wall reading only stamps messages and log lines,
// so a jump of the wall clock changes nothing. This file reads no clock: time is an argument.

/** A span of time in milliseconds. Fractions are allowed; negative spans are legal results. */
export type Duration = number & { readonly __unit: 'duration-ms' };

/** A point on the monotonic clock, in milliseconds since an arbitrary origin. */
export type Instant = number & { readonly __unit: 'instant-ms' };

/** A point on the wall clock, in milliseconds since 1970-01-01 UTC. */
export type WallTime = number & { readonly __unit: 'wall-ms' };

/** Both readings of the clock, taken together once per event. */
export interface Now {
  readonly monotonic: Instant;
  readonly wall: WallTime;
}

export const millis = (count: number): Duration => count as Duration;
export const seconds = (count: number): Duration => (count * 1000) as Duration;
export const instant = (monotonicMs: number): Instant => monotonicMs as Instant;
export const wallTime = (epochMs: number): WallTime => epochMs as WallTime;

export const after = (start: Instant, span: Duration): Instant => (start + span) as Instant;

/** How long after `start` lies `end`; negative when it lies before. */
export const between = (start: Instant, end: Instant): Duration => (end - start) as Duration;

/** The earliest of some deadlines; undefined when there is none. */
export function earliest(...deadlines: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const deadline of deadlines) {
    if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
  }
  return first;
}
