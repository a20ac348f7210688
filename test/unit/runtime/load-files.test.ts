// Configuration files from a real folder: what is read, what is missing, names from the machine.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { configBytesMax } from '#src/config/lines.js';
import { loadDirectorFile, loadHaFiles, readConfigFile } from '#src/runtime/load-files.js';

const folder = mkdtempSync(join(tmpdir(), 'lubdub-load-'));
after(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const haCf = 'deadtime 10\ninitdead 20\nauto_failback off\nserial /dev/ttyS0\nbcast eth1\n';

describe('loading configuration files', () => {
  it('gives the pair of a folder with ring, groups and a fingerprint without keys', async () => {
    put('ha.cf', `${haCf}node mom dad\n`);
    put('authkeys', 'auth 1\n1 sha1 penguin\n');
    put('haresources', 'mom 10.0.0.1\n');
    const { files, diagnostics } = await loadHaFiles(folder, 'mom');
    assert.deepEqual(diagnostics, []);
    assert.equal(files?.ring.keys.get(1)?.key, 'penguin');
    assert.equal(files?.groups[0]?.key, '10.0.0.1');
    assert.ok(!files?.fingerprint.includes('penguin'));
  });

  it('keeps every byte of a key that is no UTF-8', async () => {
    const empty = join(folder, 'bytes');
    mkdirSync(empty);
    writeFileSync(join(empty, 'ha.cf'), `${haCf}node mom dad\n`);
    const keyLine = Buffer.from('auth 1\n1 sha1 p\xff\xe9\n', 'latin1');
    writeFileSync(join(empty, 'authkeys'), keyLine, { mode: 0o600 });
    const { files, diagnostics } = await loadHaFiles(empty, 'mom');
    assert.equal(files?.ring.keys.get(1)?.key, 'p\xff\xe9');
    // No haresources: a warning, for a pair may be tried without resources.
    assert.deepEqual(
      diagnostics.map((each) => `${each.severity} ${each.code}`),
      ['warning cannot-read'],
    );
  });

  it('names every file that cannot be read, and does not wait at a device', async () => {
    const { files, diagnostics } = await loadHaFiles(join(folder, 'missing'), 'mom');
    assert.equal(files, undefined);
    assert.deepEqual(
      diagnostics.map((each) => `${each.severity} ${each.code}`),
      ['error cannot-read', 'error cannot-read', 'warning cannot-read'],
    );
    symlinkSync('/dev/zero', join(folder, 'zero'));
    assert.equal((await readConfigFile(join(folder, 'zero'), 'utf8')).text, undefined);
    const large = put('large', new Uint8Array(configBytesMax + 1));
    assert.match(
      (await readConfigFile(large, 'utf8')).diagnostics[0]?.message ?? '',
      /larger than/,
    );
  });

  it('resolves names by the machine and ports by the services file', async () => {
    const servicesPath = put('services', '# ports\nweb 8080/tcp www # alias\nweb 8081/udp\n');
    const path = put(
      'x.cf',
      [
        'virtual=localhost:www\n\treal=localhost:web masq\n\tservice=http\n',
        '\tfallback=localhost:web\n',
      ].join(''),
    );
    const { config, diagnostics } = await loadDirectorFile(path, { servicesPath, files: 'exist' });
    assert.deepEqual(diagnostics, []);
    assert.equal(config?.virtuals[0]?.name, '127.0.0.1:8080');
    assert.equal(config?.virtuals[0]?.reals[0]?.port, 8080);
    assert.equal(config?.virtuals[0]?.fallback?.port, 8080);
  });

  it('says where a log file has no folder, and creates nothing', async () => {
    const path = put('log.cf', `logfile="${folder}/none/x.log"\nvirtual=1\n\treal=10.0.0.1 gate\n`);
    for (const files of ['write', 'exist'] as const) {
      const { diagnostics } = await loadDirectorFile(path, { files });
      assert.equal(diagnostics[0]?.message, `unable to open logfile: ${folder}/none/x.log`);
      assert.equal(diagnostics[0]?.hint, 'No such file or directory');
    }
  });
});
