// One keeper for each run directory. The lock goes with the process, however it ends, so that a
// second start can never take the will of a living daemon for a left-over.

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { failure, ok, type Result } from '../base/result.js';
import { openSys } from '../kernel/sys.js';

/** flock(2): exclusive, without waiting. */
const LOCK_EX_NB = 2 | 4;

export interface KeeperLock {
  release(): void;
}

/** `running` when another keeper holds the directory; `refused` with the system's word else. */
export function lockRunDir(runDir: string): Result<KeeperLock, 'running' | 'refused'> {
  const path = join(runDir, 'heartbeat.lock');
  const sys = openSys();
  if (!sys.ok) return failure('refused', sys.detail);
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o700 });
    const fd = openSync(path, 'w', 0o600);
    if (sys.value.flock(fd, LOCK_EX_NB) < 0) {
      closeSync(fd);
      return failure('running', path);
    }
    return ok({ release: () => closeSync(fd) });
  } catch (cause) {
    return failure('refused', `${path}: ${String(cause)}`);
  }
}
