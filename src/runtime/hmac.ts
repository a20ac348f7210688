// The HMAC of Node.js for the key ring, which as pure code cannot reach it.

import { createHmac } from 'node:crypto';

import type { Hmac } from '../auth/key-ring.js';

export const nodeHmac: Hmac = (algorithm, key, bytes) =>
  createHmac(algorithm, key).update(bytes).digest();
