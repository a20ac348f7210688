// The heartbeat's own thread: media, the cluster engine and its timers, and nothing else. No log
// is written, no file read and no process started here, so that a beat leaves on time and a death
// is judged on time while the main thread is busy or collects garbage.
//
// The worker does not go on saying "alive" for a hung main loop: that loop leaves a sign of life
// in shared memory, and when the sign stands still the process ends itself, for its keeper to see.

import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { createKeyRing } from '../auth/key-ring.js';
import { assert } from '../base/assert.js';
import type { LogLine } from '../base/log-line.js';
import { createPrng } from '../base/prng.js';
import { createClusterEngine } from '../cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '../cluster/cluster-event.js';
import type { ClusterStatus } from '../cluster/cluster-status.js';
import { raiseThisThread } from '../kernel/scheduling.js';
import { openSys } from '../kernel/sys.js';
import { createWatchdog, type Watchdog } from '../kernel/watchdog.js';
import { loadSerialPort } from '../media/serial.js';
import { monotonicMs, readNow } from '../runtime/clock.js';
import { nodeCompressor } from '../runtime/compressor.js';
import { type Driver, runEngine } from '../runtime/driver.js';
import { nodeHmac } from '../runtime/hmac.js';
import { type BeatPaths, openPaths } from './beat-paths.js';
import { rehearseBeat } from './beat-rehearsal.js';
import type {
  BeatSetup,
  BeatSnapshot,
  FromWorker,
  OutwardEffect,
  ToWorker,
} from './worker-messages.js';

assert(parentPort !== null, 'the beat worker runs as a worker thread');
const port = parentPort;
const tell = (message: FromWorker): void => port.postMessage(message);

const sayLine = (line: LogLine): void =>
  tell({ kind: 'effects', effects: [{ kind: 'log', line }] });

interface Beat {
  readonly driver: Driver<ClusterEvent, ClusterStatus>;
  readonly paths: BeatPaths;
  readonly watchdog: Watchdog | undefined;
}

/** Ordered and not told to the main thread yet. */
const orders: OutwardEffect[] = [];
/** Facts that came together are being taken: their orders go out together. */
let isGathering = false;

/** The sign of life is looked at this often within the limit. */
const LOOKS_PER_LIMIT = 4;

/**
 * Ends the process when the main loop has shown no sign of life for the limit. Looks are counted
 * rather than time read: after a stop of the whole process (SIGSTOP, a paused machine) both
 * threads are late, and the main loop gets its chance first.
 */
function watchMainLoop(sign: SharedArrayBuffer, limitMs: number): void {
  const signOfLife = new Float64Array(sign);
  let lastSeen = signOfLife[0];
  let stillLooks = 0;
  setInterval(() => {
    const seen = signOfLife[0];
    stillLooks = seen === lastSeen ? stillLooks + 1 : 0;
    lastSeen = seen;
    if (stillLooks <= LOOKS_PER_LIMIT) return;
    // Written at once: the main loop, which writes the log, is what hangs.
    writeSync(2, `heartbeat: emerg: the main loop hung for ${limitMs} ms: ending the daemon\n`);
    // SIGKILL, because a hung main loop carries no handler out.
    process.kill(process.pid, 'SIGKILL');
  }, limitMs / LOOKS_PER_LIMIT);
}

/** Tickled by what this node sends: a daemon that falls silent is ended with its machine. */
function openWatchdog(setup: BeatSetup): Watchdog | undefined {
  const sys = openSys();
  if (setup.watchdog === undefined || !sys.ok) return undefined;
  return createWatchdog(setup.watchdog, sys.value, (level, text) =>
    sayLine({ level, code: 'watchdog', text }),
  );
}

function begin(setup: BeatSetup): Beat {
  if (setup.realtimePriority !== undefined) {
    const raised = raiseThisThread(setup.realtimePriority);
    if (!raised.ok) {
      const text = `the beat runs without real-time priority: ${raised.detail}`;
      sayLine({ level: 'WARN', code: 'no-realtime', text });
    }
  }
  const ring = createKeyRing(setup.authKeys.current, setup.authKeys.keys, nodeHmac);
  assert(ring !== undefined, 'the main thread hands over keys with a current one');
  const compression = { ...setup.compression, compressor: nodeCompressor };
  const engine = createClusterEngine(
    { ...setup.cluster, ring, compression },
    {
      generation: setup.generation,
      uuid: setup.uuid,
      adoptedGroupKeys: setup.adoptedGroupKeys,
      adoptedHolding: setup.adoptedHolding,
      prng: createPrng(setup.seed),
    },
  );
  const watchdog = openWatchdog(setup);
  const signs = new Float64Array(setup.sign);
  const noteBeat = (): void => {
    const nowMs = monotonicMs();
    signs[1] = nowMs;
    watchdog?.tickle(nowMs);
  };
  let isBeating = false;
  const carryOut = (effect: ClusterEffect): void => {
    if (effect.kind === 'ask-ping-node') {
      paths.askPingNode(effect);
      return;
    }
    if (effect.kind !== 'send') {
      orders.push(effect);
      return;
    }
    paths.send(effect);
    noteBeat();
    if (!isBeating && paths.isAnyUp()) {
      isBeating = true;
      tell({ kind: 'beating' });
    }
  };
  const driver = runEngine<ClusterEvent, ClusterEffect, ClusterStatus>(
    engine,
    carryOut,
    readNow,
    () => {
      if (!isGathering) tellOrders();
    },
  );
  const { offer } = driver;
  const paths = openPaths(setup.media, setup.cluster.deadtime, { offer, say: sayLine });
  driver.offer({ kind: 'started' });
  watchMainLoop(setup.sign, setup.hangLimitMs);
  return { driver, paths, watchdog };
}

function snapshotOf(beat: Beat): BeatSnapshot {
  return { cluster: beat.driver.snapshot(), media: beat.paths.report(), takenAt: monotonicMs() };
}

let beat: Beat | undefined;

/** One message between the threads for all that was ordered: each costs a wake-up. */
function tellOrders(): void {
  if (orders.length > 0) tell({ kind: 'effects', effects: orders.splice(0) });
}

function takeEvents(events: readonly ClusterEvent[]): void {
  isGathering = true;
  try {
    for (const event of events) beat?.driver.offer(event);
  } finally {
    isGathering = false;
  }
  tellOrders();
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'begin':
      assert(beat === undefined, 'the beat begins once');
      beat = begin(message.setup);
      return;
    case 'load-serial':
      void loadSerialPort().then(() => tell({ kind: 'serial-loaded' }));
      return;
    case 'events':
      takeEvents(message.events);
      return;
    case 'disarm':
      beat?.watchdog?.disarm();
      tell({ kind: 'disarmed' });
      return;
    case 'keys': {
      const ring = createKeyRing(message.authKeys.current, message.authKeys.keys, nodeHmac);
      if (ring !== undefined) beat?.driver.offer({ kind: 'keys-changed', ring });
      return;
    }
    case 'snapshot-wanted':
      if (beat !== undefined)
        tell({ kind: 'snapshot', id: message.id, snapshot: snapshotOf(beat) });
      return;
  }
});
// Before the first beat rather than in it: a successor has half a dead time in all.
openSys();
rehearseBeat();
tell({ kind: 'ready' });
