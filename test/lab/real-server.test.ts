// A real server of direct routing in a namespace of its own: with the VIP on lo alone it answers
// ARP for it and verify names it; after the printed commands it is silent, and takes what comes
// for the VIP.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runRealServerPrint, runRealServerVerify } from '#src/bin/real-server-command.js';
import { ip, makePair, type Pair, runIn, sysIn, whyNoNamespaces } from './netns.js';

const VIP = '10.77.0.100';
const REAL = '10.77.0.2';
const skip = whyNoNamespaces();

describe('a real server of direct routing', { skip: skip ?? false }, () => {
  let pair: Pair;
  let configDir = '';

  before(async () => {
    pair = makePair('real');
    configDir = await mkdtemp(join(tmpdir(), 'lubdub-real-'));
    const text = `virtual=${VIP}:80\n\treal=${REAL}:80 gate\n\tchecktype=on\n`;
    await writeFile(join(configDir, 'ldirectord.cf'), text);
  });

  after(async () => {
    pair?.destroy();
    await rm(configDir, { recursive: true, force: true });
  });

  async function verify(): Promise<{ exitCode: number; said: string }> {
    let said = '';
    const write = (text: string): void => {
      said += text;
    };
    const options = { config: undefined, configDir, write, complain: write };
    const exitCode = await runRealServerVerify(options, {
      segmentOf: () => ({ interfaceName: 'eth0', isOurs: false }),
      sys: sysIn(pair.a),
    });
    return { exitCode, said };
  }

  it('is named with its MAC while it answers for the VIP', async () => {
    ip('-n', pair.b, 'address', 'add', `${VIP}/32`, 'dev', 'lo');
    const { exitCode, said } = await verify();
    assert.equal(exitCode, 1, said);
    assert.match(said, /^WRONG 10\.77\.0\.100: real server 10\.77\.0\.2 \([0-9a-f:]{17}\) answers/);
  });

  it('is silent after the printed commands, and takes packets for the VIP', async () => {
    let commands = '';
    const printed = await runRealServerPrint({
      server: REAL,
      method: 'dr',
      variant: undefined,
      gateway: undefined,
      config: undefined,
      configDir,
      write: (text) => {
        commands += text;
      },
      complain: () => undefined,
    });
    assert.equal(printed, 0);
    runIn(pair.b, 'sh', '-ec', commands);
    const { exitCode, said } = await verify();
    assert.deepEqual(
      { exitCode, said },
      { exitCode: 0, said: `ok    ${VIP}: nobody else answers\n` },
    );
    // As IPVS by direct routing does: the frame goes to the real server, the packet to the VIP.
    ip('-n', pair.a, 'route', 'add', `${VIP}/32`, 'via', REAL);
    assert.match(runIn(pair.a, 'ping', '-c', '1', '-W', '5', VIP), / 1 (packets )?received/);
  });
});
