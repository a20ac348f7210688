// Who keeps a set of groups after a partition: two nodes judge apart from the same two statements.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { keepsSet } from '#src/cluster/partition.js';

const statement = fc.record({
  claim: fc.record({ local: fc.boolean(), foreign: fc.boolean() }),
  ages: fc.record({ local: fc.nat(3), foreign: fc.nat(3) }),
});

describe('the judgement of two statements', () => {
  it('gives each set to exactly one node, whichever of them judges', () => {
    fc.assert(
      fc.property(statement, statement, (ours, theirs) => {
        assert.notEqual(keepsSet('local', ours, theirs), keepsSet('foreign', theirs, ours));
        assert.notEqual(keepsSet('foreign', ours, theirs), keepsSet('local', theirs, ours));
      }),
    );
  });

  it('never takes a set from the only node that holds it', () => {
    fc.assert(
      fc.property(statement, statement, (ours, theirs) => {
        fc.pre(ours.claim.local && !theirs.claim.foreign);
        assert.equal(keepsSet('local', ours, theirs), true);
      }),
    );
  });

  it('leaves a set with the elder of two holders', () => {
    const claim = { local: true, foreign: true };
    const elder = { claim, ages: { local: 9000, foreign: 100 } };
    const younger = { claim, ages: { local: 9000, foreign: 100 } };
    assert.equal(keepsSet('local', elder, younger), true);
    assert.equal(keepsSet('foreign', elder, younger), false);
  });
});
