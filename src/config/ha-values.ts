// One value of ha.cf from its text: times, numbers, booleans. The syntax is heartbeat 3.0.6's.

import { type Duration, millis } from '../base/time.js';

/** A year: what is longer is a slip, and would overflow the advertised dead time. */
const TIME_MS_MAX = 366 * 24 * 3600 * 1000;

/**
 * A decimal number, a fraction allowed, without a unit in seconds, else `ms`, `us` or `usec`.
 * Any other unit (`s`, `m`) is refused as by heartbeat 3.0.6, never taken for minutes.
 */
export function parseTime(text: string): Duration | undefined {
  const match = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|us|usec)?$/.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]);
  const ms = match[2] === undefined ? value * 1000 : match[2] === 'ms' ? value : value / 1000;
  return ms <= TIME_MS_MAX ? millis(ms) : undefined;
}

/** Any case, as heartbeat 3.0.6 reads it. */
export function parseBoolean(text: string): boolean | undefined {
  switch (text.toLowerCase()) {
    case 'true':
    case 'on':
    case 'yes':
    case 'y':
    case '1':
      return true;
    case 'false':
    case 'off':
    case 'no':
    case 'n':
    case '0':
      return false;
    default:
      return undefined;
  }
}

/** Digits alone; undefined for anything else and for what is too long to be exact. */
export function parseWhole(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** As a person writes it: `500ms`, `1.5 s`. */
export function timeText(time: Duration): string {
  return time < 1000 ? `${time} ms` : `${time / 1000} s`;
}
