// The only place that reads clocks. `hrtime` is CLOCK_MONOTONIC with one origin for all threads
// and processes of a boot (performance.now has an origin per thread), so that instants may cross
// between the beat worker, the main thread and the keeper. It is undisturbed by steps of the wall
// clock and stands still in suspend.

import { instant, type Now, wallTime } from '../base/time.js';

/** Milliseconds of CLOCK_MONOTONIC, with microsecond precision. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

export const readNow = (): Now => ({
  monotonic: instant(monotonicMs()),
  wall: wallTime(Date.now()),
});
