// What the keeper decides: a parent process that does nothing while its child, the daemon, lives,
// and that sees to it that a dead daemon's addresses are either served on by a successor or gone.
// A killed daemon otherwise leaves its addresses in the kernel, and after the peer's takeover two
// nodes hold them (recorded from heartbeat 3.0.6 and keepalived alike).
//
// It knows nothing of processes and addresses: those are the effects' business.

import { createDeadlines, type Deadlines } from '../base/deadlines.js';
import type { Engine } from '../base/engine.js';
import type { LogCode } from '../base/log-code.js';
import { type LogLevel, type LogLine, logLine } from '../base/log-line.js';
import {
  after,
  between,
  type Duration,
  type Instant,
  instant,
  millis,
  type Now,
} from '../base/time.js';

/** How a daemon process ended. */
export type ChildEnd =
  /** It released everything in order and said good-bye to the peer. */
  | { readonly kind: 'stopped' }
  /** It asks to be started anew with the next generation, holding nothing. */
  | { readonly kind: 'restart-wanted' }
  /** It asks for a successor that goes on holding what it holds: the files have changed. */
  | { readonly kind: 'succession-wanted' }
  /** Its configuration does not allow a start; the text was printed. */
  | { readonly kind: 'refused'; readonly exitCode: number }
  | { readonly kind: 'died'; readonly reason: string };

export type KeeperEvent =
  /** `isAdopting`: a daemon without keeper runs and is to be succeeded (its will was told). */
  | { readonly kind: 'started'; readonly isAdopting: boolean }
  /** The child sent its first message to the cluster. */
  | { readonly kind: 'child-beating' }
  /** What the child would leave behind if it died now. */
  | { readonly kind: 'will-changed'; readonly isHolding: boolean; readonly deadtime: Duration }
  | { readonly kind: 'child-ended'; readonly end: ChildEnd }
  | { readonly kind: 'release-finished' }
  | { readonly kind: 'stop-asked' }
  | { readonly kind: 'deadline-reached' };

export type KeeperEffect =
  /** `isAdopting`: with the predecessor's will, to go on holding what it held. */
  | { readonly kind: 'start-child'; readonly isAdopting: boolean }
  /** Have a successor loaded and waiting, because a start takes long against the dead time. */
  | { readonly kind: 'prepare-successor' }
  | { readonly kind: 'kill-child' }
  | { readonly kind: 'ask-child-to-stop' }
  /** Give up addresses and table in order, then send the signed hand-over to the peer. */
  | { readonly kind: 'release' }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'exit'; readonly code: number };

export type KeeperState =
  | 'starting'
  | 'watching'
  | 'succeeding'
  | 'releasing'
  | 'waiting'
  | 'stopping'
  | 'ended';

export interface KeeperStatus {
  readonly state: KeeperState;
  readonly isHolding: boolean;
  /** Deaths since the last time a child lived for `settledAfter`. */
  readonly deaths: number;
}

/** A child that beat for this long has settled: its death is a first one again. */
const settledAfter: Duration = millis(10_000);
/** Wait before a fresh start after a death that could not be mended, doubled each time. */
const firstWait: Duration = millis(1000);
const longestWait: Duration = millis(60_000);
/**
 * A successor is kept ready when a start takes more than this share of the dead time: beside the
 * work that may have brought the daemon down, a start takes several times as long as alone.
 */
const START_SHARE_MAX = 1 / 8;
/** Deaths before the first beat ever, after which a start is given up. */
const FIRST_START_DEATHS_MAX = 3;
/** Assumed until the child's will names the real one. */
const defaultDeadtime: Duration = millis(30_000);

interface Keeper {
  state: KeeperState;
  isHolding: boolean;
  deadtime: Duration;
  startedAt: Instant;
  beatingAt: Instant | undefined;
  deaths: number;
  /** A start from nothing; a prepared successor is quicker and must not hide it. */
  longestStart: Duration;
  isSuccessorPrepared: boolean;
  /** No child ever beat: a refused configuration is then the operator's to mend. */
  isFirstStart: boolean;
  isStopWanted: boolean;
  readonly deadlines: Deadlines;
}

const say = (level: LogLevel, code: LogCode, text: string): KeeperEffect => ({
  kind: 'log',
  line: logLine(level, code, text),
});

function start(keeper: Keeper, now: Now, isAdopting: boolean): readonly KeeperEffect[] {
  keeper.state = isAdopting ? 'succeeding' : 'starting';
  keeper.startedAt = now.monotonic;
  keeper.beatingAt = undefined;
  keeper.isSuccessorPrepared = false;
  if (isAdopting) {
    keeper.deadlines.set('successor', after(now.monotonic, millis(keeper.deadtime / 2)));
  }
  return [{ kind: 'start-child', isAdopting }];
}

function release(keeper: Keeper, why: string): readonly KeeperEffect[] {
  keeper.state = 'releasing';
  keeper.deadlines.clear('successor');
  return [say('CRIT', 'keeper-releases', why), { kind: 'kill-child' }, { kind: 'release' }];
}

function end(keeper: Keeper, code: number): readonly KeeperEffect[] {
  keeper.state = 'ended';
  return [{ kind: 'exit', code }];
}

function waitThenStart(keeper: Keeper, now: Now): readonly KeeperEffect[] {
  keeper.state = 'waiting';
  const doublings = Math.min(10, Math.max(0, keeper.deaths - 2));
  const wait = millis(Math.min(longestWait, firstWait * 2 ** doublings));
  keeper.deadlines.set('fresh-start', after(now.monotonic, wait));
  return [say('WARN', 'keeper-waits', `the daemon is started afresh in ${wait} ms`)];
}

function onDeath(keeper: Keeper, now: Now, reason: string): readonly KeeperEffect[] {
  const lived = keeper.beatingAt === undefined ? 0 : between(keeper.beatingAt, now.monotonic);
  if (lived >= settledAfter) keeper.deaths = 0;
  keeper.deaths++;
  const died = `Core heartbeat process died! (${reason})`;
  if (keeper.isHolding) {
    if (keeper.deaths > 1) {
      return release(keeper, `${died} It died again at once: giving up what it held.`);
    }
    const line = say('ERROR', 'daemon-died', `${died} Restarting; the successor adopts.`);
    return [line, ...start(keeper, now, true)];
  }
  if (keeper.isFirstStart && keeper.deaths > FIRST_START_DEATHS_MAX) {
    const line = say('emerg', 'daemon-cannot-start', `the daemon cannot start: ${reason}`);
    return [line, ...end(keeper, 1)];
  }
  const line = say('ERROR', 'daemon-died', `${died} It held nothing. Restarting.`);
  if (keeper.deaths === 1) return [line, ...start(keeper, now, false)];
  return [line, ...waitThenStart(keeper, now)];
}

function onRefused(keeper: Keeper, now: Now, exitCode: number): readonly KeeperEffect[] {
  // What is held comes before all else: a keeper that ended now would leave it in the kernel.
  if (keeper.isHolding) {
    keeper.deaths++;
    return release(keeper, 'the successor cannot start: giving up what its predecessor held');
  }
  if (keeper.isFirstStart) return end(keeper, exitCode);
  keeper.deaths++;
  return waitThenStart(keeper, now);
}

function onChildEnded(keeper: Keeper, now: Now, how: ChildEnd): readonly KeeperEffect[] {
  // While releasing, the end of the child is our own doing; `release-finished` goes on from there.
  if (keeper.state === 'releasing' || keeper.state === 'waiting') return [];
  keeper.deadlines.clear('successor');
  if (keeper.state === 'stopping') {
    // Only a child that beat can have released in order; one that still waited knows of nothing.
    const isOrderly = how.kind === 'stopped' && keeper.beatingAt !== undefined;
    if (isOrderly || !keeper.isHolding) return end(keeper, 0);
    return release(keeper, 'the daemon ended while stopping: giving up what it held');
  }
  switch (how.kind) {
    case 'stopped':
      return end(keeper, 0);
    case 'restart-wanted':
      keeper.isHolding = false;
      return start(keeper, now, false);
    case 'succession-wanted':
      return start(keeper, now, keeper.isHolding);
    case 'refused':
      return onRefused(keeper, now, how.exitCode);
    case 'died':
      return onDeath(keeper, now, how.reason);
  }
}

function onBeating(keeper: Keeper, now: Now): readonly KeeperEffect[] {
  if (keeper.state !== 'starting' && keeper.state !== 'succeeding') return [];
  const isSuccessor = keeper.state === 'succeeding';
  keeper.deadlines.clear('successor');
  keeper.state = 'watching';
  keeper.isFirstStart = false;
  keeper.beatingAt = now.monotonic;
  const took = between(keeper.startedAt, now.monotonic);
  const effects: KeeperEffect[] = [];
  if (isSuccessor) {
    const text = `the successor beats after ${Math.round(took)} ms and holds what was held`;
    effects.push(say('notice', 'successor-beating', text));
  }
  keeper.longestStart = millis(Math.max(keeper.longestStart, took));
  return [...effects, ...prepareWhenSlow(keeper, now)];
}

/**
 * The dead time is known from the first will on, the time of a start from the first beat on. After
 * that the daemon is left alone for as long again: it joins the cluster and starts resources, which
 * a second start beside it made twice as slow on a starved machine.
 */
function prepareWhenSlow(keeper: Keeper, now: Now): readonly KeeperEffect[] {
  const { beatingAt, longestStart } = keeper;
  const isSlow = longestStart > keeper.deadtime * START_SHARE_MAX;
  const isWatching = keeper.state === 'watching' && beatingAt !== undefined;
  if (!isWatching || keeper.isSuccessorPrepared || !isSlow) return [];
  const quietFrom = after(beatingAt, longestStart);
  if (now.monotonic < quietFrom) {
    keeper.deadlines.set('preparation', quietFrom);
    return [];
  }
  keeper.isSuccessorPrepared = true;
  return [{ kind: 'prepare-successor' }];
}

function onDeadline(keeper: Keeper, now: Now): readonly KeeperEffect[] {
  const effects: KeeperEffect[] = [];
  for (const name of keeper.deadlines.takeDue(now.monotonic)) {
    if (name === 'successor' && keeper.state === 'succeeding') {
      const half = keeper.deadtime / 2;
      const why = `the successor did not beat within half the dead time (${half} ms)`;
      effects.push(...release(keeper, `${why}: giving up what was held`));
    } else if (name === 'fresh-start' && keeper.state === 'waiting') {
      effects.push(...start(keeper, now, false));
    } else if (name === 'preparation') {
      effects.push(...prepareWhenSlow(keeper, now));
    }
  }
  return effects;
}

function onStopAsked(keeper: Keeper): readonly KeeperEffect[] {
  if (keeper.state === 'ended' || keeper.state === 'stopping') return [];
  keeper.isStopWanted = true;
  if (keeper.state === 'releasing') return [];
  if (keeper.state === 'waiting') return end(keeper, 0);
  keeper.state = 'stopping';
  keeper.deadlines.clear('successor');
  return [{ kind: 'ask-child-to-stop' }];
}

function onReleased(keeper: Keeper, now: Now): readonly KeeperEffect[] {
  if (keeper.state !== 'releasing') return [];
  keeper.isHolding = false;
  return keeper.isStopWanted ? end(keeper, 1) : waitThenStart(keeper, now);
}

function step(keeper: Keeper, now: Now, event: KeeperEvent): readonly KeeperEffect[] {
  switch (event.kind) {
    case 'started':
      return start(keeper, now, event.isAdopting);
    case 'child-beating':
      return onBeating(keeper, now);
    case 'will-changed':
      keeper.isHolding = event.isHolding;
      keeper.deadtime = event.deadtime;
      return prepareWhenSlow(keeper, now);
    case 'child-ended':
      return onChildEnded(keeper, now, event.end);
    case 'release-finished':
      return onReleased(keeper, now);
    case 'stop-asked':
      return onStopAsked(keeper);
    case 'deadline-reached':
      return onDeadline(keeper, now);
  }
}

export function createKeeperEngine(): Engine<KeeperEvent, KeeperEffect, KeeperStatus> {
  const keeper: Keeper = {
    state: 'starting',
    isHolding: false,
    deadtime: defaultDeadtime,
    startedAt: instant(0),
    beatingAt: undefined,
    deaths: 0,
    longestStart: millis(0),
    isSuccessorPrepared: false,
    isFirstStart: true,
    isStopWanted: false,
    deadlines: createDeadlines(),
  };
  return {
    step: (now, event) => step(keeper, now, event),
    nextDeadline: () => keeper.deadlines.next(),
    snapshot: () => ({
      state: keeper.state,
      isHolding: keeper.isHolding,
      deaths: keeper.deaths,
    }),
  };
}
