// CONTRACT (body is being written): the heartbeat engine.

import type { Engine } from '../base/engine.js';
import type { Prng } from '../base/prng.js';
import type { ClusterConfig } from './cluster-config.js';
import type { ClusterEffect, ClusterEvent } from './cluster-event.js';
import type { ClusterStatus, Holding } from './cluster-status.js';

export interface ClusterStart {
  /** Of this start: already increased and written to disk. */
  readonly generation: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /**
   * Groups that a predecessor held when it died and that are still in place: this start adopts
   * them (status is asked, nothing is started twice) and goes on holding them. Empty at boot.
   */
  readonly adoptedGroupKeys: readonly string[];
  readonly adoptedHolding: Holding;
  readonly prng: Prng;
}

export type ClusterEngine = Engine<ClusterEvent, ClusterEffect, ClusterStatus>;

export declare function createClusterEngine(config: ClusterConfig, start: ClusterStart): ClusterEngine;
