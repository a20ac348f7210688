// Operators' commands: one after the other, arguments as arguments.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCommandQueue } from '#src/runtime/command-queue.js';

test('commands run in order, and an argument is never part of the line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lubdub-commands-'));
  try {
    const file = join(folder, 'out');
    const failed: string[] = [];
    const queue = createCommandQueue(({ line }, reason) => failed.push(`${line}: ${reason}`));
    queue.run({ line: `sleep 0.1; printf '%s\\n' >> ${file} first`, args: ['start', '$(id)'] });
    queue.run({ line: `printf '%s\\n' >> ${file} second`, args: ['stop'] });
    queue.run({ line: 'exit 3; :', args: [] });
    queue.run({ line: '"$0"', args: ['x'], zero: '/no/such command' });
    await queue.idle();
    assert.equal(await readFile(file, 'utf8'), 'first\nstart\n$(id)\nsecond\nstop\n');
    assert.deepEqual(failed, ['exit 3; :: exit 3', '"$0": exit 127']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
