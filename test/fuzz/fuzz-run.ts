// One run of the fuzzer over one target for a time: mutated samples one after the other, each with
// a limit of time, and a look at the memory at the end.

import { createPrng } from '#src/base/prng.js';
import { mutate } from './mutate.js';
import type { FuzzTarget } from './targets.js';

/** A parser that takes longer for one input than a beat may be late is a stall. */
const inputMsMax = 1000;
/** Garbage of the run itself, before its collection; what leaks grows beyond any bound. */
const growthBytesMax = 96 * 1024 * 1024;

export interface FuzzOutcome {
  readonly inputs: number;
  readonly slowestMs: number;
  readonly growthBytes: number;
}

const heldBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Throws with seed, number and the input in hexadecimal. */
export function fuzzTarget(target: FuzzTarget, seed: number, spanMs: number): FuzzOutcome {
  const prng = createPrng(seed);
  const before = heldBytes();
  const began = performance.now();
  let inputs = 0;
  let slowestMs = 0;
  const explain = (why: string, bytes: Uint8Array): Error => {
    const hex = Buffer.from(bytes.subarray(0, 4000)).toString('hex');
    return new Error(`${target.name}, seed ${seed}, input ${inputs}: ${why}\n${hex}`);
  };
  while (performance.now() - began < spanMs) {
    const bytes = mutate(target.samples, prng);
    const from = performance.now();
    try {
      target.take(bytes);
    } catch (cause) {
      throw explain(String(cause instanceof Error ? cause.stack : cause), bytes);
    }
    const took = performance.now() - from;
    slowestMs = Math.max(slowestMs, took);
    // Once more before it is a fault: the machine may have been busy elsewhere.
    if (took > inputMsMax) {
      const again = performance.now();
      target.take(bytes);
      if (performance.now() - again > inputMsMax) throw explain(`took ${took} ms`, bytes);
    }
    inputs++;
  }
  const growthBytes = heldBytes() - before;
  if (growthBytes > growthBytesMax) {
    throw new Error(
      `${target.name}, seed ${seed}: ${growthBytes} bytes more after ${inputs} inputs`,
    );
  }
  return { inputs, slowestMs, growthBytes };
}
