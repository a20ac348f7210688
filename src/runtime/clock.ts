// The only place that reads clocks. `performance.now` is CLOCK_MONOTONIC; it is undisturbed by
// steps of the wall clock (measured on Linux) and stands still in suspend.

import { instant, type Now, wallTime } from '../base/time.js';

export const readNow = (): Now => ({
  monotonic: instant(performance.now()),
  wall: wallTime(Date.now()),
});
