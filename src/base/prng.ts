// A seeded source of chance for jitter and retransmission delays, never for secrets. It is given
// to an engine at construction, so that a run is a function of its seed.

export interface Prng {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number in [low, high], both included. */
  between(low: number, high: number): number;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough for jitter. */
export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    fraction,
    between: (low, high) => low + Math.floor(fraction() * (high - low + 1)),
  };
}
