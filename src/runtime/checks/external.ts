// The external check: a command of the operator, started without a shell in a process group of its
// own. Exit 0 is up. At the deadline the whole group is ended, so that nothing piles up.

import { type ChildProcess, spawn } from 'node:child_process';
import type { ExternalCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import type { CheckContext } from './run-check.js';

/** Of its output as much is kept as a reason can show. */
const OUTPUT_CHARACTERS_MAX = 512;

/** A command that does not heed TERM is killed after this. */
const KILL_AFTER_MS = 1000;

export interface CommandEnd {
  readonly code: number | null;
  readonly killer: NodeJS.Signals | null;
  /** Both outputs, as they came. */
  readonly output: string;
  readonly standardOutput: string;
  /** Why it could not be started; else empty. */
  readonly fault: string;
}

export async function runExternalCheck(
  spec: ExternalCheck,
  { signal }: CheckContext,
): Promise<CheckVerdict> {
  const isPerl = spec.interpreter === 'perl';
  const file = isPerl ? 'perl' : spec.command;
  const args = isPerl ? [spec.command, ...spec.args] : spec.args;
  return judgeCommand(await runCommand(file, args, signal));
}

/** Ended with its whole group when the signal aborts. */
export function runCommand(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<CommandEnd> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let standardOutput = '';
    const keep = (chunk: Buffer): void => {
      if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString('utf8');
    };
    child.stdout.on('data', (chunk: Buffer) => {
      keep(chunk);
      if (standardOutput.length < OUTPUT_CHARACTERS_MAX) standardOutput += chunk.toString('utf8');
    });
    child.stderr.on('data', keep);
    child.once('error', ({ message }) => {
      const fault = `exec(${file}) failed: ${message}`;
      resolve({ code: null, killer: null, output, standardOutput, fault });
    });
    child.once('exit', (code, killer) => {
      signal.removeEventListener('abort', abort);
      // One turn later what was written last has been read.
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, killer, output, standardOutput, fault: '' });
      });
    });
    const abort = (): void => endGroup(child);
    signal.addEventListener('abort', abort, { once: true });
  });
}

export function judgeCommand({ code, killer, output, fault }: CommandEnd): CheckVerdict {
  if (fault !== '') return down(fault);
  const words = output.trim() === '' ? '' : `: ${output.trim()}`;
  if (killer !== null) return down(`killed by ${killer}${words}`);
  return code === 0 ? up(`exit 0${words}`) : down(`exit ${code}${words}`);
}

function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  const signalGroup = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch {
      // ESRCH: the group is gone, which is what was wanted.
    }
  };
  signalGroup('SIGTERM');
  setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS).unref();
}
