// Programs that a killed daemon left running are ended by whoever comes after it, and nobody else.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { endLeftChildren, noteChildren } from '#src/heartbeat/left-children.js';

const folder = mkdtempSync(join(tmpdir(), 'lubdub-children-'));
const started: ChildProcess[] = [];
after(() => {
  for (const each of started) each.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function sleeper(): ChildProcess & { readonly pid: number } {
  const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
  started.push(child);
  const { pid } = child;
  assert.ok(pid !== undefined);
  return Object.assign(child, { pid });
}

describe('programs that were left running', () => {
  it('are ended', async () => {
    const left = sleeper();
    const ended = new Promise((resolve) => left.once('exit', resolve));
    await noteChildren(folder, [left.pid]);
    assert.equal(await endLeftChildren(folder), 1);
    await ended;
    assert.equal(await endLeftChildren(folder), 0);
  });

  it('are not mistaken for a later process of the same number', async () => {
    const other = sleeper();
    await noteChildren(folder, [other.pid]);
    const path = join(folder, 'heartbeat.children.json');
    const noted = JSON.parse(readFileSync(path, 'utf8')) as { pid: number }[]; // our own file
    writeFileSync(path, JSON.stringify(noted.map((each) => ({ ...each, startedAt: '1' }))));
    assert.equal(await endLeftChildren(folder), 0);
    assert.equal(other.exitCode, null);
  });

  it('are none when the note is not readable', async () => {
    writeFileSync(join(folder, 'heartbeat.children.json'), '{"pid":');
    assert.equal(await endLeftChildren(folder), 0);
  });
});
