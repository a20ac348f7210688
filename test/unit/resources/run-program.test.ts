// Programs of resources run to their end: what they say is heard, and what they leave behind does
// not hold anybody up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from '#src/resources/run-program.js';

const shell = (script: string) =>
  runProgram({ path: '/bin/sh', args: ['-c', script], environment: {}, deadlineMs: 20_000 });

test('the last words of many programs at once are all heard', async () => {
  const ends = await Promise.all(
    Array.from({ length: 60 }, () => shell('echo running; echo broken >&2; exit 7')),
  );
  for (const { exitCode, output, errorOutput } of ends) {
    assert.deepEqual(
      { exitCode, output, errorOutput },
      {
        exitCode: 7,
        output: 'running\n',
        errorOutput: 'broken\n',
      },
    );
  }
});

test('a daemon that a program leaves behind with its pipes does not hold up its end', async () => {
  const before = process.hrtime.bigint();
  const { exitCode, output } = await shell('sleep 30 & echo "OK $!"');
  const tookMs = Number((process.hrtime.bigint() - before) / 1_000_000n);
  process.kill(Number(/OK ([0-9]+)/.exec(output)?.[1]), 'SIGKILL');
  assert.equal(exitCode, 0);
  assert.ok(tookMs < 10_000, `its end was told after ${tookMs} ms`);
});

test('a program that does not end is killed at its deadline, with all it started', async () => {
  const end = await runProgram({
    path: '/bin/sh',
    args: ['-c', 'sleep 30 | sleep 30'],
    environment: {},
    deadlineMs: 100,
  });
  assert.equal(end.exitCode, 1);
  assert.match(end.reason, /killed after 0.1 s/);
});
