// `lubdub diff`: the kernel's table beside what the running directors want of it.

import { askControl, type JsonValue } from '../runtime/control-socket.js';
import { directorDoors } from './director-doors.js';

export interface DiffOptions {
  readonly config: string | undefined;
  readonly runDir: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

const EXIT_DRIFT = 1;
const EXIT_TROUBLE = 2;
const ANSWER_WAIT_MS = 10_000;

/** 0 equal, 1 not, 2 it cannot be told; the worst of all directors asked. */
export async function runDiff({ config, runDir, write, complain }: DiffOptions): Promise<number> {
  const doors = await directorDoors(runDir, config);
  if (doors.length === 0) {
    complain(`no director runs in ${runDir}: nothing is wanted of the table`);
    return EXIT_TROUBLE;
  }
  let worst = 0;
  for (const { name, path } of doors) {
    const asked = await askControl(path, { command: 'compare' }, ANSWER_WAIT_MS);
    if (!asked.ok || asked.value.ok !== true) {
      complain(`${name}: ${asked.ok ? String(asked.value.error) : asked.detail}`);
      worst = EXIT_TROUBLE;
      continue;
    }
    const lines = Array.isArray(asked.value.edits) ? asked.value.edits : [];
    if (lines.length === 0) continue;
    write(`# ${name}: - the kernel has, + it should have\n`);
    write(lines.map((line: JsonValue) => `${String(line)}\n`).join(''));
    worst = Math.max(worst, EXIT_DRIFT);
  }
  return worst;
}
