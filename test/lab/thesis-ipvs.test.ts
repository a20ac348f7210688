// The demo's scenario as a test with timings of its own: each of the thesis cluster's nine steps is
// a subtest. Steps build on one another: after one that fails the rest did not run and says so.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { playThesis, thesisSteps } from './thesis/play.js';
import type { StepResult } from './thesis/scenario.js';

describe('the thesis cluster', () => {
  const results = new Map<string, StepResult>();
  const told: string[] = [];

  before(async () => {
    await playThesis({
      say: (text) => told.push(text),
      onResult: (step, result) => results.set(step.name, result),
    });
  });

  for (const step of thesisSteps) {
    it(step.title, (t) => {
      const result = results.get(step.name);
      assert.ok(result !== undefined, `not reached\n${told.join('\n')}`);
      assert.ok(result.ok, `${result.error}\n${told.join('\n')}`);
      t.diagnostic(`${result.ms} ms ${JSON.stringify(result.figures)}`);
    });
  }
});
