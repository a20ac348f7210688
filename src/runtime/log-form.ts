// The outer form of log lines, as the originals print them; no library, so that the keeper can
// say a word without loading one.

import type { LogLine } from '../base/log-line.js';

export type LineForm = (line: LogLine, wall: Date) => string;

const MONTHS: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAYS: readonly string[] = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');

const two = (value: number): string => String(value).padStart(2, '0');

/** `10:07:42`, local time. */
export const clockText = (at: Date): string =>
  `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

/** `Nov  1`, the day padded with a blank as in RFC 3164 and ctime(3). */
export const dayText = (at: Date): string =>
  `${MONTHS[at.getMonth()] ?? ''} ${String(at.getDate()).padStart(2, ' ')}`;

/** `Nov 21 10:07:42 NODE heartbeat: [PID]: info: text` (heartbeat 3.0.6, syslogmsgfmt true). */
export const heartbeatForm =
  (node: string, pid: number): LineForm =>
  (line, at) => {
    const day = dayText(at).replace('  ', ' 0');
    return `${day} ${clockText(at)} ${node} heartbeat: [${pid}]: ${line.level}: ${line.text}`;
  };

/** `heartbeat[PID]: 2026/11/21_10:07:42 info: text` (heartbeat 3.0.6, syslogmsgfmt false). */
export const plainHeartbeatForm =
  (pid: number): LineForm =>
  (line, at) => {
    const day = `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}`;
    return `heartbeat[${pid}]: ${day}_${clockText(at)} ${line.level}: ${line.text}`;
  };

/** `Sat Nov 21 10:26:40 2026`, local time. */
export const localStamp = (at: Date): string =>
  `${DAYS[at.getDay()] ?? ''} ${dayText(at)} ${clockText(at)} ${at.getFullYear()}`;

/** `[Sat Nov 21 10:26:40 2026|INSTANCE|PID] text` (ldirectord 4.12). */
export const ldirectordForm =
  (instance: string, pid: number): LineForm =>
  (line, at) =>
    `[${localStamp(at)}|${instance}|${pid}] ${line.text}`;
