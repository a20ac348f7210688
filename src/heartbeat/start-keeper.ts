// Starts a keeper as a process of its own, without a terminal.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const keeperMain = fileURLToPath(new URL('./keeper-main.js', import.meta.url));

/** `args` as keeper-main.ts takes them. Standard error stays that of the caller. */
export function startKeeper(args: readonly string[]): void {
  spawn(process.execPath, [keeperMain, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  }).unref();
}
