// Hostile input made from good input: bytes flipped, cut, doubled, moved and mixed with another
// sample, by a seeded source of chance, so that a seed and a number name an input for good.

import type { Prng } from '#src/base/prng.js';

/** Values at which parsers stumble: signs, ends, digits, marks of the formats. */
const sharpBytes = [0, 1, 9, 10, 13, 19, 20, 0x28, 0x2c, 0x30, 0x39, 0x3a, 0x3d, 0x7f, 0x80, 0xff];
const sharpTexts = [
  '999999',
  '-1',
  '0',
  '4294967296',
  '###\n',
  '>>>\n',
  '<<<\n',
  '%%%\n',
  '(2)',
  '#',
];

const pick = <T>(prng: Prng, from: readonly T[]): T => {
  const found = from[prng.between(0, from.length - 1)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

type Change = (bytes: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array;

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const placeIn = (bytes: Uint8Array, prng: Prng): number =>
  prng.between(0, Math.max(0, bytes.length - 1));

const changes: readonly Change[] = [
  (bytes, prng) => {
    if (bytes.length === 0) return bytes;
    return bytes.with(placeIn(bytes, prng), pick(prng, sharpBytes));
  },
  (bytes, prng) => {
    if (bytes.length === 0) return bytes;
    const at = placeIn(bytes, prng);
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << prng.between(0, 7)));
  },
  (bytes, prng) => bytes.subarray(0, placeIn(bytes, prng)),
  (bytes, prng) => bytes.subarray(placeIn(bytes, prng)),
  (bytes, prng) => {
    const at = placeIn(bytes, prng);
    return join(
      bytes.subarray(0, at),
      bytes.subarray(Math.min(bytes.length, at + prng.between(1, 8))),
    );
  },
  (bytes, prng) => {
    const at = placeIn(bytes, prng);
    const text = Buffer.from(pick(prng, sharpTexts), 'latin1');
    return join(bytes.subarray(0, at), text, bytes.subarray(at));
  },
  (bytes, prng) => {
    const from = placeIn(bytes, prng);
    const piece = bytes.subarray(from, from + prng.between(1, 64));
    const times = prng.between(1, 40);
    return join(
      bytes.subarray(0, from),
      ...Array.from({ length: times }, () => piece),
      bytes.subarray(from),
    );
  },
  (bytes, prng, other) => {
    const at = placeIn(bytes, prng);
    return join(bytes.subarray(0, at), other.subarray(placeIn(other, prng)));
  },
  (_, prng) => Uint8Array.from({ length: prng.between(0, 300) }, () => prng.between(0, 255)),
];

/** No input is longer: what grows by doubling must not fill the memory of the fuzzer itself. */
const inputBytesMax = 300_000;
const changesMax = 6;

export function mutate(samples: readonly Uint8Array[], prng: Prng): Uint8Array {
  let bytes = pick(prng, samples);
  for (let n = prng.between(1, changesMax); n > 0; n--) {
    bytes = pick(prng, changes)(bytes, prng, pick(prng, samples)).subarray(0, inputBytesMax);
  }
  return new Uint8Array(bytes);
}
