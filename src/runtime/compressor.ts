// The methods of compression for the wire, which as pure code cannot reach them: zlib of Node.js,
// bzip2 of the system.

import { deflateSync, inflateSync } from 'node:zlib';
import { openBzip2 } from '../kernel/bzip2.js';
import type { Compressor } from '../wire/compression.js';

export const nodeCompressor: Compressor = {
  compress: (method, bytes) =>
    method === 'zlib' ? deflateSync(bytes) : openBzip2()?.compress(bytes),
  decompress: (method, bytes, bytesMax) => {
    if (method === 'bz2') return openBzip2()?.decompress(bytes, bytesMax);
    try {
      return inflateSync(bytes, { maxOutputLength: bytesMax });
    } catch {
      // Not zlib, cut short, or more than the limit: one refusal for the caller.
      return undefined;
    }
  },
};
