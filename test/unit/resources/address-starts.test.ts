// Addresses that start together: what goes to the kernel in one request, and what becomes of those
// that were started before their order came.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceSpec } from '#src/config/resource-group.js';
import type { ResourceOutcome } from '#src/config/resource-order.js';
import { createAddressStarts } from '#src/resources/address-starts.js';

const done: ResourceOutcome = { kind: 'done' };
const failed: ResourceOutcome = { kind: 'failed', exitCode: 1, reason: 'scripted' };

const address = (number: number): ResourceSpec => {
  const args = [`10.0.0.${number}`];
  return { script: 'IPaddr', args, word: `IPaddr::${args[0]}` };
};

const a = address(1);
const b = address(2);
const c = address(3);

/** Addresses that note what was asked of them; `broken` ones do not start. */
function scripted(...broken: readonly ResourceSpec[]) {
  const asked: string[] = [];
  const starts = createAddressStarts({
    run: (resource, verb) => {
      asked.push(`${verb} ${resource.args[0]}`);
      return done;
    },
    startMany: (resources) => {
      asked.push(`start ${resources.map((each) => each.args[0]).join(' ')}`);
      return resources.map((each) => (broken.includes(each) ? failed : done));
    },
  });
  return { starts, asked };
}

describe('starts of addresses', () => {
  it('of one turn of the loop are one request', async () => {
    const { starts, asked } = scripted();
    const outcomes = await Promise.all([starts.start(a, []), starts.start(b, [])]);
    assert.deepEqual(outcomes, [done, done]);
    assert.deepEqual(asked, ['start 10.0.0.1 10.0.0.2']);
  });

  it('take along the addresses right behind', async () => {
    const { starts, asked } = scripted();
    assert.deepEqual(await starts.start(a, [b, c]), done);
    assert.deepEqual(asked, ['start 10.0.0.1 10.0.0.2 10.0.0.3']);
  });

  it('are undone with the one they went with, from the right, when no order came', async () => {
    const { starts, asked } = scripted();
    await starts.start(a, [b, c]);
    starts.withdraw(a);
    assert.deepEqual(asked.slice(1), ['stop 10.0.0.3', 'stop 10.0.0.2']);
  });

  it('are left to their own orders once these came', async () => {
    const { starts, asked } = scripted();
    await starts.start(a, [b, c]);
    starts.ordered(b);
    starts.withdraw(a);
    assert.deepEqual(asked.slice(1), ['stop 10.0.0.3']);
  });

  it('leave nothing behind when the one they went with fails', async () => {
    const { starts, asked } = scripted(a);
    assert.deepEqual(await starts.start(a, [b]), failed);
    assert.deepEqual(asked.slice(1), ['stop 10.0.0.2']);
  });

  it('that fail ahead are not held against the one they went with', async () => {
    const { starts, asked } = scripted(b);
    assert.deepEqual(await starts.start(a, [b, c]), done);
    starts.withdraw(a);
    assert.deepEqual(asked.slice(1), ['stop 10.0.0.3']);
  });
});
