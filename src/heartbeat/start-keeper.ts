// Starts a keeper as a process of its own, without a terminal.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const keeperMain = fileURLToPath(new URL('./keeper-main.js', import.meta.url));

/**
 * `args` as keeper-main.ts takes them. Standard error stays that of the caller. `onFailed` is
 * called when it cannot be started, or ends while the caller still lives.
 */
export function startKeeper(args: readonly string[], onFailed: (why: string) => void): void {
  const keeper = spawn(process.execPath, [keeperMain, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  keeper.once('error', (cause) => onFailed(cause.message));
  keeper.once('exit', (code, signal) => onFailed(signal ?? `exit code ${code}`));
  keeper.unref();
}
