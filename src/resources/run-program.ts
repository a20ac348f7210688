// Runs one program to its end: without a shell, in a process group of its own that a deadline
// kills as a whole, with bounded output. What an exit code means is the caller's affair.

import { spawn } from 'node:child_process';

/** Output of a program kept for its verdict and the log; the rest is read and thrown away. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/** For a pipe to be read that somebody else keeps open; its bytes are in it already. */
const DRAIN_MS = 200;

export interface ProgramEnd {
  readonly exitCode: number;
  /** Standard output alone: the originals judge `status` by nothing else. */
  readonly output: string;
  readonly errorOutput: string;
  /** Why it did not end by itself, or could not be started; else empty. */
  readonly reason: string;
}

export interface ProgramRun {
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Written to its standard input, which is closed then. */
  readonly input?: string;
}

/** The environment programs get besides what is given: nothing of ours that could hold a secret. */
const passedVariables = ['PATH', 'HOME', 'LANG', 'TERM', 'TZ'] as const;

function environmentFor(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const passed: NodeJS.ProcessEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  for (const name of passedVariables) {
    const value = process.env[name];
    if (value !== undefined) passed[name] = value;
  }
  return { ...passed, ...given };
}

export function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    let output = '';
    let errorOutput = '';
    let isLate = false;
    const child = spawn(run.path, run.args, {
      env: environmentFor(run.environment),
      stdio: [run.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
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
    }, run.deadlineMs);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < OUTPUT_BYTES_MAX) output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errorOutput.length < OUTPUT_BYTES_MAX) errorOutput += text;
    });
    // A program that does not read to the end is no fault of the writer.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(run.input ?? '');
    child.once('error', (cause) => {
      clearTimeout(timer);
      resolve({ exitCode: 127, output, errorOutput, reason: cause.message });
    });
    child.once('exit', (exitCode, signal) => {
      clearTimeout(timer);
      const lateness = `killed after ${run.deadlineMs / 1000} s`;
      const reason = isLate ? lateness : signal === null ? '' : `ended by ${signal}`;
      const end = (): void => {
        clearTimeout(drain);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ exitCode: exitCode ?? 1, output, errorOutput, reason });
      };
      // What it said may be read after its end is known: the pipes are read to their end. A daemon
      // that a script leaves behind may keep them open for ever, so that is not waited for.
      const drain = setTimeout(end, DRAIN_MS);
      child.once('close', end);
    });
  });
}

/** The last line a program said, for a reason in one line; standard error counts more. */
export const lastWords = (end: Pick<ProgramEnd, 'output' | 'errorOutput'>): string =>
  (end.errorOutput.trim() || end.output.trim()).split('\n').at(-1) ?? '';
