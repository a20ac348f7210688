// The check command over folders and files: what it reads, what it says, how it ends.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';

import { runCheck } from '#src/bin/check.js';

const root = mkdtempSync(join(tmpdir(), 'lubdub-check-'));
after(() => rmSync(root, { recursive: true }));

let folder = '';
let count = 0;

function put(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const haCf =
  'deadtime 10\ninitdead 20\nauto_failback off\nserial /dev/ttyS0\nbcast eth1\nnode mom dad\n';
const director = 'virtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq\n';

async function check(
  files: readonly string[] = [],
  strict = false,
): Promise<{ readonly status: number; readonly text: string }> {
  let text = '';
  const write = (piece: string): void => {
    text += piece;
  };
  const options = { configDir: folder, files, strict, localNode: 'mom', write };
  return { status: await runCheck(options), text };
}

describe('lubdub check', () => {
  beforeEach(() => {
    count += 1;
    folder = join(root, `${count}`);
    mkdirSync(folder);
    put('ha.cf', haCf);
    put('authkeys', 'auth 1\n1 sha1 penguin\n');
    put('haresources', 'mom 10.0.0.1 ldirectord::farm.cf\n');
    put('farm.cf', `logfile="local0"\n${director}`);
  });

  it('takes a good folder and looks at the director file that haresources names', async () => {
    assert.deepEqual(await check(), { status: 0, text: '0 errors, 0 warnings in 4 files\n' });
    put('farm.cf', 'nonsense=1\n');
    const { status, text } = await check();
    assert.equal(status, 2);
    assert.match(text, /farm\.cf:1:1: error: Unknown command nonsense=1\n/);
  });

  it('gives 1 for warnings only when strict', async () => {
    put('ha.cf', `${haCf}debug 1\ndebug 2\n`);
    assert.equal((await check()).status, 0);
    assert.equal((await check([], true)).status, 1);
  });

  it('gives 2 for errors and prints those of all files', async () => {
    put('ha.cf', `${haCf}keepaliv 1\n`);
    put('haresources', 'mum 10.0.0.1\n');
    put('authkeys', 'auth 1\n1 sha1 penguin\n', 0o644);
    const { status, text } = await check();
    assert.equal(status, 2);
    assert.match(text, /ha\.cf:7:1: error: Illegal directive \[keepaliv\]/);
    assert.match(text, /haresources:1:1: error: Bad nodename/);
    assert.match(text, /authkeys: error: Bad permissions on keyfile/);
    assert.match(text, /\n3 errors, 0 warnings in 3 files\n$/);
  });

  it('gives 3 when a file cannot be read', async () => {
    assert.equal((await check([join(folder, 'missing.cf')])).status, 3);
    assert.equal((await check([folder])).status, 3);
  });

  it('tells single files apart by their names', async () => {
    const files = ['ha.cf', 'authkeys', 'haresources', 'farm.cf'].map((name) => join(folder, name));
    assert.deepEqual(await check(files), { status: 0, text: '0 errors, 0 warnings in 4 files\n' });
  });

  it('judges haresources by the ha.cf beside it', async () => {
    const path = put('haresources', 'mum 10.0.0.1\n');
    assert.equal((await check([path])).status, 2);
  });

  it('warns when crc signs on a network', async () => {
    put('authkeys', 'auth 1\n1 crc\n');
    assert.match((await check()).text, /authkeys: warning: crc protects nothing on a network/);
  });
});
