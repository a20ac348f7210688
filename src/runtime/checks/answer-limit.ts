// A limit on what a server may send to a client library that has none of its own.

import type net from 'node:net';
import { type CheckVerdict, down } from '../../checks/check-verdict.js';

/** The answers asked for have some hundred bytes. */
const BYTES_MAX = 1024 * 1024;
/** Looked at so often; what can come meanwhile fits into memory. */
const LOOK_MS = 50;

/** `exceeded` is called at most once. Returns how to stop. */
export function limitAnswer(
  socketOf: () => net.Socket | undefined,
  exceeded: (verdict: CheckVerdict) => void,
): () => void {
  const timer = setInterval(() => {
    if ((socketOf()?.bytesRead ?? 0) <= BYTES_MAX) return;
    clearInterval(timer);
    exceeded(down(`an answer of more than ${BYTES_MAX / 1024} KiB`));
  }, LOOK_MS);
  return () => clearInterval(timer);
}
