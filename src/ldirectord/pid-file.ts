// The classic pid file: scripts, agents and unit files read it. `Running` means what it means to
// ldirectord 4.12: the file names a process whose command line contains `ldirectord`.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export type PidFileState =
  | { readonly kind: 'absent' }
  /** The process is gone, or the number belongs to something else by now. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'running'; readonly pid: number };

export async function readPidFile(path: string): Promise<PidFileState> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return { kind: 'absent' };
  const pid = /^\s*(\d{1,10})\s*$/.exec(text)?.[1];
  if (pid === undefined || Number(pid) === 0) return { kind: 'stale' };
  const isOurs = await isDirectorProcess(Number(pid));
  return isOurs ? { kind: 'running', pid: Number(pid) } : { kind: 'stale' };
}

export async function isDirectorProcess(pid: number): Promise<boolean> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return words.includes('ldirectord');
}

export async function writePidFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${process.pid}\n`, { mode: 0o644 });
}

/** Leaves the file of a successor alone. */
export async function removePidFile(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.trim() === String(process.pid)) await rm(path, { force: true });
}
