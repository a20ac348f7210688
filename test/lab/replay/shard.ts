// Deals the recorded scenarios out to machines that play them side by side.

import type { RecordedCase } from '../../conformance/ldirectord-recorded.js';

/** Each step is held for some seconds; starting and stopping cost about as much as two steps. */
const secondsOf = ({ steps }: RecordedCase): number =>
  steps.reduce((sum, step) => sum + 4 + (step.stable_s ?? 0), 8);

/** The longest ones first, each to the machine that has least to do. */
export function shardOf(
  cases: readonly RecordedCase[],
  index: number,
  count: number,
): readonly RecordedCase[] {
  const shards = Array.from({ length: count }, () => ({ seconds: 0, cases: [] as RecordedCase[] }));
  for (const each of cases.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const least = shards.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    least.cases.push(each);
    least.seconds += secondsOf(each);
  }
  return shards[index]?.cases ?? [];
}
