// Runs operators' commands one after the other, each in a process group of its own that ends at its
// limit. Arguments reach the shell as arguments and never as text of the line.

import { spawn } from 'node:child_process';

export interface OperatorCommand {
  /** A line for the shell; the arguments follow behind it. */
  readonly line: string;
  readonly args: readonly string[];
  /** `$0` of the line. */
  readonly zero?: string;
}

export interface CommandQueue {
  run(command: OperatorCommand): void;
  /** Resolves when all have ended. */
  idle(): Promise<void>;
}

/** Longer ones hang: they switch an address or write a message. */
const COMMAND_MS_MAX = 60_000;
/** One that does not heed TERM is killed after this. */
const KILL_AFTER_MS = 1000;
/** Commands that wait behind one that hangs; the states that they tell are past by then. */
const QUEUE_MAX = 100;

/** `failed` is told why a command did not do its work. */
export function createCommandQueue(
  failed: (command: OperatorCommand, reason: string) => void,
): CommandQueue {
  const queue: OperatorCommand[] = [];
  let running: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const reason = await runOne(next);
      if (reason !== undefined) failed(next, reason);
    }
    running = undefined;
  };
  return {
    run: (command) => {
      if (queue.length >= QUEUE_MAX) {
        failed(command, `${QUEUE_MAX} commands wait already`);
        return;
      }
      queue.push(command);
      running ??= work();
    },
    idle: async () => {
      while (running !== undefined) await running;
    },
  };
}

function runOne({ line, args, zero = 'sh' }: OperatorCommand): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', `${line} "$@"`, zero, ...args], {
      cwd: '/',
      detached: true,
      stdio: 'ignore',
    });
    const signalGroup = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // ESRCH: the group is gone, which is what was wanted.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      signalGroup('SIGTERM');
      setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS).unref();
    }, COMMAND_MS_MAX);
    const end = (reason: string | undefined): void => {
      clearTimeout(timer);
      resolve(isLate ? `ended after ${COMMAND_MS_MAX / 1000} s` : reason);
    };
    child.once('error', (cause) => end(cause.message));
    child.once('exit', (code, signal) => end(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
}
