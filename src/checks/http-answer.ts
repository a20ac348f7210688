// Judges the answer to an HTTP check: 2xx and, when a pattern is given, a body that matches it.
// The body is what was read within the limit; the transport belongs to the adapter.

import { type CheckVerdict, down, up } from './check-verdict.js';
import type { MatchResult } from './receive-pattern.js';

/** A check reads no more of a page than this; what lies behind is not looked at. */
export const BODY_BYTES_MAX: number = 256 * 1024;

/** As many redirects are followed, the last answer counts (ldirectord 4.12, recorded). */
export const REDIRECTS_MAX = 7;

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  /** How often the request was sent elsewhere before this answer came. */
  readonly redirects: number;
  readonly isBodyCut: boolean;
  readonly body: string;
}

/** `match` is undefined when no pattern was asked for. */
export function judgeHttpAnswer(answer: HttpAnswer, match: MatchResult | undefined): CheckVerdict {
  const verdict = judged(answer, match);
  const isMismatch = match !== undefined && match.kind === 'not-matched' && isGood(answer);
  const statusLine = `${answer.status} ${answer.statusText}`.trim();
  return { ...verdict, answer: isMismatch ? answer.body : statusLine };
}

const isGood = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

function judged(answer: HttpAnswer, match: MatchResult | undefined): CheckVerdict {
  const words = isGood(answer) || answer.statusText === '' ? '' : ` ${answer.statusText}`;
  const path = answer.redirects === 0 ? '' : ` after ${answer.redirects} redirects`;
  const head = `HTTP ${answer.status}${words}${path}`;
  if (!isGood(answer)) return down(head);
  if (match === undefined || match.kind === 'matched') return up(head);
  if (match.kind === 'refused') return down(`${head}, but receive: ${match.reason}`);
  const where = answer.isBodyCut ? `the first ${BODY_BYTES_MAX / 1024} KiB do` : 'the body does';
  return down(`${head}, but ${where} not match receive`);
}
