// hb_standby and hb_takeover: one optional word; they ask and do not wait, and an exit status of 0
// says only that the question was delivered. Words and exit codes are those of heartbeat 3.0.6
// (recorded), down to the stream that each line goes to.

import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl } from '../runtime/control-socket.js';
import { stampNow } from './classic-log.js';

const words: readonly string[] = ['all', 'foreign', 'local', 'failback'];
/** The daemon's refusal comes at once; a move that began goes on without us. */
const ANSWER_WAIT_MS = 300;

function refuse(complaint: string | undefined): number {
  const self = process.argv[1] ?? '';
  if (complaint !== undefined) process.stdout.write(`${self}: ${complaint}\n`);
  process.stdout.write('usage:\n');
  process.stderr.write(`${self} [all|foreign|local|failback]\n`);
  return 1;
}

export async function runClassicMove(
  command: 'standby' | 'takeover',
  args: readonly string[],
): Promise<number> {
  const selection = args[0] ?? 'all';
  if (args.length > 1) return refuse('too many arguments');
  if (selection === '--help') return refuse(undefined);
  if (!words.includes(selection)) return refuse(`wrong resources(${selection}).`);
  if (command === 'standby') {
    const shown = selection === 'failback' ? 'foreign' : selection;
    process.stderr.write(`${stampNow()} Going standby [${shown}].\n`);
  }
  const path = controlPath(process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir);
  const answer = await askControl(path, { command, selection }, ANSWER_WAIT_MS);
  if (!answer.ok && answer.code !== 'timed-out') {
    // 3.0.6 leaves a file where its FIFO would be, and says that all is well.
    process.stderr.write(`hb_${command}: heartbeat is not running\n`);
    return 1;
  }
  if (answer.ok && answer.value.ok !== true) {
    process.stderr.write(`hb_${command}: ${String(answer.value.error)}\n`);
  }
  return 0;
}
