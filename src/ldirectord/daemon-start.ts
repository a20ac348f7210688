// Starts the daemon and stays until it has told that the table stands and the first verdicts are
// there, within bounds: a command that returns before that would tell heartbeat too much.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type DaemonArguments, daemonArguments } from './daemon-arguments.js';
import type { DirectorNews } from './director-machine.js';

/** From the process's birth to the first plan: files, names and the kernel, no real server. */
const TABLE_WAIT_MS = 60_000;
/** First verdicts; a silent real server takes `negotiatetimeout`, which nobody waits for. */
const SETTLED_WAIT_MS = 10_000;

export type StartOutcome =
  | { readonly kind: 'settled'; readonly problems: readonly string[] }
  /** The table stands, but some real servers have not answered their first check. */
  | { readonly kind: 'still-checking'; readonly problems: readonly string[] }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly lines: readonly string[] };

export const DAEMON_SCRIPT: string = fileURLToPath(new URL('./director-main.js', import.meta.url));

const isNews = (value: unknown): value is DirectorNews =>
  typeof value === 'object' && value !== null && 'kind' in value;

export function startDaemon(given: DaemonArguments, script: string): Promise<StartOutcome> {
  const child = spawn(process.execPath, [script, ...daemonArguments(given)], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((resolve) => {
    let problems: readonly string[] = [];
    const end = (outcome: StartOutcome): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.on('error', () => undefined);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(outcome);
    };
    const fail = (exitCode: number, ...lines: readonly string[]): void =>
      end({ kind: 'failed', exitCode, lines });
    let timer = setTimeout(() => {
      child.kill('SIGTERM');
      fail(1, `the daemon did not set up the table within ${TABLE_WAIT_MS / 1000} s`);
    }, TABLE_WAIT_MS);
    child.on('error', (cause) => fail(1, `the daemon cannot be started: ${cause.message}`));
    child.on('exit', (code, signal) =>
      fail(code || 1, `the daemon ended at once (${signal ?? code})`),
    );
    child.on('message', (news: unknown) => {
      if (!isNews(news)) return;
      if (news.kind === 'failed') fail(news.exitCode, ...news.lines);
      else if (news.kind === 'settled') end({ kind: 'settled', problems });
      else {
        problems = news.problems;
        clearTimeout(timer);
        const stillChecking = { kind: 'still-checking', problems } as const;
        // One that stands by is wanted soon and not complete.
        if (given.isWarm) end({ kind: 'settled', problems });
        else timer = setTimeout(() => end(stillChecking), SETTLED_WAIT_MS);
      }
    });
  });
}
