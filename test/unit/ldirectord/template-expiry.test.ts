// deadaction=expire and the kernel's switches, in a folder that stands for /proc/sys/net/ipv4/vs.

import assert from 'node:assert/strict';
import { chmod, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { expiryLines } from '#src/bin/check-expiry.js';
import { type DeadAction, plainHealth } from '#src/config/director-health.js';
import { ipvsSwitches } from '#src/kernel/ipvs-sysctls.js';
import { expiryWanted, turnOnExpiry } from '#src/ldirectord/template-expiry.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { makeFolder } from './fixture.js';

const withAction = (deadAction: DeadAction | undefined) =>
  config([
    virtual('10.0.0.100:80', [real('10.0.0.1:80')], { health: { ...plainHealth, deadAction } }),
  ]);

const SWITCH = 'net.ipv4.vs.expire_quiescent_template';

test('only deadaction=expire wants the switch', () => {
  assert.equal(expiryWanted(withAction('expire')), true);
  for (const other of ['quiesce', 'remove', undefined] as const) {
    assert.equal(expiryWanted(withAction(other)), false);
  }
});

test('the switch is turned on and told once, and left alone when it is on', async () => {
  const folder = await makeFolder();
  const told: string[] = [];
  const tell = (level: string, code: string, text: string) => told.push(`${level} ${code} ${text}`);
  try {
    await folder.write('expire_quiescent_template', '0\n');
    const switches = ipvsSwitches(folder.path);
    await turnOnExpiry(switches, tell);
    assert.equal(await readFile(folder.file('expire_quiescent_template'), 'utf8'), '1\n');
    await turnOnExpiry(switches, tell);
    assert.deepEqual(told, [
      `info expiry-set ${SWITCH} was 0 and is 1 now, for all services: deadaction=expire`,
    ]);
  } finally {
    await folder.remove();
  }
});

test('a switch that cannot be set is warned about', async () => {
  const folder = await makeFolder();
  const told: string[] = [];
  try {
    await turnOnExpiry(ipvsSwitches(folder.file('none')), (level, code, text) =>
      told.push(`${level} ${code} ${text}`),
    );
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^WARN expiry-refused .* cannot be set to 1 \(ENOENT/);
  } finally {
    await folder.remove();
  }
});

test('check says what a file needs of the kernel, and how that stands here', async () => {
  const folder = await makeFolder();
  try {
    await folder.write('expire_quiescent_template', '1\n');
    await folder.write('expire_nodest_conn', '0\n');
    await chmod(folder.file('expire_nodest_conn'), 0o444);
    const switches = ipvsSwitches(folder.path);
    const [expire] = await expiryLines([withAction('expire')], true, switches);
    assert.match(expire ?? '', /needs net\.ipv4\.vs\.expire_quiescent_template=1, here set now/);
    const [elsewhere] = await expiryLines([withAction('expire')], false, switches);
    assert.match(elsewhere ?? '', /expire_quiescent_template=1; ldirectord sets it/);
    const [remove] = await expiryLines([withAction('remove')], true, switches);
    assert.match(remove ?? '', /expire_nodest_conn=1, here not set now/);
    assert.deepEqual(await expiryLines([withAction(undefined)], true, switches), []);
  } finally {
    await folder.remove();
  }
});
