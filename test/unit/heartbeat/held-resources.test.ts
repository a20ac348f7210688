// What is held, as outcomes say: the matter of the will.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHeldResources, type HeldResources } from '#src/heartbeat/held-resources.js';

const resource = (word: string) => ({ script: word.split('::')[0] ?? '', args: [], word });
const done = { kind: 'done' } as const;
const failed = { kind: 'failed', exitCode: 1, reason: 'no' } as const;

const words = (held: HeldResources): readonly string[][] =>
  held.groups().map(({ key, held: list }) => [key, ...list.map((each) => each.resource.word)]);

describe('what is held', () => {
  it('lists the started resources of a group in the order of starting', () => {
    const held = createHeldResources([]);
    held.note('g', resource('IPaddr::1'), 'start', done, undefined);
    held.note('g', resource('web'), 'start', done, undefined);
    assert.deepEqual(words(held), [['g', 'IPaddr::1', 'web']]);
  });

  it('no longer lists what was stopped', () => {
    const held = createHeldResources([]);
    held.note('g', resource('web'), 'start', done, undefined);
    assert.equal(held.note('g', resource('web'), 'stop', done, undefined), true);
    assert.deepEqual(words(held), []);
  });

  it('goes on listing what would not stop', () => {
    const held = createHeldResources([]);
    held.note('g', resource('web'), 'start', done, undefined);
    held.note('g', resource('web'), 'stop', failed, undefined);
    assert.deepEqual(words(held), [['g', 'web']]);
  });

  it('lists what failed to start, because something may have been left behind', () => {
    const held = createHeldResources([]);
    held.note('g', resource('web'), 'start', failed, undefined);
    assert.deepEqual(words(held), [['g', 'web']]);
  });

  it('inherits what a predecessor held, until a status says that it is stopped', () => {
    const held = createHeldResources([
      { key: 'g', held: [{ resource: resource('web'), address: undefined }] },
    ]);
    assert.deepEqual(words(held), [['g', 'web']]);
    held.note('g', resource('web'), 'status', { kind: 'stopped' }, undefined);
    assert.deepEqual(words(held), []);
  });
});
