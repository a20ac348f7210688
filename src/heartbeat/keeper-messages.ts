// What passes between the keeper and its child, over the channel that the keeper made for it.

import type { AuthKey } from '../auth/key-ring.js';
import type { MediumSetting } from '../media/medium.js';
import type { Will } from './will.js';

/**
 * What the keeper needs to speak to the peer for a dead daemon, when the files may be broken by
 * then. It is never written anywhere.
 */
export interface Voice {
  readonly localNode: string;
  /** 16 bytes in hexadecimal: the channel carries JSON. */
  readonly uuidHex: string;
  readonly media: readonly MediumSetting[];
  readonly authKeys: { readonly current: number; readonly keys: readonly AuthKey[] };
  readonly format: 'classic' | 'netstring';
  readonly ttl: number;
  /** A device that goes on counting when the daemon is killed. */
  readonly watchdog: string | undefined;
}

export type ToDaemon =
  /** Begin; with a will, go on holding what the predecessor held. */
  { readonly kind: 'go'; readonly predecessor: Will | undefined } | { readonly kind: 'stop' };

export type FromDaemon =
  /** All modules are loaded; the next word is awaited. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'beating' }
  /** In memory alone: it holds the keys. */
  | { readonly kind: 'voice'; readonly voice: Voice }
  | { readonly kind: 'will'; readonly will: Will };

/** Exit codes of the daemon towards its keeper. */
export const exitCodes = {
  stopped: 0,
  /** The configuration does not allow a start. */
  refused: 2,
  /** EX_TEMPFAIL of sysexits(3): start me again. */
  restartWanted: 75,
  /** The same, but my successor is to hold what I hold. */
  successionWanted: 76,
} as const;
