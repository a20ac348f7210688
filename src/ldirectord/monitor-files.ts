// Appends lines to monitorfiles, in order and without anybody waiting for the disk.

import { appendFile } from 'node:fs/promises';

export interface MonitorFiles {
  write(file: string, text: string): void;
  flush(): Promise<void>;
}

/** Characters that wait for a disk that does not take them; later ones are dropped. */
const WAITING_MAX = 1024 * 1024;

/** `stamp` is the time as in the log. */
export function createMonitorFiles(stamp: () => string): MonitorFiles {
  const waiting = new Map<string, string>();
  let writing: Promise<void> | undefined;
  const pump = async (): Promise<void> => {
    for (;;) {
      const [entry] = waiting;
      if (entry === undefined) break;
      const [file, text] = entry;
      waiting.delete(file);
      // The start has seen that it can be written; a full disk costs these lines only.
      await appendFile(file, text).catch(() => undefined);
    }
    writing = undefined;
  };
  return {
    write: (file, text) => {
      const before = waiting.get(file) ?? '';
      if (before.length > WAITING_MAX) return;
      waiting.set(file, `${before}[${stamp()}] [${process.pid}] ${text}\n`);
      writing ??= pump();
    },
    flush: async () => {
      while (writing !== undefined) await writing;
    },
  };
}
