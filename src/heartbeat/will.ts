// What a daemon leaves behind when it dies: the keeper has it in memory, the run directory on
// disk (for `lubdub heartbeat --release`, when the keeper died as well). No secret is in it.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Holding } from '../cluster/cluster-status.js';
import type { ResourceSpec } from '../config/resource-group.js';
import type { InterfaceAddress } from '../kernel/addresses.js';

export interface HeldResource {
  readonly resource: ResourceSpec;
  /** The address that the resource put into the kernel; undefined for others. */
  readonly address: InterfaceAddress | undefined;
}

export interface HeldGroup {
  readonly key: string;
  /** Those started, in the order of starting. */
  readonly held: readonly HeldResource[];
}

export interface Will {
  readonly generation: number;
  /** Of the last message known to be sent; later ones may have been. */
  readonly sequence: number;
  readonly deadtimeMs: number;
  readonly holding: Holding;
  readonly groups: readonly HeldGroup[];
  /** Where the keeper may say what it does with the will. */
  readonly logfile: string | undefined;
  /** The boot that the kernel state belongs to: after another boot there is nothing left. */
  readonly bootId: string;
}

export const isHolding = (will: Will): boolean =>
  will.groups.some((group) => group.held.length > 0);

const willPath = (runDir: string): string => join(runDir, 'heartbeat.will.json');

export async function readBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  } catch {
    return '';
  }
}

/** Never fails the caller: a will that cannot be written is the log's business. */
export async function writeWill(runDir: string, will: Will): Promise<string | undefined> {
  const path = willPath(runDir);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, JSON.stringify(will), { mode: 0o600 });
    await rename(`${path}.new`, path);
    return undefined;
  } catch (cause) {
    return String(cause);
  }
}

export async function removeWill(runDir: string): Promise<void> {
  await rm(willPath(runDir), { force: true });
}

/** The will on disk; undefined when there is none, or it is of another boot or unreadable. */
export async function readWill(runDir: string): Promise<Will | undefined> {
  try {
    const will: unknown = JSON.parse(await readFile(willPath(runDir), 'utf8'));
    if (!isWill(will) || will.bootId !== (await readBootId())) return undefined;
    return will;
  } catch {
    return undefined;
  }
}

// The file is ours (mode 0600 in a folder 0700); this guards against an older form of it.
function isWill(value: unknown): value is Will {
  if (typeof value !== 'object' || value === null) return false;
  const will = value as Partial<Record<keyof Will, unknown>>;
  return (
    typeof will.generation === 'number' &&
    typeof will.sequence === 'number' &&
    typeof will.deadtimeMs === 'number' &&
    typeof will.bootId === 'string' &&
    Array.isArray(will.groups)
  );
}
