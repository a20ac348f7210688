// The end of this machine without a stop in order, for a resource that must not go on and does
// not stop. The peer sees it die and takes over.

import { lastWords, runProgram } from './run-program.js';

const DEADLINE_MS = 10_000;

/**
 * As heartbeat 3.0.6 does it: `reboot -n -f`, which neither syncs nor stops anything, because a
 * hung disk would hold up both; else `init 6`. Resolves, with the reason, only when neither worked.
 */
export async function endThisMachine(): Promise<string> {
  const reasons: string[] = [];
  for (const [path, ...args] of [
    ['reboot', '-n', '-f'],
    ['init', '6'],
  ] as const) {
    const end = await runProgram({ path, args, environment: {}, deadlineMs: DEADLINE_MS });
    reasons.push(`${path}: exit code ${end.exitCode} ${end.reason || lastWords(end)}`.trim());
  }
  return reasons.join('; ');
}
