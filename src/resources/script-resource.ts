// Resources that are programs: an executable in resource.d, else in init.d, called as the
// originals call it (`script arg... verb`), without a shell. What its outcome means is here; when
// to call it is the engine's business.

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';

/** Output of a script kept for its verdict and the log; the rest is read and thrown away. */
const OUTPUT_BYTES_MAX = 64 * 1024;
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

interface ScriptEnd {
  readonly exitCode: number;
  /** Standard output alone: the originals judge `status` by nothing else. */
  readonly output: string;
  readonly errorOutput: string;
  readonly reason: string;
}

function runScript(
  path: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<ScriptEnd> {
  return new Promise((resolve) => {
    let output = '';
    let errorOutput = '';
    let isLate = false;
    const child = spawn(path, args, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group, so that a deadline ends its children as well.
      detached: true,
    });
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group ended in the same moment.
      }
    }, SCRIPT_DEADLINE_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < OUTPUT_BYTES_MAX) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errorOutput.length < OUTPUT_BYTES_MAX) errorOutput += text;
    });
    child.once('error', (cause) => {
      clearTimeout(timer);
      resolve({ exitCode: 127, output, errorOutput, reason: cause.message });
    });
    // `exit`, not `close`: a daemon that a script leaves behind may keep the pipes open for ever.
    child.once('exit', (exitCode, signal) => {
      clearTimeout(timer);
      const lateness = `killed after ${SCRIPT_DEADLINE_MS / 1000} s`;
      const reason = isLate ? lateness : signal === null ? '' : `ended by ${signal}`;
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ exitCode: exitCode ?? 1, output, errorOutput, reason });
      });
    });
  });
}

/**
 * Only the text counts: scripts of the time print a word and exit as they like (recorded from
 * heartbeat 3.0.6, whose pattern for "not running" is looked at first).
 */
export function saysRunning(output: string): boolean {
  if (/[Nn]ot\s+[Rr]unning/.test(output)) return false;
  return /[Rr]unning|OK/.test(output);
}

/** The environment scripts get besides HA_*: nothing of ours that could hold a secret. */
const passedVariables = ['PATH', 'HOME', 'LANG', 'TERM', 'TZ'] as const;

export async function runScriptResource(
  resource: ResourceSpec,
  verb: ResourceVerb,
  environment: Readonly<Record<string, string>>,
  folders: readonly string[],
): Promise<ResourceOutcome> {
  const path = await findScript(resource.script, folders);
  if (path === undefined) {
    const reason = `Cannot locate resource script ${resource.script} in ${folders.join(' or ')}`;
    return { kind: 'failed', exitCode: 5, reason };
  }
  const passed: NodeJS.ProcessEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  for (const name of passedVariables) {
    const value = process.env[name];
    if (value !== undefined) passed[name] = value;
  }
  const end = await runScript(path, [...resource.args, verb], { ...passed, ...environment });
  if (verb === 'status') return saysRunning(end.output) ? { kind: 'running' } : { kind: 'stopped' };
  if (end.exitCode === 0) return { kind: 'done' };
  const said = (end.errorOutput || end.output).trim().split('\n').at(-1) ?? '';
  const reason = [`Return code ${end.exitCode} from ${path}`, end.reason, said];
  return {
    kind: 'failed',
    exitCode: end.exitCode,
    reason: reason.filter((part) => part !== '').join('; '),
  };
}
