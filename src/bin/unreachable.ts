// What a command says when no daemon answers, with the next thing to type.

import type { AskCode } from '../runtime/control-socket.js';

/** Of all commands that ask a daemon. */
export const exitUnreachable = 3;

export function sayUnreachable(
  path: string,
  failed: { readonly code: AskCode; readonly detail: string },
): void {
  const why: Readonly<Record<AskCode, string>> = {
    'not-running': 'the heartbeat daemon is not running; start it with: lubdub heartbeat',
    'no-permission': 'only root may ask the daemon; try: sudo lubdub status',
    'timed-out': `the daemon does not answer on ${path}; look at its log`,
    'bad-answer': `something else than the daemon answers on ${path}`,
  };
  process.stderr.write(`lubdub: ${why[failed.code]}\n`);
}
