// What passes between the daemon's main thread and its beat worker: facts one way, orders the
// other, rare and small. The worker is given plain values; keys become a ring on its side.

import type { AuthKey } from '../auth/key-ring.js';
import type { ClusterConfig } from '../cluster/cluster-config.js';
import type { ClusterEffect, ClusterEvent } from '../cluster/cluster-event.js';
import type { ClusterStatus, Holding } from '../cluster/cluster-status.js';
import type { HaCompression } from '../config/ha-config.js';
import type { WatchdogSetting } from '../kernel/watchdog.js';
import type { MediumCounters, MediumSetting } from '../media/medium.js';

export interface BeatSetup {
  readonly cluster: Omit<ClusterConfig, 'ring' | 'compression'>;
  readonly compression: HaCompression;
  readonly authKeys: { readonly current: number; readonly keys: readonly AuthKey[] };
  readonly media: readonly MediumSetting[];
  readonly generation: number;
  readonly uuid: Uint8Array;
  readonly adoptedGroupKeys: readonly string[];
  readonly adoptedHolding: Holding;
  readonly seed: number;
  /**
   * Two Float64, in milliseconds of the monotonic clock: the main loop's last sign of life, and the
   * beat worker's.
   */
  readonly sign: SharedArrayBuffer;
  readonly hangLimitMs: number;
  /** undefined: no device is tickled. */
  readonly watchdog: WatchdogSetting | undefined;
  /** undefined: stay in the ordinary scheduling class. */
  readonly realtimePriority: number | undefined;
}

export interface MediumReport {
  readonly name: string;
  readonly kind: MediumSetting['kind'];
  readonly isUp: boolean;
  readonly reason: string;
  readonly counters: MediumCounters;
}

export interface BeatSnapshot {
  readonly cluster: ClusterStatus;
  readonly media: readonly MediumReport[];
  /** The monotonic clock when it was taken. */
  readonly takenAt: number;
}

/** What the media carry never leaves the worker. */
export type OutwardEffect = Exclude<
  ClusterEffect,
  { readonly kind: 'send' } | { readonly kind: 'ask-ping-node' }
>;

export type ToWorker =
  | { readonly kind: 'begin'; readonly setup: BeatSetup }
  | { readonly kind: 'events'; readonly events: readonly ClusterEvent[] }
  /** authkeys was read anew; the ring is made on the worker's side. */
  | { readonly kind: 'keys'; readonly authKeys: BeatSetup['authKeys'] }
  | { readonly kind: 'snapshot-wanted'; readonly id: number }
  | { readonly kind: 'load-serial' }
  /** A stop in order: the watchdog device is closed so that it resets nothing. */
  | { readonly kind: 'disarm' };

export type FromWorker =
  /** Everything is loaded; `begin` will be carried out at once. */
  | { readonly kind: 'ready' }
  /** The first message has left on at least one medium. */
  | { readonly kind: 'beating' }
  /** All that one step ordered, or the steps of facts that came together. */
  | { readonly kind: 'effects'; readonly effects: readonly OutwardEffect[] }
  | { readonly kind: 'disarmed' }
  | { readonly kind: 'serial-loaded' }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: BeatSnapshot };
