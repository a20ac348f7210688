// The STONITH device of ha.cf: a plug-in of cluster-glue driven by its `stonith` command, or any
// executable that takes `reset NODE`. It keeps no policy; when to reset whom is the engine's.
//
// Parameters may hold a password, so they are never an argument of a program, which everybody
// could read: they go into a file that only root reads, or into the environment.

import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StonithDevice } from '../config/ha-fencing.js';
import { lastWords, type ProgramEnd, runProgram } from './run-program.js';

export interface ResetOutcome {
  readonly result: 'done' | 'bad-host' | 'failed';
  /** Empty when it is done. */
  readonly reason: string;
}

export interface Stonith {
  /** Resolves when the device has answered; `meatware` waits for a person. Never rejects. */
  reset(node: string): Promise<ResetOutcome>;
  /** Whether the device answers; the reason when it does not. */
  check(): Promise<string | undefined>;
}

/** Long, because the plug-in `meatware` waits for an operator; then the engine asks anew. */
const RESET_DEADLINE_MS = 60 * 60 * 1000;
const CHECK_DEADLINE_MS = 2 * 60 * 1000;
/** S_BADHOST of cluster-glue's stonith(8). */
const EXIT_BAD_HOST = 4;
const COMMAND = 'stonith';

/** As it is named in the log: without the parameters, which may hold a secret. */
export const deviceName = ({ type, parameters }: StonithDevice): string =>
  parameters.kind === 'file' ? `${type} ${parameters.path}` : type;

export function createStonith(device: StonithDevice, runDir: string): Stonith {
  const run = device.type.startsWith('/') ? runExecutable : runPlugin;
  const attempt = async (
    words: readonly [string, ...string[]],
    deadlineMs: number,
  ): Promise<ProgramEnd> => {
    try {
      return await run(device, runDir, words, deadlineMs);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return { exitCode: 1, output: '', errorOutput: '', reason };
    }
  };
  return {
    reset: async (node) => {
      const end = await attempt(['reset', node], RESET_DEADLINE_MS);
      if (end.exitCode === 0 && end.reason === '') return { result: 'done', reason: '' };
      const result = end.exitCode === EXIT_BAD_HOST ? 'bad-host' : 'failed';
      return { result, reason: reasonOf(end) };
    },
    check: async () => {
      const end = await attempt(['status'], CHECK_DEADLINE_MS);
      return end.exitCode === 0 && end.reason === '' ? undefined : reasonOf(end);
    },
  };
}

function reasonOf(end: ProgramEnd): string {
  const parts = [`exit code ${end.exitCode}`, end.reason, lastWords(end).slice(0, 200)];
  return parts.filter((part) => part !== '').join('; ');
}

/** `stonith -t TYPE -F FILE -T reset NODE`, or `-S` for its status. */
async function runPlugin(
  device: StonithDevice,
  runDir: string,
  [verb, node]: readonly [string, ...string[]],
  deadlineMs: number,
): Promise<ProgramEnd> {
  const file = await parametersFile(device, runDir);
  const action = verb === 'status' ? ['-S'] : ['-T', verb, node ?? ''];
  const args = ['-s', '-t', device.type, '-F', file, ...action];
  return runProgram({ path: COMMAND, args, environment: {}, deadlineMs });
}

async function parametersFile(device: StonithDevice, runDir: string): Promise<string> {
  if (device.parameters.kind === 'file') return device.parameters.path;
  const path = join(runDir, 'stonith.parameters');
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await writeFile(path, `${device.parameters.text}\n`, { mode: 0o600 });
  // The mode above counts only for a file that was not there.
  await chmod(path, 0o600);
  return path;
}

/**
 * `PATH reset NODE`, or `PATH status`, as cluster-glue calls its external plug-ins: parameters of
 * the form NAME=VALUE are variables. Exit code 0 is success, 4 says that it does not know the node.
 */
async function runExecutable(
  device: StonithDevice,
  _runDir: string,
  words: readonly string[],
  deadlineMs: number,
): Promise<ProgramEnd> {
  const { parameters } = device;
  const text =
    parameters.kind === 'file' ? await readFile(parameters.path, 'utf8') : parameters.text;
  const environment: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(ASSIGNMENTS)) {
    if (name !== undefined) environment[name] = unquoted(value ?? '');
  }
  return runProgram({ path: device.type, args: words, environment, deadlineMs });
}

/** `NAME=VALUE`, or `NAME="a value with blanks"`, apart from lines that are comments. */
const ASSIGNMENTS = /^[ \t]*#.*$|(?<![^\s])([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|'[^']*'|\S*)/gm;

const unquoted = (value: string): string =>
  /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value;
