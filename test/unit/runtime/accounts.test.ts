// Users and groups from the files of the machine.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readAccounts } from '#src/runtime/accounts.js';

const folder = mkdtempSync(join(tmpdir(), 'lubdub-accounts-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, 'passwd'),
  'root:x:0:0:root:/root:/bin/sh\nhacluster:x:104:108::/var/lib/heartbeat:/bin/false\nbroken\n',
);
writeFileSync(join(folder, 'group'), 'root:x:0:\nhaclient:x:108:root\nlog:x:50:root,hacluster\n');

describe('accounts', () => {
  it('are found with all their groups', async () => {
    const accounts = await readAccounts(['hacluster'], ['haclient'], folder);
    assert.deepEqual(accounts.user('hacluster'), {
      ...{ name: 'hacluster', uid: 104, gid: 108, home: '/var/lib/heartbeat' },
      gids: [108, 50],
    });
    assert.equal(accounts.group('haclient'), 108);
  });

  it('may be given as numbers', async () => {
    const accounts = await readAccounts(['104', '4711'], ['9'], folder);
    assert.equal(accounts.user('104')?.name, 'hacluster');
    assert.deepEqual(accounts.user('4711')?.gids, [4711]);
    assert.equal(accounts.group('9'), 9);
  });

  it('that nobody knows are unknown', async () => {
    const accounts = await readAccounts(['no-such-user-here'], ['no-such-group'], folder);
    assert.equal(accounts.user('no-such-user-here'), undefined);
    assert.equal(accounts.group('no-such-group'), undefined);
  });
});
