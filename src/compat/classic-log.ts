// Lines that the classic commands write to standard error in the form of heartbeat's log.

import { hostname } from 'node:os';
import { clockText, dayText } from '../runtime/log-form.js';

/** `Nov 01 10:07:42`, local time. */
export function stampNow(): string {
  const at = new Date();
  return `${dayText(at).replace('  ', ' 0')} ${clockText(at)}`;
}

export function logAs(command: string, level: string, text: string): void {
  const head = `${stampNow()} ${hostname()} ${command}: [${process.pid}]: ${level}:`;
  process.stderr.write(`${head} ${text}\n`);
}
