// autoreload: looks at the configuration file now and then and tells when its content has changed.
// A new time alone, as an editor or a copy leaves it, is no change.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

export interface ConfigWatcher {
  /** Asked at each look, because a reload may change `autoreload` itself. */
  isWanted(): boolean;
  onChange(): void;
}

/** The first look takes the fingerprint only. Returns how to stop. */
export function watchConfig(path: string, everyMs: number, watcher: ConfigWatcher): () => void {
  let time = 0;
  let digest: string | undefined;
  let isLooking = false;
  const look = async (): Promise<void> => {
    const { mtimeMs } = await stat(path);
    if (mtimeMs === time && digest !== undefined) return;
    time = mtimeMs;
    const next = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const isChanged = digest !== undefined && digest !== next;
    digest = next;
    if (isChanged) watcher.onChange();
  };
  const timer = setInterval(() => {
    if (isLooking || !watcher.isWanted()) return;
    isLooking = true;
    // A file that is away for a moment is looked at again next time.
    look().then(
      () => {
        isLooking = false;
      },
      () => {
        isLooking = false;
      },
    );
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
