// The control sockets of the directors that run here, one an instance.

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface DirectorDoor {
  /** The instance: `ldirectord.cf`. */
  readonly name: string;
  readonly path: string;
}

const SOCKET = /^ldirectord\.(.+)\.sock$/;

/** All of them, or that of one configuration, whether it is there or not. */
export async function directorDoors(
  runDir: string,
  config?: string,
): Promise<readonly DirectorDoor[]> {
  if (config !== undefined) {
    const name = basename(config);
    return [{ name, path: join(runDir, `ldirectord.${name}.sock`) }];
  }
  const files = await readdir(runDir).catch(() => []);
  return files.sort().flatMap((file) => {
    const name = SOCKET.exec(file)?.[1];
    return name === undefined ? [] : [{ name, path: join(runDir, file) }];
  });
}
