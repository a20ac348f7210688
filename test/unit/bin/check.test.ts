// The check command over folders and files: what it reads, what it says, how it ends.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';

import { runCheck } from '#src/bin/check.js';
import { serveControl } from '#src/runtime/control-socket.js';

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
    const { status: first, text: said } = await check();
    assert.equal(first, 0);
    assert.equal(
      said,
      '0 errors, 0 warnings in 4 files\n' +
        'takeover: at most 10 s after a crash (12 s within 5 s of its start), then what each ' +
        "group's resources need; at a stop or hand-over at once\n",
    );
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

describe('lubdub check on the machine of the files', () => {
  beforeEach(() => {
    count += 1;
    folder = join(root, `${count}`);
    mkdirSync(folder);
    put('ha.cf', 'deadtime 10\ninitdead 20\nauto_failback off\nbcast lo\nnode mom dad\n');
    put('authkeys', 'auth 1\n1 sha1 penguin\n');
    put('haresources', 'mom 10.0.0.1\n');
  });

  async function checkMachine(): Promise<string> {
    let text = '';
    const write = (piece: string): void => {
      text += piece;
    };
    const runDir = join(folder, 'run');
    const options = { configDir: folder, files: [], localNode: 'mom', machine: true, runDir };
    assert.equal(await runCheck({ ...options, write }), 0);
    return text;
  }

  it('names interfaces and devices that are not there', async () => {
    put('ha.cf', `${haCf}bcast lo\n`.replace('/dev/ttyS0', '/dev/ttyNone').replace('eth1', 'nic9'));
    const text = await checkMachine();
    assert.match(text, /ha\.cf: warning: this machine has no device \/dev\/ttyNone/);
    assert.match(text, /ha\.cf: warning: this machine has no interface nic9/);
    assert.doesNotMatch(text, /interface lo/);
  });

  it('calls a dead time short that is below what timers of the machine allow', async () => {
    const short = 'keepalive 1us\ndeadtime 3us\ninitdead 20\nauto_failback off\nbcast lo\n';
    put('ha.cf', `${short}node mom dad\n`);
    assert.match(await checkMachine(), /warning: timers of this machine were up to [\d.]+ ms late/);
  });

  it('says nothing more while no daemon runs', async () => {
    assert.doesNotMatch(await checkMachine(), /running daemon|on node/);
  });

  it('asks the daemon whether the files are in force and agree with the peer', async () => {
    const agreement = { isClusterSame: false, areResourcesSame: false, sharedKeys: [] };
    const served = await serveControl(join(folder, 'run', 'heartbeat.sock'), async () => ({
      ok: true,
      configHash: 'of another file',
      nodes: [
        { name: 'mom', state: 'active', agreement: null },
        { name: 'dad', state: 'active', agreement },
      ],
    }));
    assert.ok(served.ok);
    const text = await checkMachine();
    await served.value.close();
    assert.match(text, /warning: the running daemon has read other files than these/);
    assert.match(text, /warning: other nodes, times or auto_failback in ha\.cf on node dad/);
    assert.match(text, /warning: other groups in haresources on node dad/);
    assert.match(text, /warning: no key of authkeys is the same on node dad/);
  });
});
