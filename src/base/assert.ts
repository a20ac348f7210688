// Programmer's faults. An assertion states an invariant of our own code; it never rests on
// bytes, files or answers from outside, because one packet must not be able to fell both nodes.

/** Throws with the invariant in words when it does not hold. */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${invariant}`);
}

/** Makes a switch over a union exhaustive: adding a member breaks the build at every switch. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected value ${JSON.stringify(value)}`);
}
