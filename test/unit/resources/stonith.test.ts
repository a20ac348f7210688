// A STONITH device that is an executable, called for real; the plug-ins of cluster-glue have their
// test in the lab.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createStonith, deviceName } from '#src/resources/stonith.js';

describe('an executable as STONITH device', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lubdub-stonith-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const device = (body: string, text: string): ReturnType<typeof createStonith> => {
    const path = join(folder, 'device');
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return createStonith({ type: path, parameters: { kind: 'text', text } }, folder);
  };

  it('gets verb and node as arguments, and its parameters as variables', async () => {
    const out = join(folder, 'out');
    const stonith = device(`echo "$*|$hostlist|$password" > ${out}`, 'hostlist="a b" password=x,y');
    assert.deepEqual(await stonith.reset('beta'), { result: 'done', reason: '' });
    assert.equal(readFileSync(out, 'utf8'), 'reset beta|a b|x,y\n');
  });

  it('does not know the node with exit code 4, and failed with any other', async () => {
    const stonith = device('echo "no such outlet" >&2; exit $code', 'code=4');
    const unknown = await stonith.reset('beta');
    assert.equal(unknown.result, 'bad-host');
    assert.match(unknown.reason, /no such outlet/);
    assert.equal((await device('exit $code', 'code=5').reset('beta')).result, 'failed');
  });

  it('is operational when its status says so', async () => {
    assert.equal(await device('test "$1" = status', '').check(), undefined);
    assert.match((await device('exit 9', '').check()) ?? '', /exit code 9/);
  });

  it('that is not there fails, as does one whose file of parameters cannot be read', async () => {
    const parameters = { kind: 'text', text: '' } as const;
    const missing = createStonith({ type: join(folder, 'none'), parameters }, folder);
    assert.equal((await missing.reset('beta')).result, 'failed');
    const file = { kind: 'file', path: join(folder, 'nothing') } as const;
    const unread = createStonith({ type: join(folder, 'device'), parameters: file }, folder);
    assert.match((await unread.reset('beta')).reason, /ENOENT/);
  });
});

describe('a plug-in as STONITH device', () => {
  it('has its parameters in a file that only its owner reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lubdub-stonith-'));
    writeFileSync(join(folder, 'stonith'), '#!/bin/sh\necho "$*" >&2\nexit 3\n', { mode: 0o755 });
    const path = process.env.PATH;
    process.env.PATH = `${folder}:${path}`;
    try {
      const parameters = { kind: 'text', text: 'beta, secret word' } as const;
      const stonith = createStonith({ type: 'rcd_serial', parameters }, folder);
      const { reason } = await stonith.reset('beta');
      const file = join(folder, 'stonith.parameters');
      assert.ok(reason.endsWith(`-s -t rcd_serial -F ${file} -T reset beta`), reason);
      assert.equal(readFileSync(file, 'utf8'), 'beta, secret word\n');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.match((await stonith.check()) ?? '', /-F \S+ -S$/);
    } finally {
      process.env.PATH = path;
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is named in the log without its parameters', () => {
    const text = { kind: 'text', text: 'admin secret' } as const;
    assert.equal(deviceName({ type: 'apcmaster', parameters: text }), 'apcmaster');
    const file = { kind: 'file', path: '/etc/ha.d/apc.cfg' } as const;
    assert.equal(
      deviceName({ type: 'apcmaster', parameters: file }),
      'apcmaster /etc/ha.d/apc.cfg',
    );
  });
});
