// bzip2 by the system's own library, libbz2.so.1.0, which every Debian has because dpkg needs it:
// the one implementation that both packs and unpacks, and the one that heartbeat 3.0.6 uses. Whole
// buffers only, the output bounded by its size: the library writes no byte beyond it.

import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

export interface Bzip2 {
  compress(bytes: Uint8Array): Uint8Array | undefined;
  /** Undefined for bytes that are not bzip2, and for more than `bytesMax` of output. */
  decompress(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined;
}

const BZ_OK = 0;
/** Blocks of 100 KiB: memory of 1 MiB, and a message is no larger. */
const BLOCK_SIZE = 1;
/** bzip2(3): an output buffer of 1 % more than the input and 600 bytes always suffices. */
const OUTPUT_MARGIN_BYTES = 600;

/** Debian's name, then that of distributions which keep one number. */
const libraryNames: readonly string[] = ['libbz2.so.1.0', 'libbz2.so.1'];

let loaded: Bzip2 | undefined;
let isLoaded = false;

/** Undefined where the library or koffi is missing. Loads once per thread. */
export function openBzip2(): Bzip2 | undefined {
  if (!isLoaded) loaded = load();
  isLoaded = true;
  return loaded;
}

function load(): Bzip2 | undefined {
  const require = createRequire(import.meta.url);
  for (const name of libraryNames) {
    try {
      // The module's own declarations are the type of what `require` returns.
      const koffi = require('koffi') as typeof Koffi;
      return bindBzip2(koffi, name);
    } catch {
      // The next name; without any the caller says what cannot be done.
    }
  }
  return undefined;
}

/** bzlib.h: BZ2_bzBuffToBuffCompress and BZ2_bzBuffToBuffDecompress. */
function bindBzip2(koffi: typeof Koffi, name: string): Bzip2 {
  const library = koffi.load(name);
  const pack = library.func(
    'int BZ2_bzBuffToBuffCompress(void *dest, void *destLen, void *source, ' +
      'unsigned int sourceLen, int blockSize100k, int verbosity, int workFactor)',
  );
  const unpack = library.func(
    'int BZ2_bzBuffToBuffDecompress(void *dest, void *destLen, void *source, ' +
      'unsigned int sourceLen, int small, int verbosity)',
  );
  const run = (room: number, call: (into: Uint8Array, length: Uint32Array) => unknown) => {
    const into = new Uint8Array(room);
    const length = Uint32Array.of(room);
    if (call(into, length) !== BZ_OK) return undefined;
    return into.slice(0, length[0]);
  };
  return {
    compress: (bytes) => {
      const room = Math.ceil(bytes.length * 1.01) + OUTPUT_MARGIN_BYTES;
      return run(room, (into, length) => pack(into, length, bytes, bytes.length, BLOCK_SIZE, 0, 0));
    },
    decompress: (bytes, bytesMax) =>
      run(bytesMax, (into, length) => unpack(into, length, bytes, bytes.length, 0, 0)),
  };
}
