// When a program that is kept running is started again.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRespawnRule, SHORT_RUNS_MAX } from '#src/clients/respawn-rule.js';

describe('a program that ends', () => {
  it('is started again, whatever its exit code but 100', () => {
    const rule = createRespawnRule();
    assert.equal(rule.ended(0, 60_000), 'again');
    assert.equal(rule.ended(undefined, 60_000), 'again');
    assert.equal(rule.ended(100, 60_000), 'asked-not-to');
  });

  it('at once again and again is given up at the eleventh time', () => {
    const rule = createRespawnRule();
    for (let run = 0; run < SHORT_RUNS_MAX; run++) assert.equal(rule.ended(1, 50), 'again');
    assert.equal(rule.ended(1, 50), 'too-fast');
  });

  it('after a long run has all its tries again', () => {
    const rule = createRespawnRule();
    for (let run = 0; run < SHORT_RUNS_MAX; run++) rule.ended(1, 50);
    assert.equal(rule.ended(1, 31_000), 'again');
    assert.equal(rule.ended(1, 50), 'again');
  });

  it('may have another exit code for not again', () => {
    assert.equal(createRespawnRule(7).ended(7, 50), 'asked-not-to');
    assert.equal(createRespawnRule(7).ended(100, 50), 'again');
  });
});
