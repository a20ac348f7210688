// Matches an answer against `receive` within bounded time: an unlucky pattern on an unlucky page
// may take longer than the universe has, and the loop would stand still for it.

import vm from 'node:vm';
import {
  compileReceive,
  type MatchResult,
  matchesReceive,
  matchSteps,
  type ReceivePattern,
} from '../../checks/receive-pattern.js';

/** A match may hold up the loop for no longer than this. */
const MATCH_MS_MAX = 50;
/** So few steps (some milliseconds) need no guard. */
const STEPS_UNBOUNDED_MAX = 1_000_000;
/** The limit is in real time; on a crowded machine most of it may have gone to others. */
const ATTEMPTS_MAX = 3;

const script = new vm.Script('new RegExp(source, flags).test(text)');

/** A farm has few patterns and asks with each of them a thousand times a minute. */
const PATTERNS_KEPT_MAX = 256;
const kept = new Map<string, ReturnType<typeof compileReceive>>();

function compiled(perl: string): ReturnType<typeof compileReceive> {
  const known = kept.get(perl);
  if (known !== undefined) return known;
  if (kept.size >= PATTERNS_KEPT_MAX) kept.clear();
  const pattern = compileReceive(perl);
  kept.set(perl, pattern);
  return pattern;
}

/** Undefined when there is no pattern to match. */
export function matchReceive(perl: string, text: string): MatchResult | undefined {
  if (perl === '') return undefined;
  const pattern = compiled(perl);
  if (!pattern.ok) {
    return { kind: 'refused', reason: `${pattern.detail} in "${perl}"` };
  }
  if (matchSteps(pattern.value, text.length) <= STEPS_UNBOUNDED_MAX) {
    return isMatched(matchesReceive(pattern.value, text));
  }
  return matchBounded(pattern.value, text);
}

const isMatched = (is: boolean): MatchResult => ({ kind: is ? 'matched' : 'not-matched' });

function matchBounded(pattern: ReceivePattern, text: string): MatchResult {
  const names = { source: pattern.source, flags: pattern.flags, text };
  const context = vm.createContext(Object.assign(Object.create(null), names));
  for (let attempt = 1; ; attempt++) {
    const before = process.cpuUsage();
    try {
      return isMatched(script.runInContext(context, { timeout: MATCH_MS_MAX }) === true);
    } catch (cause) {
      // The error is of the other context's own kind, so that it is known by its code alone.
      const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
      if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT')
        return { kind: 'refused', reason: String(cause) };
      const { user, system } = process.cpuUsage(before);
      const isOurs = user + system > MATCH_MS_MAX * 1000 * 0.8;
      if (!isOurs && attempt < ATTEMPTS_MAX) continue;
      const reason = `no result within ${MATCH_MS_MAX} ms: simplify the pattern`;
      return { kind: 'refused', reason };
    }
  }
}
