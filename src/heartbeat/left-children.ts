// Programs of `respawn` lines outlive a daemon that is killed. Their process ids are noted with the
// start times that the kernel gives, so that whoever comes after ends them and nobody else.

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Time that they get to end by themselves. */
const PATIENCE_MS = 2000;
const LOOK_INTERVAL_MS = 50;

const notePath = (runDir: string): string => join(runDir, 'heartbeat.children.json');

interface Noted {
  readonly pid: number;
  /** Field 22 of proc_pid_stat(5): differs for a later process of the same id. */
  readonly startedAt: string;
}

async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name in brackets may hold anything, brackets included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[19];
}

export async function noteChildren(runDir: string, pids: readonly number[]): Promise<void> {
  if (pids.length === 0) {
    await rm(notePath(runDir), { force: true });
    return;
  }
  const noted: Noted[] = [];
  for (const pid of pids) {
    const startedAt = await startOf(pid);
    if (startedAt !== undefined) noted.push({ pid, startedAt });
  }
  const beside = `${notePath(runDir)}.new`;
  await writeFile(beside, JSON.stringify(noted), { mode: 0o600 });
  await rename(beside, notePath(runDir));
}

const isNoted = (value: unknown): value is Noted =>
  typeof value === 'object' &&
  value !== null &&
  Number.isInteger(Reflect.get(value, 'pid')) &&
  Number(Reflect.get(value, 'pid')) > 1 &&
  typeof Reflect.get(value, 'startedAt') === 'string';

async function readNoted(runDir: string): Promise<readonly Noted[]> {
  try {
    const value: unknown = JSON.parse(await readFile(notePath(runDir), 'utf8'));
    return Array.isArray(value) ? value.filter(isNoted) : [];
  } catch {
    return [];
  }
}

export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

async function stillRunning(noted: readonly Noted[]): Promise<readonly Noted[]> {
  const running: Noted[] = [];
  for (const each of noted) {
    if ((await startOf(each.pid)) === each.startedAt) running.push(each);
  }
  return running;
}

/** Ends what a daemon that is no more left running; gives the number of programs. */
export async function endLeftChildren(runDir: string): Promise<number> {
  let running = await stillRunning(await readNoted(runDir));
  const count = running.length;
  for (const { pid } of running) signalGroup(pid, 'SIGTERM');
  for (let waited = 0; running.length > 0 && waited < PATIENCE_MS; waited += LOOK_INTERVAL_MS) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_INTERVAL_MS);
    });
    running = await stillRunning(running);
  }
  for (const { pid } of running) signalGroup(pid, 'SIGKILL');
  await rm(notePath(runDir), { force: true });
  return count;
}
