// The combined check of ldirectord (`checktype=N`): one negotiate, then N connects, then negotiate
// again. A failed connect makes the next one a negotiate, and negotiates go on until one succeeds.

export interface CombinedState {
  /** Connects still to come before the next negotiate. */
  readonly connectsLeft: number;
}

export const combinedStart: CombinedState = { connectsLeft: 0 };

export const combinedNext = (state: CombinedState): 'negotiate' | 'connect' =>
  state.connectsLeft > 0 ? 'connect' : 'negotiate';

/** The state after the check that `combinedNext` named has ended. */
export function combinedAfter(
  state: CombinedState,
  isUp: boolean,
  connects: number,
): CombinedState {
  if (!isUp) return combinedStart;
  const isNegotiate = combinedNext(state) === 'negotiate';
  return { connectsLeft: isNegotiate ? connects : state.connectsLeft - 1 };
}
