// Runs an engine: reads the clock once per event, carries the effects out in order and keeps one
// timer for the next deadline. It decides nothing.
//
// A deadline is never judged inside the timer. libuv runs due timers before it reads sockets, so
// after a stall of our own a timer would judge a peer dead whose messages wait in the socket
// (measured: 7 false deaths in 8 stalls). The timer asks for `setImmediate`, which comes after the
// sockets were read.

import { assert } from '../base/assert.js';
import type { Engine } from '../base/engine.js';
import type { Now } from '../base/time.js';

export interface Driver<Event, Status> {
  /** Takes a fact; effects are carried out before it returns, unless a step is under way. */
  offer(event: Event): void;
  snapshot(): Status;
  /** No step and no effect after this. */
  stop(): void;
}

/** Facts that wait while another is being carried out. More means a loop in the adapters. */
const PENDING_EVENTS_MAX = 100_000;

export function runEngine<Event extends { readonly kind: string }, Effect, Status>(
  engine: Engine<Event | { readonly kind: 'deadline-reached' }, Effect, Status>,
  carryOut: (effect: Effect) => void,
  readNow: () => Now,
  /** Called when a fact and all that came up meanwhile have been carried out. */
  onCarriedOut: () => void = () => undefined,
): Driver<Event, Status> {
  const pending: (Event | { readonly kind: 'deadline-reached' })[] = [];
  let isStepping = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  /** What the timer was set for. */
  let armedFor: number | undefined;
  let immediate: NodeJS.Immediate | undefined;

  const armTimer = (): void => {
    const deadline = engine.nextDeadline();
    // Most facts change no deadline, and setting a timer costs as much as the step itself.
    if (!isStopped && deadline !== undefined && deadline === armedFor) return;
    clearTimeout(timer);
    timer = undefined;
    armedFor = deadline;
    if (isStopped || deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(deadline - readNow().monotonic));
    timer = setTimeout(() => {
      armedFor = undefined;
      clearImmediate(immediate);
      immediate = setImmediate(() => offer({ kind: 'deadline-reached' }));
    }, wait);
  };

  const offer = (event: Event | { readonly kind: 'deadline-reached' }): void => {
    if (isStopped) return;
    pending.push(event);
    assert(pending.length <= PENDING_EVENTS_MAX, 'adapters do not feed the engine without end');
    if (isStepping) return;
    isStepping = true;
    try {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
        for (const effect of engine.step(readNow(), next)) if (!isStopped) carryOut(effect);
      }
    } finally {
      isStepping = false;
    }
    onCarriedOut();
    armTimer();
  };

  return {
    offer,
    snapshot: () => engine.snapshot(),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
