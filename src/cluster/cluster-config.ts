// What the cluster engine is told about the pair: ha.cf and haresources after parsing, in types
// that leave no choice open. The heartbeat program builds it from the files.

import type { MessageFormat } from '../auth/envelope.js';
import type { KeyRing } from '../auth/key-ring.js';
import type { Duration } from '../base/time.js';
import type { HaMedium, HaPing } from '../config/ha-media.js';
import type { AutoFailback, ResourceGroup } from '../config/resource-group.js';
import type { Compression } from '../wire/compression.js';

export type { AutoFailback, ResourceGroup, ResourceSpec } from '../config/resource-group.js';

export interface MediumSpec {
  /** The link name of the originals: interface, tty path or ping name. */
  readonly name: string;
  readonly kind: HaMedium['kind'] | HaPing['kind'];
}

/** Media that carry no heartbeats: each has the one link of its pseudo node. */
export const isPingKind = (kind: MediumSpec['kind']): kind is HaPing['kind'] =>
  kind === 'ping' || kind === 'ping6' || kind === 'ping_group';

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
  /** Of what must be equal in ha.cf on both nodes, to be compared with the peer's. */
  readonly clusterHash?: string;
  readonly resourcesHash?: string;
  readonly format: MessageFormat;
  /** Undefined: nothing is compressed, and what comes compressed is not unpacked. */
  readonly compression?: Compression | undefined;
  /** Upper bound of the wait before a retransmission request, and its repeat interval. */
  readonly maxRexmitDelay: Duration;
  /** Added to the number of nodes to give `ttl`. */
  readonly hopfudge: number;
  readonly isBadPackLogged: boolean;
  /** An ipfail line: the side that sees fewer ping nodes yields. Absent means no. */
  readonly isIpfailWanted?: boolean;
  /** Retries of a stop that fails, one a second; 0 means for ever, left out `stopRetriesMax`. */
  readonly stopRetriesMax?: number | undefined;
  /** What follows when a resource still runs after them; left out `hold`. */
  readonly stopFailure?: 'hold' | 'reboot';
  /** Time between two announcements of what is held; 0 is never, left out one minute. */
  readonly announceInterval?: Duration;
  /** Types of messages whose scripts in rc.d are to be run; left out none. */
  readonly notifyTypes?: readonly string[];
  /** What resets a dead node, as it is to be named in the log; undefined: nothing does. */
  readonly stonithDevice?: string | undefined;
}
