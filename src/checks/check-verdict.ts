// What a check says about a real server, and the limits of what it may say: a server's own words
// get into logs and status, so they are cut and freed of control characters here.

/**
 * How a check failed: `refused` is a clear no of the server's system or of the network, `timed-out`
 * may be a slow server as well as a dead one, `wrong-answer` is everything else.
 */
export type FailureKind = 'refused' | 'timed-out' | 'wrong-answer';

export interface CheckVerdict {
  readonly isUp: boolean;
  /** For people: `HTTP 200`, `connect refused`, `timed out after 5.0 s`. */
  readonly reason: string;
  /** Undefined when it is up, and for `wrong-answer`. */
  readonly failure?: 'refused' | 'timed-out';
  /** The server's own words, for monitorfile: as many as were read. */
  readonly answer?: string;
}

/** Longer reasons make log lines unreadable; a whole error page would fit otherwise. */
const REASON_CHARACTERS_MAX = 160;

const verdict = (isUp: boolean, reason: string): CheckVerdict => ({
  isUp,
  reason: cleanReason(reason),
});

export const up = (reason: string): CheckVerdict => verdict(true, reason);
export const down = (reason: string, failure?: 'refused' | 'timed-out'): CheckVerdict =>
  failure === undefined ? verdict(false, reason) : { ...verdict(false, reason), failure };

/** `timed out after 5.0 s`, with what was being waited for in front when that is known. */
export const timedOut = (seconds: number, waitingFor = ''): CheckVerdict =>
  down(
    `${waitingFor === '' ? '' : `${waitingFor} `}timed out after ${seconds.toFixed(1)} s`,
    'timed-out',
  );

export const failureOf = (verdict: CheckVerdict): FailureKind => verdict.failure ?? 'wrong-answer';

/** One line, no control characters, bounded. */
export function cleanReason(text: string): string {
  // The reason of nearly every check that succeeds.
  if (text.length <= REASON_CHARACTERS_MAX && /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text))
    return text;
  let clean = '';
  for (const character of text.slice(0, 4 * REASON_CHARACTERS_MAX)) {
    const code = character.codePointAt(0) ?? 0;
    clean += code < 0x20 || (code >= 0x7f && code < 0xa0) ? ' ' : character;
  }
  clean = clean.replace(/ +/g, ' ').trim();
  if (clean.length <= REASON_CHARACTERS_MAX) return clean;
  return `${clean.slice(0, REASON_CHARACTERS_MAX - 3)}...`;
}
