// Hostile forms of real bytes, for every decoder: cut at each place, each byte changed, and noise.

import fc from 'fast-check';

/** Calls `decode` with all of them; it fails the test by throwing. */
export function feedHostile(real: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  for (let length = 0; length < real.length; length++) decode(real.subarray(0, length));
  for (let at = 0; at < real.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) decode(real.with(at, value));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), (noise) => {
      decode(noise);
    }),
    { seed: 1, numRuns: 500 },
  );
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
}
