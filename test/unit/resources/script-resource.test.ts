// Resource scripts by the originals' contract, run for real.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findScript, runScriptResource, saysRunning } from '#src/resources/script-resource.js';

describe('a resource script', () => {
  let folder = '';
  let folders: readonly string[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lubdub-scripts-'));
    folders = [join(folder, 'resource.d'), join(folder, 'init.d')];
    for (const each of folders) mkdirSync(each);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (where: 'resource.d' | 'init.d', name: string, body: string): void => {
    const path = join(folder, where, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const run = (word: string, verb: 'start' | 'stop' | 'status', environment = {}) => {
    const [script = '', ...args] = word.split('::');
    return runScriptResource({ script, args, word }, verb, environment, folders);
  };

  it('is found in resource.d before init.d', async () => {
    write('init.d', 'web', 'exit 0');
    assert.equal(await findScript('web', folders), join(folder, 'init.d', 'web'));
    write('resource.d', 'web', 'exit 0');
    assert.equal(await findScript('web', folders), join(folder, 'resource.d', 'web'));
  });

  it('gets its arguments, then the verb, and no shell in between', async () => {
    write('resource.d', 'args', `printf '%s|' "$@" > ${join(folder, 'args.out')}`);
    await run('args::$(id)::two words', 'start');
    assert.equal(readFileSync(join(folder, 'args.out'), 'utf8'), '$(id)|two words|start|');
  });

  it('gets the HA variables and nothing of our own environment', async () => {
    process.env.LUBDUB_TEST_SECRET = 'secret';
    write('resource.d', 'env', `env > ${join(folder, 'env.out')}`);
    await run('env', 'start', { HA_CURHOST: 'mom' });
    delete process.env.LUBDUB_TEST_SECRET;
    const text = readFileSync(join(folder, 'env.out'), 'utf8');
    assert.match(text, /^HA_CURHOST=mom$/m);
    assert.doesNotMatch(text, /SECRET/);
  });

  it('is running when its output says so, whatever its exit code', async () => {
    write('resource.d', 'liar', 'echo "liar is running"; exit 7');
    assert.deepEqual(await run('liar', 'status'), { kind: 'running' });
  });

  it('is stopped when it says "not running", or nothing', async () => {
    write('resource.d', 'quiet', 'exit 0');
    write('resource.d', 'down', 'echo "down is not running"');
    assert.deepEqual(await run('quiet', 'status'), { kind: 'stopped' });
    assert.deepEqual(await run('down', 'status'), { kind: 'stopped' });
  });

  it('is not running by a word on standard error', async () => {
    write('resource.d', 'stderr', 'echo running >&2');
    assert.deepEqual(await run('stderr', 'status'), { kind: 'stopped' });
  });

  it('fails with its exit code and its last words', async () => {
    write('resource.d', 'broken', 'echo "disk is full" >&2; exit 6');
    const outcome = await run('broken', 'start');
    assert.equal(outcome.kind, 'failed');
    assert.match(outcome.kind === 'failed' ? outcome.reason : '', /Return code 6.*disk is full/);
  });

  it('may leave a daemon behind that keeps its output open', async () => {
    write('resource.d', 'daemon', 'sleep 5 & exit 0');
    assert.deepEqual(await run('daemon', 'start'), { kind: 'done' });
  });

  it('that is not there is said with the folders looked in', async () => {
    const outcome = await run('missing', 'start');
    assert.match(outcome.kind === 'failed' ? outcome.reason : '', /Cannot locate.*resource\.d/);
  });

  it('cannot be named out of its folders', async () => {
    assert.equal(await findScript('../resource.d/web', folders), undefined);
  });

  it('says running as the original hears it', () => {
    assert.equal(saysRunning('INFO:  Running OK'), true);
    assert.equal(saysRunning('Not Running'), false);
    assert.equal(saysRunning('INFO:  Resource is stopped'), false);
  });
});
