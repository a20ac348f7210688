// The snapshot of the cluster engine: what status commands print and what the checkers of the
// simulator judge. Points in time are monotonic; the program turns them into ages.

import type { Instant } from '../base/time.js';

export type NodeState = 'init' | 'up' | 'active' | 'dead' | 'ping';

export interface LinkStatus {
  readonly medium: string;
  readonly state: 'up' | 'dead' | 'init';
  readonly changedAt: Instant | undefined;
  readonly heardAt: Instant | undefined;
}

export interface NodeStatus {
  readonly name: string;
  readonly kind: 'normal' | 'ping';
  readonly isLocal: boolean;
  readonly state: NodeState;
  readonly changedAt: Instant | undefined;
  readonly heardAt: Instant | undefined;
  readonly generation: number | undefined;
  /** 16 bytes; undefined while the node was not heard. */
  readonly uuid: Uint8Array | undefined;
  /** The dead time in force for this node: the one it advertises. Milliseconds. */
  readonly deadtimeMs: number;
  readonly links: readonly LinkStatus[];
  /** What the node says it holds; undefined when unknown. */
  readonly holding: Holding | undefined;
  /** Whether its files agree with ours; undefined for heartbeat 3.0.6, and until it spoke. */
  readonly agreement: Agreement | undefined;
}

/** What a Lubdub node said of its files, beside ours. */
export interface Agreement {
  readonly isClusterSame: boolean;
  readonly areResourcesSame: boolean;
  /** Numbers of the keys that both have with one value. */
  readonly sharedKeys: readonly number[];
}

/** The words of `rsc_hold`. */
export type Holding = 'none' | 'local' | 'foreign' | 'all';

/** `prepared`: in place for a hand-over that is under way, and not announced. */
export type GroupState =
  | 'released'
  | 'preparing'
  | 'prepared'
  | 'acquiring'
  | 'held'
  | 'releasing'
  | 'failed';

export interface ResourceStatus {
  readonly word: string;
  readonly state: 'started' | 'stopped' | 'unknown';
}

export interface GroupStatus {
  readonly key: string;
  readonly preferredNode: string;
  readonly state: GroupState;
  readonly changedAt: Instant | undefined;
  readonly reason: string;
  readonly resources: readonly ResourceStatus[];
}

export interface ClusterStatus {
  readonly localNode: string;
  readonly localState: NodeState;
  readonly generation: number;
  /** Of the last message sent: the keeper needs it to speak for a dead daemon. */
  readonly sequence: number;
  readonly holding: Holding;
  /** False while resources are in transition (`cl_status rscstatus` prints `transition`). */
  readonly isStable: boolean;
  /** Both nodes were seen holding the same groups; the point since when. */
  readonly splitSince: Instant | undefined;
  readonly nodes: readonly NodeStatus[];
  readonly groups: readonly GroupStatus[];
  /** Messages refused, by reason; and messages taken. */
  readonly refused: Readonly<Record<string, number>>;
  readonly received: number;
  readonly sent: number;
  /** The number of the key that signs. */
  readonly signingKey: number;
}
