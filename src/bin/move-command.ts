// `lubdub standby` and `lubdub takeover`: ask the daemon and wait until the resources have moved.

import { controlPath } from '../heartbeat/paths.js';
import { askControl } from '../runtime/control-socket.js';
import { exitUnreachable, sayUnreachable } from './unreachable.js';

const selections: readonly string[] = ['all', 'local', 'foreign', 'failback'];

export async function runMove(
  command: 'standby' | 'takeover',
  selection: string,
  options: { readonly runDir: string; readonly timeout: string },
): Promise<number> {
  const seconds = Number(options.timeout);
  if (!selections.includes(selection) || !(seconds > 0)) {
    const wanted = `one of ${selections.join(', ')}, and --timeout a number of seconds above 0`;
    process.stderr.write(`lubdub ${command}: the selection must be ${wanted}\n`);
    return 64;
  }
  const path = controlPath(options.runDir);
  const began = process.hrtime.bigint();
  const answer = await askControl(path, { command, selection }, seconds * 1000);
  if (!answer.ok) {
    if (answer.code === 'timed-out') {
      const text = `not finished within ${seconds} s; it goes on: see lubdub status`;
      process.stderr.write(`lubdub ${command}: ${text}\n`);
      return 1;
    }
    sayUnreachable(path, answer);
    return exitUnreachable;
  }
  const { ok, text, error } = answer.value;
  if (ok !== true) {
    process.stderr.write(`lubdub ${command}: ${String(error)}\n`);
    return 1;
  }
  const took = Number((process.hrtime.bigint() - began) / 1_000_000n);
  process.stdout.write(`${String(text)} (${took} ms)\n`);
  return 0;
}
