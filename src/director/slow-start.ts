// slowstart: the weight of a real server that has recovered rises in steps, so that the connections
// it missed do not all come at once (a wlc scheduler would send it every new one). Pure arithmetic:
// weight and next step follow from when it recovered.

import { after, between, type Duration, type Instant, millis } from '../base/time.js';

/** Each step is a request to the kernel; finer ones would not be felt. */
export const RAMP_STEPS = 10;

/** From 1 at the recovery to the full weight when the span is over. */
export function rampWeight(full: number, startedAt: Instant, span: Duration, now: Instant): number {
  const step = Math.floor((between(startedAt, now) / span) * RAMP_STEPS + 1e-6);
  if (step >= RAMP_STEPS) return full;
  return Math.min(full, Math.max(1, Math.floor((full * step) / RAMP_STEPS)));
}

/** When the weight rises next; undefined when the span is over. */
export function nextRampAt(
  full: number,
  startedAt: Instant,
  span: Duration,
  now: Instant,
): Instant | undefined {
  const weight = rampWeight(full, startedAt, span, now);
  for (let step = 1; step <= RAMP_STEPS; step++) {
    const at = after(startedAt, millis(Math.ceil((span * step) / RAMP_STEPS)));
    if (at > now && rampWeight(full, startedAt, span, at) > weight) return at;
  }
  return undefined;
}
