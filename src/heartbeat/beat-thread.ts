// The main thread's side of the beat worker: starts it, hands facts over, takes orders back.

import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ClusterEvent } from '../cluster/cluster-event.js';
import type {
  BeatSetup,
  BeatSnapshot,
  FromWorker,
  OutwardEffect,
  ToWorker,
} from './worker-messages.js';

export interface BeatListener {
  readonly onBeating: () => void;
  readonly onEffects: (effects: readonly OutwardEffect[]) => void;
  /** The worker cannot go on: the process must end, for the keeper to see. */
  readonly onDied: (reason: string) => void;
}

export interface BeatThread {
  /** Resolves when the worker has loaded everything and waits for `begin`. */
  readonly loaded: Promise<void>;
  /** The first beat of a successor cannot wait for the package of serial lines. */
  loadSerial(): Promise<void>;
  begin(setup: BeatSetup, listener: BeatListener): void;
  /** Facts that came together are answered together. */
  offer(...events: readonly ClusterEvent[]): void;
  /** Keys of an authkeys that was read anew. */
  changeKeys(authKeys: BeatSetup['authKeys']): void;
  snapshot(): Promise<BeatSnapshot>;
  /**
   * The same, after the engine has noticed how long it was away. The orders that it gave by then
   * have been handed to the listener.
   */
  judged(): Promise<BeatSnapshot>;
  /** A stop in order; without it a watchdog device goes on counting. */
  disarm(): Promise<void>;
  end(): Promise<void>;
}

/** A small heap keeps the worker's own collections short. */
const HEAP_MIB_MAX = 48;

const DISARM_WAIT_MS = 1000;

export function startBeatThread(): BeatThread {
  const worker = new Worker(new URL('./beat-worker.js', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  const tell = (message: ToWorker): void => worker.postMessage(message);
  const awaited = new Map<number, (snapshot: BeatSnapshot) => void>();
  let listener: BeatListener | undefined;
  let isEnding = false;
  let questions = 0;
  const done = new Map<FromWorker['kind'], () => void>();
  const answered = (answer: FromWorker['kind'], question: ToWorker): Promise<void> =>
    new Promise((resolve) => {
      done.set(answer, resolve);
      tell(question);
    });
  const loaded = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'ready':
          return resolve();
        case 'beating':
          return listener?.onBeating();
        case 'effects':
          return listener?.onEffects(message.effects);
        case 'disarmed':
        case 'serial-loaded':
          return done.get(message.kind)?.();
        case 'snapshot':
          awaited.get(message.id)?.(message.snapshot);
          awaited.delete(message.id);
          return;
      }
    });
    const died = (reason: string): void => {
      reject(new Error(reason));
      if (!isEnding) listener?.onDied(reason);
    };
    worker.on('error', (cause) => died(`the beat worker failed: ${String(cause.stack ?? cause)}`));
    worker.on('exit', (code) => died(`the beat worker ended with code ${code}`));
  });
  // Whoever awaits it sees the failure; nobody awaiting must not be a second fault.
  loaded.catch(() => undefined);
  const snapshot = (): Promise<BeatSnapshot> =>
    new Promise((resolve) => {
      const id = ++questions;
      awaited.set(id, resolve);
      tell({ kind: 'snapshot-wanted', id });
    });
  return {
    loaded,
    loadSerial: () => answered('serial-loaded', { kind: 'load-serial' }),
    begin: (setup, heard) => {
      listener = heard;
      tell({ kind: 'begin', setup });
    },
    offer: (...events) => tell({ kind: 'events', events }),
    changeKeys: (authKeys) => tell({ kind: 'keys', authKeys }),
    snapshot,
    judged: () => {
      tell({ kind: 'events', events: [{ kind: 'time-passed' }] });
      return snapshot();
    },
    // A worker that hangs must not hold up the stop: the process ends either way.
    disarm: () => Promise.race([answered('disarmed', { kind: 'disarm' }), pause(DISARM_WAIT_MS)]),
    end: async () => {
      isEnding = true;
      await worker.terminate();
    },
  };
}
