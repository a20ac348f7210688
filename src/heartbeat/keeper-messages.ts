// What passes between the keeper and its child, over the channel that the keeper made for it.

import type { Will } from './will.js';

export type ToDaemon =
  /** Begin; with a will, go on holding what the predecessor held. */
  { readonly kind: 'go'; readonly predecessor: Will | undefined } | { readonly kind: 'stop' };

export type FromDaemon =
  /** All modules are loaded; the next word is awaited. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'beating' }
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
