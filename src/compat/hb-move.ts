// hb_standby and hb_takeover: one optional word; they ask and do not wait, and an exit status of 0
// says only that the question was delivered (heartbeat 3.0.6).

import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl } from '../runtime/control-socket.js';

const words: readonly string[] = ['all', 'foreign', 'local', 'failback'];
/** The daemon's refusal comes at once; a move that began goes on without us. */
const ANSWER_WAIT_MS = 300;

export async function runClassicMove(
  command: 'standby' | 'takeover',
  args: readonly string[],
): Promise<number> {
  const name = `hb_${command}`;
  const selection = args[0] ?? 'all';
  if (args.length > 1 || !words.includes(selection)) {
    process.stderr.write(`usage: ${name} [all|foreign|local|failback]\n`);
    return 1;
  }
  const runDir = process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir;
  const path = controlPath(runDir);
  const answer = await askControl(path, { command, selection }, ANSWER_WAIT_MS);
  if (!answer.ok && answer.code !== 'timed-out') {
    process.stderr.write(`${name}: heartbeat is not running\n`);
    return 1;
  }
  if (answer.ok && answer.value.ok !== true) {
    process.stderr.write(`${name}: ${String(answer.value.error)}\n`);
    return 0;
  }
  process.stdout.write(`Going ${command} [${selection}].\n`);
  return 0;
}
