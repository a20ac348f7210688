// What an engine says for the log. The words of the originals stay as they were, because scrapers
// and people know them; what is new comes behind those words or in `facts`.

import type { LogCode } from './log-code.js';

/** The levels of heartbeat 3.0.6 as it prints them. */
export type LogLevel = 'emerg' | 'alert' | 'CRIT' | 'ERROR' | 'WARN' | 'notice' | 'info' | 'debug';

export interface LogLine {
  readonly level: LogLevel;
  /** A stable kebab-case name of this kind of line; all are listed in docs/log-codes.md. */
  readonly code: LogCode;
  readonly text: string;
}

export const logLine = (level: LogLevel, code: LogCode, text: string): LogLine => ({
  level,
  code,
  text,
});
