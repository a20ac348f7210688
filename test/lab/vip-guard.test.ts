// A held address that is taken away or changed by somebody else: a real pair, a real kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArpCapture } from './arp-capture.js';
import type { HeartbeatProgram } from './heartbeat-program.js';
import { Pair, type PairOptions, vip } from './pair.js';
import { nowMs, waitFor } from './wait.js';

const options: PairOptions = {
  media: ['serial /dev/ttyS0', 'bcast eth0'],
  haresources: `alpha IPaddr::${vip}/24/eth0\n`,
  lines: ['vip_refresh 1'],
};
const backWithinMs = 100;

async function withPair(play: (pair: Pair) => Promise<void>): Promise<void> {
  const pair = await Pair.build(options);
  try {
    // As if some other program had left it: it goes before anything is sent.
    await pair.alpha.host.ip(`address add ${vip}/24 dev eth0`);
    pair.alpha.start();
    pair.beta.start();
    await pair.alpha.log.waitFor(/10\.8\.0\.100 was left over on eth0: removed/, 20_000);
    await pair.waitForHolder('alpha', 40_000);
    await pair.waitForBothActive(40_000);
    await play(pair);
  } finally {
    await pair.close();
  }
}

/** How the address stands in the kernel: `10.8.0.100/24 eth0:0`. */
async function standing({ host }: HeartbeatProgram): Promise<string> {
  const { stdout } = await host.run(['ip', '-o', '-4', 'address', 'show', 'dev', 'eth0']);
  const found: string[] = [];
  for (const line of stdout.split('\n')) {
    const [, address, label] = /inet (10\.8\.0\.100\/\d+) .*?(\S+)\\/.exec(line) ?? [];
    if (address !== undefined) found.push(`${address} ${label}`);
  }
  return found.join(', ');
}

test('a held address that is removed or changed is put back within 100 ms', async () => {
  await withPair(async (pair) => {
    const { alpha } = pair;
    const asPut = `${vip}/24 eth0:0`;
    assert.equal(await standing(alpha), asPut);
    const arp = await ArpCapture.start(pair.lab.host('client'), 'eth0');
    for (const change of [
      [`address del ${vip}/24 dev eth0`],
      [`address del ${vip}/24 dev eth0`, `address add ${vip}/32 dev eth0`],
      [`address del ${vip}/24 dev eth0`, `address add ${vip}/24 dev eth0 label eth0:77`],
    ]) {
      const fromMs = nowMs();
      await alpha.host.ip(...change);
      const lostMs = await alpha.lost(vip, fromMs);
      const backMs = await alpha.gained(vip, lostMs);
      assert.ok(backMs - lostMs < backWithinMs, `${change}: back after ${backMs - lostMs} ms`);
      await waitFor(
        `the address as it was put after ${change}`,
        5000,
        async () => (await standing(alpha)) === asPut,
        async () => `${await standing(alpha)}\n${pair.explain()}`,
      );
      await alpha.log.waitFor(/vip-displaced|putting it back/, 5000, fromMs);
      await waitFor('an announcement', 5000, () => arp.announcements(vip, backMs).length > 0);
    }
    // The refresh goes on, and a request by hand is carried out.
    const from = nowMs();
    await waitFor('two refreshes', 5000, () => arp.announcements(vip, from).length >= 4);
    const asked = await alpha.command('announce', vip);
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /announcing 10\.8\.0\.100/);
    assert.equal((await pair.beta.command('announce', vip)).code, 1);
    const page = await alpha.command('status');
    assert.match(page.stdout, /announced \d+ +put back 3 times/);
    await arp.stop();
  });
});

test('an address that does not stay is handed to the peer', async () => {
  await withPair(async (pair) => {
    const { alpha } = pair;
    const remover = alpha.host.start([
      'sh',
      '-c',
      `while :; do ip address del ${vip}/24 dev eth0 2>/dev/null; sleep 0.02; done`,
    ]);
    await alpha.log.waitFor(/does not stay/, 20_000);
    await pair.waitForHolder('beta', 20_000);
    await remover.stop('SIGKILL');
    await pair.waitForBothActive(20_000);
    const moved = await alpha.command('takeover', 'all');
    assert.equal(moved.code, 0, moved.stderr);
    await pair.waitForHolder('alpha', 20_000);
  });
});
