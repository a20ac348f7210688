// The one face of both engines (cluster and director), which one driver runs and one simulator
// plays. An engine is synchronous and total: it never waits, never throws on outside data, reads
// no clock and draws no chance of its own.

import type { Instant, Now } from './time.js';

export interface Engine<Event, Effect, Status> {
  /** Takes one fact and returns the orders that follow from it, in the order to be carried out. */
  step(now: Now, event: Event): readonly Effect[];

  /**
   * When to call `step` with `deadline-reached` if nothing else happens before. A call that comes
   * early or for nothing is harmless; a late one is judged by the time it came.
   */
  nextDeadline(): Instant | undefined;

  /** What is true now, for status commands and for the checkers of the simulator. */
  snapshot(): Status;
}
