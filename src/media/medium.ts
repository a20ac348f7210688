// What the heartbeat worker sees of a heartbeat path: bytes out, bytes in, up and down. A medium
// never throws, never ends another one, and mends itself (reopens) for as long as it is open.

import type { SealedMessage } from '../auth/envelope.js';
import type { HaMedium, HaPing } from '../config/ha-media.js';

export type MediumSetting = HaMedium | HaPing;

export interface MediumListener {
  /** One datagram, or one whole string frame from `>>>` to the line feed after `<<<`. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Once per change. `reason` says what the kernel or the port said. */
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
}

export interface MediumCounters {
  readonly sent: number;
  readonly received: number;
  readonly dropped: number;
  /** Send and receive errors by code. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface Medium {
  /** The link name of the originals: interface name, tty path or name of the ping node. */
  readonly name: string;
  readonly kind: MediumSetting['kind'];
  /** Never blocks; drops and counts what the medium cannot take now. */
  send(message: SealedMessage): void;
  counters(): MediumCounters;
  close(): void;
}
