// When which check runs: first all at once within the limit, then spread over the interval, each
// with a deadline of its own. It owns ids and deadlines of the checks under way; it judges nothing
// but lateness.

import type { Prng } from '../base/prng.js';
import {
  after,
  between,
  type Duration,
  earliest,
  type Instant,
  instant,
  millis,
} from '../base/time.js';
import { type CheckSpec, isProgram } from '../checks/check-spec.js';
import { type CheckVerdict, timedOut } from '../checks/check-verdict.js';
import {
  type CombinedState,
  combinedAfter,
  combinedNext,
  combinedStart,
} from '../checks/combined.js';
import type { PlannedCheck } from './check-plan.js';
import { createDueQueue, type DueQueue } from './due-queue.js';

/**
 * Connections at once. As many servers may be dead without an answer before the others are asked
 * later than their interval says; each holds one descriptor, of which a process has thousands.
 */
export const CHECKS_IN_FLIGHT_MAX = 1024;

/** Programs of external checks and agents at once: each is a process of its own. */
export const PROGRAMS_IN_FLIGHT_MAX = 64;

/**
 * Checks are due at multiples of this: a burst of a few costs less than as many awakenings. Of the
 * shortest interval, a second, it is the fiftieth part.
 */
const DUE_GRID: Duration = millis(20);

/**
 * Adapters end a check at its deadline and say what it was waiting for. One that does not is ended
 * from here a little later.
 */
export const CHECK_DEADLINE_GRACE: Duration = millis(500);

export interface StartedCheck {
  readonly id: number;
  readonly spec: CheckSpec;
}

export interface FinishedCheck {
  readonly verdict: CheckVerdict;
  readonly took: Duration;
  /** Of the check. */
  readonly key: string;
  readonly purpose: PlannedCheck['purpose'];
  readonly realKeys: readonly string[];
}

export interface CheckSchedule {
  /** Takes the checks of a configuration; ids of checks that are no longer wanted are returned. */
  update(checks: readonly PlannedCheck[], paceFactor: number, now: Instant): readonly number[];
  /** Checks to be started now. */
  takeDue(now: Instant): readonly StartedCheck[];
  /** Checks that have not answered by their deadline: to be cancelled, and finished as failed. */
  takeLate(now: Instant): readonly { readonly id: number; readonly finished: FinishedCheck }[];
  /** The checks of these real servers are due now. */
  hurry(realKeys: ReadonlySet<string>, now: Instant): void;
  /** The same, but not within `SUSPICION_GAP`; one under way is followed by another. */
  suspect(realKeys: ReadonlySet<string>, now: Instant): void;
  /** The next run of this check is so soon after its last one, if it was to be later. */
  hasten(checkKey: string, interval: Duration, now: Instant): void;
  /** Undefined for an id that is not under way (any more). */
  finish(id: number, verdict: CheckVerdict, now: Instant): FinishedCheck | undefined;
  /** Ids of all checks under way; nothing is due after this. */
  stop(): readonly number[];
  next(): Instant | undefined;
  counts(): { readonly checks: number; readonly inFlight: number };
}

/** A deadline that is judged later than this was slept through by ourselves. */
const STALL: Duration = millis(250);

interface InFlight {
  readonly id: number;
  readonly startedAt: Instant;
  deadline: Instant;
  readonly timeout: Duration;
  isExtended: boolean;
}

interface Entry {
  check: PlannedCheck;
  interval: Duration;
  /** How far into the interval the second run lies: this is what spreads the checks. */
  phase: Duration;
  /** Changed by `#wait` alone, which keeps the queue in step. */
  nextAt: Instant;
  startedAt: Instant;
  hasRun: boolean;
  inFlight: InFlight | undefined;
  /** Suspected while it was under way: its answer may be older than the suspicion. */
  isSuspected: boolean;
  combined: CombinedState;
}

/**
 * A suspicion starts a check no sooner than this after its last start: whatever flaps, a real
 * server is asked ten times a second at most.
 */
export const SUSPICION_GAP: Duration = millis(100);

/** Checks that share a limit. */
interface Lane {
  readonly most: number;
  readonly waiting: DueQueue<Entry>;
  inFlight: number;
}

const newLane = (most: number): Lane => ({ most, waiting: createDueQueue(), inFlight: 0 });

const onGrid = (at: Instant): Instant => instant(Math.ceil(at / DUE_GRID) * DUE_GRID);

export const createCheckSchedule = (prng: Prng): CheckSchedule => new Schedule(prng);

class Schedule implements CheckSchedule {
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<number, Entry>();
  readonly #prng: Prng;
  readonly #connections: Lane = newLane(CHECKS_IN_FLIGHT_MAX);
  readonly #programs: Lane = newLane(PROGRAMS_IN_FLIGHT_MAX);
  readonly #deadlines: DueQueue<Entry> = createDueQueue();
  #lastId = 0;
  #pace = 1;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  update(checks: readonly PlannedCheck[], paceFactor: number, now: Instant): readonly number[] {
    const former = new Map(this.#entries);
    this.#entries.clear();
    for (const lane of this.#lanes()) lane.waiting.clear();
    const isHastier = paceFactor < this.#pace;
    this.#pace = paceFactor;
    checks.forEach((check, index) => {
      const interval = millis(check.interval * paceFactor);
      const phase = millis((interval * (index + 1)) / checks.length);
      const entry = former.get(check.key) ?? newEntry(check, now);
      former.delete(check.key);
      if (isHastier && entry.hasRun) {
        const soon = after(now, phase);
        if (soon < entry.nextAt) entry.nextAt = soon;
      }
      // A real server that is new to a known check need not wait for its next turn.
      const known = new Set(entry.check.realKeys);
      if (check.realKeys.some((key) => !known.has(key))) entry.nextAt = now;
      Object.assign(entry, { check, interval, phase });
      this.#entries.set(check.key, entry);
      this.#wait(entry, entry.nextAt);
    });
    const dropped: number[] = [];
    for (const entry of former.values()) {
      if (entry.inFlight === undefined) continue;
      dropped.push(entry.inFlight.id);
      this.#land(entry, entry.inFlight);
    }
    return dropped;
  }

  #lanes(): readonly Lane[] {
    return [this.#connections, this.#programs];
  }

  #laneOf({ check }: Entry): Lane {
    return isProgram(check.main) ? this.#programs : this.#connections;
  }

  #wait(entry: Entry, at: Instant): void {
    entry.nextAt = at;
    if (entry.inFlight === undefined) this.#laneOf(entry).waiting.set(entry, at);
  }

  #land(entry: Entry, flight: InFlight): void {
    this.#underWay.delete(flight.id);
    this.#deadlines.delete(entry);
    this.#laneOf(entry).inFlight--;
    entry.inFlight = undefined;
  }

  takeDue(now: Instant): readonly StartedCheck[] {
    return this.#lanes().flatMap((lane) => {
      const entries = lane.waiting.takeDue(now, lane.most - lane.inFlight);
      return entries.map((entry) => this.#start(entry, now));
    });
  }

  #start(entry: Entry, now: Instant): StartedCheck {
    const { main, combined } = entry.check;
    const isConnect = combined !== undefined && combinedNext(entry.combined) === 'connect';
    const spec = isConnect ? combined.connect : main;
    const id = ++this.#lastId;
    const deadline = after(after(now, spec.timeout), CHECK_DEADLINE_GRACE);
    entry.inFlight = { id, startedAt: now, deadline, timeout: spec.timeout, isExtended: false };
    this.#deadlines.set(entry, deadline);
    this.#laneOf(entry).inFlight++;
    entry.nextAt = entry.hasRun ? this.#nextTurn(entry, now) : onGrid(after(now, entry.phase));
    entry.startedAt = now;
    entry.isSuspected = false;
    entry.hasRun = true;
    this.#underWay.set(id, entry);
    return { id, spec };
  }

  /**
   * Counted from when it was due: a start that came late does not put off all that follow. Only a
   * jitter that was asked for takes from the chance.
   */
  #nextTurn({ nextAt, interval, check: { jitter } }: Entry, now: Instant): Instant {
    if (jitter !== 0) {
      return after(now, millis(interval * (1 + jitter * (2 * this.#prng.fraction() - 1))));
    }
    const next = after(nextAt, interval);
    return next > now ? next : onGrid(after(now, interval));
  }

  takeLate(now: Instant): readonly { readonly id: number; readonly finished: FinishedCheck }[] {
    const late: { id: number; finished: FinishedCheck }[] = [];
    for (const entry of this.#deadlines.takeDue(now, this.#underWay.size)) {
      const flight = entry.inFlight;
      if (flight === undefined) continue;
      if (isSleptThrough(flight, now)) {
        this.#deadlines.set(entry, flight.deadline);
        continue;
      }
      const { id } = flight;
      const finished = this.finish(id, timedOut(flight.timeout / 1000), now);
      if (finished !== undefined) late.push({ id, finished });
    }
    return late;
  }

  finish(id: number, verdict: CheckVerdict, now: Instant): FinishedCheck | undefined {
    const entry = this.#underWay.get(id);
    if (entry?.inFlight === undefined) return undefined;
    const took = between(entry.inFlight.startedAt, now);
    this.#land(entry, entry.inFlight);
    const { key, purpose, combined, realKeys } = entry.check;
    if (combined !== undefined) {
      entry.combined = combinedAfter(entry.combined, verdict.isUp, combined.connects);
    }
    // A check that outlasted its interval starts a new one from its end: a sick server is not
    // asked again at once.
    this.#wait(entry, entry.nextAt <= now ? after(now, entry.interval) : entry.nextAt);
    if (entry.isSuspected && verdict.isUp) this.#bringForward(entry, now);
    return { verdict, took, key, purpose, realKeys };
  }

  hasten(checkKey: string, interval: Duration, now: Instant): void {
    const entry = this.#entries.get(checkKey);
    if (entry === undefined) return;
    const span = millis(interval * this.#pace);
    const due = after(entry.startedAt, span);
    // One that took longer than that is not asked again at once either.
    const at = due > now ? due : after(now, span);
    if (at < entry.nextAt) this.#wait(entry, at);
  }

  hurry(realKeys: ReadonlySet<string>, now: Instant): void {
    for (const entry of this.#entries.values()) {
      if (entry.check.realKeys.some((key) => realKeys.has(key))) this.#wait(entry, now);
    }
  }

  suspect(realKeys: ReadonlySet<string>, now: Instant): void {
    for (const entry of this.#entries.values()) {
      const { purpose, realKeys: own } = entry.check;
      // What speaks against a real server is no reason to ask what it can carry.
      if (!entry.hasRun || purpose === 'agent' || !own.some((key) => realKeys.has(key))) continue;
      if (entry.inFlight !== undefined) entry.isSuspected = true;
      else this.#bringForward(entry, now);
    }
  }

  #bringForward(entry: Entry, now: Instant): void {
    const soonest = after(entry.startedAt, SUSPICION_GAP);
    const at = soonest > now ? soonest : now;
    if (at < entry.nextAt) this.#wait(entry, at);
  }

  stop(): readonly number[] {
    const ids = [...this.#underWay.keys()];
    this.#underWay.clear();
    this.#entries.clear();
    this.#deadlines.clear();
    for (const lane of this.#lanes()) {
      lane.waiting.clear();
      lane.inFlight = 0;
    }
    return ids;
  }

  next(): Instant | undefined {
    let next = this.#deadlines.next();
    for (const lane of this.#lanes()) {
      if (lane.inFlight < lane.most) next = earliest(next, lane.waiting.next());
    }
    return next;
  }

  counts(): { readonly checks: number; readonly inFlight: number } {
    return { checks: this.#entries.size, inFlight: this.#underWay.size };
  }
}

const newEntry = (check: PlannedCheck, now: Instant): Entry => ({
  check,
  interval: check.interval,
  phase: check.interval,
  nextAt: now,
  startedAt: now,
  hasRun: false,
  inFlight: undefined,
  isSuspected: false,
  combined: combinedStart,
});

/**
 * After a stall of this process the answer may be waiting in a socket: the time slept is given
 * back, once and no more than the check's own span.
 */
function isSleptThrough(flight: InFlight, now: Instant): boolean {
  const late = between(flight.deadline, now);
  if (late <= STALL || flight.isExtended) return false;
  flight.isExtended = true;
  flight.deadline = after(now, millis(Math.min(late, flight.timeout)));
  return true;
}
