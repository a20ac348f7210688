// What all media share: counting, and telling the listener of a change once and not each time.

import type { Sys } from '../kernel/sys.js';
import type { MediumCounters, MediumListener } from './medium.js';

/** What a medium may be given; every part has a default. */
export interface MediumTools {
  /** The kernel's door; by default the one of this thread. */
  readonly sys?: Sys;
  /** How long a serial port may take nothing before it is closed and opened again. */
  readonly stuckMs?: number;
  /** How long after a failure a medium is opened again. */
  readonly reopenMs?: number;
}

/** A heartbeat path should be back within a keepalive or two, and an attempt costs some 20 µs. */
export const REOPEN_MS = 500;
/** The default dead time of heartbeat 3.0.6 is 30 s; no cluster wants a path stuck as long. */
export const STUCK_MS = 5000;
/** Errors that pass by themselves: a full queue of the device. Only a row of them is a fault. */
const TRANSIENT = new Set(['ENOBUFS', 'EAGAIN', 'ENOMEM']);
const TRANSIENT_ROW_MAX = 3;
/** Codes come from the kernel, but a table that grows has a limit. */
const CODES_MAX = 32;

export interface MediumTally {
  /** The medium can send: tells the listener if that is news. */
  up(): void;
  /** The medium cannot send: tells the listener if that is news. */
  down(reason: string): void;
  sent(): void;
  received(): void;
  dropped(): void;
  /** An error that says nothing of up and down. */
  error(code: string): void;
  /** A send that the kernel refused: the medium is down, at once or after a row of them. */
  sendFailed(code: string, reason: string): void;
  counters(): MediumCounters;
  /** No word to the listener after this. */
  close(): void;
}

export function createTally(listener: MediumListener): MediumTally {
  const errors: Record<string, number> = {};
  let [sent, received, dropped, transientRow] = [0, 0, 0, 0];
  let state: 'unknown' | 'up' | 'down' | 'closed' = 'unknown';
  const up = (): void => {
    if (state === 'up' || state === 'closed') return;
    state = 'up';
    listener.onUp();
  };
  const down = (reason: string): void => {
    if (state === 'down' || state === 'closed') return;
    state = 'down';
    listener.onDown(reason);
  };
  const error = (code: string): void => {
    const isKnown = Object.hasOwn(errors, code) || Object.keys(errors).length < CODES_MAX;
    const name = isKnown ? code : 'other';
    errors[name] = (errors[name] ?? 0) + 1;
  };
  return {
    up,
    down,
    error,
    sent: () => {
      sent++;
      transientRow = 0;
      up();
    },
    received: () => void received++,
    dropped: () => void dropped++,
    sendFailed: (code, reason) => {
      error(code);
      dropped++;
      transientRow++;
      if (!TRANSIENT.has(code) || transientRow >= TRANSIENT_ROW_MAX) down(reason);
    },
    counters: () => ({ sent, received, dropped, errors: { ...errors } }),
    close: () => {
      state = 'closed';
    },
  };
}

/** The `code` of a Node.js error (such as `ENETUNREACH`) and its message. */
export function describeError(fault: unknown): { readonly code: string; readonly reason: string } {
  if (!(fault instanceof Error)) return { code: 'unknown', reason: String(fault) };
  const code = 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.name;
  return { code, reason: fault.message };
}
