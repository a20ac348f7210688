// Errors of sockets and client libraries in few plain words, the same for every kind of check.

import { type CheckVerdict, down } from '../../checks/check-verdict.js';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connect timed out',
  EPIPE: 'connection closed',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name server does not answer',
  ERR_FR_TOO_MANY_REDIRECTS: 'too many redirects',
  EMFILE: 'too many open files on this director',
};

/** A clear no of the server's system or of a router: nobody is there. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : '';

/** The error as a verdict of its kind; `about` stands before the reason: `FTP: `. */
export function downOfError(cause: unknown, about = ''): CheckVerdict {
  const code = codeOf(cause) === '' ? codeOf(firstOf(cause)) : codeOf(cause);
  const reason = `${about}${reasonOfError(cause)}`;
  if (REFUSALS.has(code)) return down(reason, 'refused');
  return code === 'ETIMEDOUT' ? down(reason, 'timed-out') : down(reason);
}

const firstOf = (cause: unknown): unknown =>
  cause instanceof AggregateError ? cause.errors[0] : undefined;

export function reasonOfError(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? String(cause.code) : '';
  const words = WORDS[code];
  if (words !== undefined) return words;
  // Errors of several attempts (a name with several addresses) carry the first one inside.
  if (cause instanceof AggregateError && cause.errors.length > 0) {
    return reasonOfError(cause.errors[0]);
  }
  return cause.message === '' ? code || cause.name : cause.message;
}
