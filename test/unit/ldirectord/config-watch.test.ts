// autoreload: which changes of a file count.

import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import { test } from 'node:test';
import { watchConfig } from '#src/ldirectord/config-watch.js';
import { makeFolder, until } from './fixture.js';

test('a new content is told once, a new time alone is not', async () => {
  const folder = await makeFolder();
  const path = await folder.write('lab.cf', 'one');
  let looks = 0;
  let changes = 0;
  const stop = watchConfig(path, 5, {
    isWanted: () => {
      looks++;
      return true;
    },
    onChange: () => {
      changes++;
    },
  });
  const someLooks = async (): Promise<void> => {
    const before = looks;
    await until(() => looks > before + 3, 'the file was looked at');
  };
  await someLooks();
  await utimes(path, 1, 1);
  await someLooks();
  assert.equal(changes, 0);
  await folder.write('lab.cf', 'two');
  await until(() => changes > 0, 'the change is told');
  await someLooks();
  assert.equal(changes, 1);
  stop();
  await folder.remove();
});
