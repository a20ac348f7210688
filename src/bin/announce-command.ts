// `lubdub announce`: have the daemon announce an address that it holds, now and a few times more.

import { controlPath } from '../heartbeat/paths.js';
import { askControl } from '../runtime/control-socket.js';
import { exitUnreachable, sayUnreachable } from './unreachable.js';

const ANSWER_WAIT_MS = 5000;

export async function runAnnounce(
  address: string,
  options: { readonly runDir: string },
): Promise<number> {
  const path = controlPath(options.runDir);
  const answer = await askControl(path, { command: 'announce', address }, ANSWER_WAIT_MS);
  if (!answer.ok) {
    sayUnreachable(path, answer);
    return exitUnreachable;
  }
  const { ok, text, error } = answer.value;
  if (ok !== true) {
    process.stderr.write(`lubdub announce: ${String(error)}\n`);
    return 1;
  }
  process.stdout.write(`${String(text)}\n`);
  return 0;
}
