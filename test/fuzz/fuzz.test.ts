// A short run of the fuzzer over every target, with a fixed seed; `npm run fuzz` runs longer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fuzzTarget } from './fuzz-run.js';
import { createTargets } from './targets.js';

const spanMs = 400;

describe('hostile bytes', () => {
  for (const target of createTargets()) {
    it(`neither throw nor stall nor pile up: ${target.name}`, () => {
      const { inputs } = fuzzTarget(target, 20_261_125, spanMs);
      assert.ok(inputs > 0);
    });
  }
});
