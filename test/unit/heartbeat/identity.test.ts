// Generation and uuid: a generation never comes twice, a uuid stays.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  lastGeneration,
  readIdentityUuid,
  takeIdentity,
  uuidOfName,
} from '#src/heartbeat/identity.js';

describe('the identity of a node', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lubdub-identity-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const take = async (wallSeconds: number, method: 'file' | 'time' = 'file') => {
    const taken = await takeIdentity(folder, wallSeconds, method);
    assert.ok(taken.ok);
    return taken.value;
  };

  it('starts at the clock and grows by one with every start', async () => {
    const first = await take(4_000_000_000);
    assert.equal(first.generation, 4_000_000_001);
    assert.equal((await take(5)).generation, 4_000_000_002);
    assert.equal(await lastGeneration(folder), 4_000_000_002);
  });

  it('goes on from the generation of 3.0.6, and keeps that in step for the way back', async () => {
    const original = join(folder, 'original');
    mkdirSync(original);
    writeFileSync(join(original, 'hb_generation'), '           4711\n');
    const own = join(folder, 'own');
    const taken = await takeIdentity(own, 100, 'file', undefined, original);
    assert.equal(taken.ok && taken.value.generation, 4712);
    assert.equal(readFileSync(join(original, 'hb_generation'), 'latin1'), '           4712\n');
  });

  it('follows the clock with hbgenmethod time, and never goes back', async () => {
    await take(4_000_000_000);
    assert.equal((await take(4_000_001_000, 'time')).generation, 4_000_001_001);
    assert.equal((await take(4_000_000_500, 'time')).generation, 4_000_001_002);
  });

  it('makes its uuid from its name with uuidfrom nodename, whatever the disk holds', async () => {
    await take(1_000);
    const named = await takeIdentity(folder, 1_000, 'file', 'mom');
    assert.ok(named.ok);
    assert.deepEqual(named.value.uuid, uuidOfName('mom'));
    assert.notDeepEqual(uuidOfName('mom'), uuidOfName('dad'));
    // The keeper speaks for a dead daemon with what the file holds.
    assert.deepEqual(await readIdentityUuid(folder), uuidOfName('mom'));
  });

  it('keeps its uuid over starts', async () => {
    const first = await take(1_000);
    assert.equal(first.uuid.length, 16);
    assert.deepEqual((await take(1_000)).uuid, first.uuid);
  });

  it('writes the generation as 3.0.6 does: right-aligned in 15 columns', async () => {
    await take(4_000_000_000);
    assert.equal(readFileSync(join(folder, 'hb_generation'), 'latin1'), '     4000000001\n');
  });

  it('says so when there was no previous generation, and not again', async () => {
    assert.match((await take(1_000)).remarks.join(), /No Previous generation/);
    assert.deepEqual((await take(1_000)).remarks, []);
  });

  it('takes a generation file that is no number for none', async () => {
    writeFileSync(join(folder, 'hb_generation'), 'not a number\n');
    assert.equal((await take(4_000_000_000)).generation, 4_000_000_001);
  });

  it('fails with the folder named when nothing can be written there', async () => {
    writeFileSync(join(folder, 'file'), '');
    const taken = await takeIdentity(join(folder, 'file', 'below'), 1, 'file');
    assert.equal(taken.ok, false);
    assert.match(taken.ok ? '' : taken.detail, /below/);
  });
});
