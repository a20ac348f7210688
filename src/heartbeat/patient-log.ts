// The log, a moment later: a takeover says a dozen lines before its first address and two for each,
// and clients should not wait for the writing of them. The order of lines stays.

import type { LogLine } from '../base/log-line.js';
import type { Log } from '../runtime/log.js';

/** Long enough for a takeover's addresses; what a killed process had not written is this much. */
const PATIENCE_MS = 10;

export function patientLog(log: Log): Log {
  let waiting: LogLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  const writeAll = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const lines = waiting;
    waiting = [];
    for (const line of lines) log.write(line);
  };
  return {
    write: (line) => {
      waiting.push(line);
      timer ??= setTimeout(writeAll, PATIENCE_MS);
    },
    flush: () => {
      writeAll();
      return log.flush();
    },
  };
}
