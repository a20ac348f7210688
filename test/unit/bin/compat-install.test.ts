// The classic names: what they point to must be there in an npm package too, which has no links.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const lubdub = fileURLToPath(new URL('../../../bin/lubdub.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lubdub-compat-'));
after(() => rmSync(folder, { recursive: true }));

const install = (into: string) =>
  spawnSync(process.execPath, [lubdub, 'compat', 'install', into], { encoding: 'utf8' });

describe('lubdub compat install', () => {
  it('links each classic name to an executable file that is no link itself', () => {
    assert.equal(install(folder).status, 0);
    const names = [
      ...['cl_respawn', 'cl_status', 'hb_addnode', 'hb_delnode', 'hb_standby', 'hb_takeover'],
      ...['heartbeat', 'ldirectord'],
    ];
    assert.deepEqual(readdirSync(folder).sort(), names);
    for (const name of names) {
      const target = readlinkSync(join(folder, name));
      assert.ok(lstatSync(target).isFile(), target);
      accessSync(target, constants.X_OK);
    }
  });

  it('links nothing over what is there', () => {
    rmSync(join(folder, 'heartbeat'));
    const again = install(folder);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /cl_status exists already/);
    assert.equal(readdirSync(folder).includes('heartbeat'), false);
  });

  it('asks for the folder to be made first', () => {
    const { status, stderr } = install(join(folder, 'missing'));
    assert.equal(status, 2);
    assert.match(stderr, /is not a folder: make it first/);
  });
});
