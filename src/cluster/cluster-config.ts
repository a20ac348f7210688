// What the cluster engine is told about the pair: ha.cf and haresources after parsing, in types
// that leave no choice open. The heartbeat program builds it from the files.

import type { KeyRing } from '../auth/key-ring.js';
import type { MessageFormat } from '../auth/envelope.js';
import type { Duration } from '../base/time.js';

/**
 * `on`: a group returns to its preferred node as soon as that is stable. `off`: it stays where it
 * is. `legacy`: the pre-2.0 exchange (`ip-request`), in which standby does not exist.
 */
export type AutoFailback = 'on' | 'off' | 'legacy';

export interface MediumSpec {
  /** The link name of the originals: interface, tty path or ping name. */
  readonly name: string;
  readonly kind: 'bcast' | 'mcast' | 'ucast' | 'serial' | 'ping';
}

/** One word of a haresources line: `script::arg::arg`. */
export interface ResourceSpec {
  /** Name of the resource script, such as `IPaddr`. */
  readonly script: string;
  readonly args: readonly string[];
  /** The word as written (with the implied `IPaddr::` of a bare address left out). */
  readonly word: string;
}

/** One haresources line. */
export interface ResourceGroup {
  /** The first resource word as written: what the originals call the key. */
  readonly key: string;
  /** Lower-cased name of the node that prefers the group. */
  readonly preferredNode: string;
  readonly resources: readonly ResourceSpec[];
}

export interface ClusterConfig {
  /** Lower-cased. Must be one of `nodes`. */
  readonly localNode: string;
  /** Lower-cased names of all members, in the order of ha.cf. */
  readonly nodes: readonly string[];
  readonly pingNodes: readonly string[];
  /** Time between two own statuses. */
  readonly keepalive: Duration;
  /** Silence after which this node is to be taken for dead; advertised to the peer as `dt`. */
  readonly deadtime: Duration;
  /** Gap between two statuses of a peer above which a late-heartbeat line is logged. */
  readonly warntime: Duration;
  /** Silence after the start before a node never heard is taken for dead. */
  readonly initdead: Duration;
  readonly deadping: Duration;
  readonly autoFailback: AutoFailback;
  readonly media: readonly MediumSpec[];
  readonly groups: readonly ResourceGroup[];
  readonly ring: KeyRing;
  readonly format: MessageFormat;
  /** Upper bound of the wait before a retransmission request, and its repeat interval. */
  readonly maxRexmitDelay: Duration;
  /** Added to the number of nodes to give `ttl`. */
  readonly hopfudge: number;
  readonly isBadPackLogged: boolean;
}
