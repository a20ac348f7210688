// The places in which scripts, monitors and clients of heartbeat 3.0.6 look for a running daemon
// (as in heartbeat 3.0.6). Under another run directory than the ordinary one they all move there,
// so that several nodes of a lab live on one machine.

import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accounts } from '../runtime/accounts.js';
import { defaultPaths } from './paths.js';

export interface ClassicPlaces {
  readonly folder: string;
  /** The socket of the client interface. */
  readonly register: string;
  /** Where resource scripts keep their marks. */
  readonly scriptMarks: string;
  readonly pid: string;
}

export const OWN_USER = 'hacluster';
export const OWN_GROUP = 'haclient';

export function classicPlaces(runDir: string): ClassicPlaces {
  const isOrdinary = runDir === defaultPaths.runDir;
  const folder = isOrdinary ? '/run/heartbeat' : join(runDir, 'heartbeat');
  return {
    folder,
    register: join(folder, 'register'),
    scriptMarks: join(folder, 'rsctmp'),
    pid: isOrdinary ? '/run/heartbeat.pid' : join(runDir, 'heartbeat.classic.pid'),
  };
}

/** 3.0.6 writes ten columns and a line feed (recorded). */
export const pidText = (pid: number): string => `${String(pid).padStart(10)}\n`;

/** Makes what is not there; a folder that a package made keeps its owner and its mode. */
export async function makeClassicPlaces(places: ClassicPlaces, accounts: Accounts): Promise<void> {
  if ((await mkdir(places.folder, { recursive: true, mode: 0o750 })) !== undefined) {
    const owner = accounts.user(OWN_USER);
    const group = accounts.group(OWN_GROUP);
    // Without heartbeat's own accounts only root may be a client, and root enters any folder.
    if (owner !== undefined && group !== undefined) await chown(places.folder, owner.uid, group);
  }
  await mkdir(places.scriptMarks, { recursive: true });
  // A mode given to mkdir is cut by the umask.
  await chmod(places.scriptMarks, 0o1777);
}
