// What exit codes of OCF agents mean, and which words name one.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findOcfAgent, type OcfAgent, runOcfAgent } from '#src/resources/ocf-agent.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lubdub-ocf-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function agentOf(body: string): OcfAgent {
  const path = join(folder, 'agent');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  const parameters = { ip: '10.0.0.5', text: 'a b' };
  return { path, provider: 'heartbeat', name: 'agent', instance: 'one', parameters };
}

describe('an OCF agent', () => {
  it('is called with its parameters as variables, and monitor for status', async () => {
    const out = join(folder, 'out');
    const said = '"$1|$OCF_RESKEY_ip|$OCF_RESKEY_text|$OCF_RESOURCE_INSTANCE|$OCF_ROOT|$HA_X"';
    const agent = agentOf(`echo ${said} > ${out}`);
    assert.deepEqual(await runOcfAgent(agent, 'status', { HA_X: 'y' }), { kind: 'running' });
    assert.equal(readFileSync(out, 'utf8'), 'monitor|10.0.0.5|a b|one|/usr/lib/ocf|y\n');
  });

  it('runs, is stopped or has failed as the standard has the exit codes', async () => {
    for (const [code, kind] of [
      [0, 'running'],
      [8, 'running'],
      [7, 'stopped'],
      [1, 'failed'],
      [5, 'failed'],
    ] as const) {
      const outcome = await runOcfAgent(agentOf(`exit ${code}`), 'status', {});
      assert.equal(outcome.kind, kind, String(code));
    }
    const failed = await runOcfAgent(agentOf('echo no disk >&2; exit 6'), 'start', {});
    assert.match(failed.kind === 'failed' ? failed.reason : '', /Return code 6 .*no disk/);
    assert.deepEqual(await runOcfAgent(agentOf('exit 0'), 'stop', {}), { kind: 'done' });
  });

  it('is nobody for a word with a path, or with an argument that is no NAME=VALUE', async () => {
    const find = (...args: string[]): Promise<OcfAgent | undefined> =>
      findOcfAgent({ script: 'ocf', args, word: 'w' }, folder);
    assert.equal(await find('..', 'heartbeat'), undefined);
    assert.equal(await find('heartbeat', '../x'), undefined);
    assert.equal(await find('heartbeat', 'Dummy', 'state'), undefined);
    const instance = { script: 'OCF', args: ['Dummy', 'none'], word: 'w' };
    assert.equal(await findOcfAgent(instance, folder), undefined);
  });
});
