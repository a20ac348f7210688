// Small files that say which built-in resources were started. For those without a state in the
// kernel they are all that `status` can be answered by; they lie in the run directory, so that a
// reboot clears them, and a successor of this process finds them.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Markers {
  /** The text noted at `set`; undefined when there is no such marker. */
  get(name: string): Promise<string | undefined>;
  set(name: string, text?: string): Promise<void>;
  clear(name: string): Promise<void>;
}

const NAME_CHARACTERS_MAX = 40;
const DIGEST_DIGITS = 12;

/** Names hold whatever a haresources word holds: the digest keeps them apart. */
function fileName(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_DIGITS);
  const readable = name.replace(/[^A-Za-z0-9.-]+/g, '_').slice(0, NAME_CHARACTERS_MAX);
  return `${readable}-${digest}`;
}

const isAbsent = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

export function createMarkers(runDir: string): Markers {
  const folder = join(runDir, 'started');
  const pathOf = (name: string): string => join(folder, fileName(name));
  return {
    get: async (name) => {
      try {
        return await readFile(pathOf(name), 'utf8');
      } catch (cause) {
        if (isAbsent(cause)) return undefined;
        throw cause;
      }
    },
    set: async (name, text = '') => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Whole or not at all: a half-written value would be taken for the whole at a stop.
      const path = pathOf(name);
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    clear: (name) => rm(pathOf(name), { force: true }),
  };
}
