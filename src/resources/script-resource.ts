// Resources that are programs: an executable in resource.d, else in init.d, called as the
// originals call it (`script arg... verb`), without a shell. What its outcome means is here; when
// to call it is the engine's business.

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import { lastWords, runProgram } from './run-program.js';

/** A script that has not ended by then is killed with its whole process group. */
export const SCRIPT_DEADLINE_MS: number = 10 * 60 * 1000;

/** heartbeat 3.0.6 looks in resource.d before init.d. */
export async function findScript(
  name: string,
  folders: readonly string[],
): Promise<string | undefined> {
  // A name with a slash would leave the folders that the administrator guards.
  if (name.includes('/') || name.startsWith('.')) return undefined;
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

/**
 * Only the text counts: scripts of the time print a word and exit as they like (recorded from
 * heartbeat 3.0.6, whose pattern for "not running" is looked at first).
 */
export function saysRunning(output: string): boolean {
  if (/[Nn]ot\s+[Rr]unning/.test(output)) return false;
  return /[Rr]unning|OK/.test(output);
}

export async function runScriptResource(
  resource: ResourceSpec,
  verb: ResourceVerb,
  environment: Readonly<Record<string, string>>,
  folders: readonly string[],
): Promise<ResourceOutcome> {
  const path = await findScript(resource.script, folders);
  if (path === undefined) {
    // As heartbeat has it: what cannot be asked does not run, so that its group can be given up.
    if (verb === 'status') return { kind: 'stopped' };
    const reason = `Cannot locate resource script ${resource.script} in ${folders.join(' or ')}`;
    return { kind: 'failed', exitCode: 5, reason };
  }
  const end = await runProgram({
    path,
    args: [...resource.args, verb],
    environment,
    deadlineMs: SCRIPT_DEADLINE_MS,
  });
  if (verb === 'status') return saysRunning(end.output) ? { kind: 'running' } : { kind: 'stopped' };
  if (end.exitCode === 0) return { kind: 'done' };
  const reason = [`Return code ${end.exitCode} from ${path}`, end.reason, lastWords(end)];
  return {
    kind: 'failed',
    exitCode: end.exitCode,
    reason: reason.filter((part) => part !== '').join('; '),
  };
}
