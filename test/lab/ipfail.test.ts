// ipfail of a pair: of two living nodes the one that sees fewer ping nodes gives up what it holds.
// The client of the lab is the ping node; what a director may not reach is dropped on its way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeartbeatProgram } from './heartbeat-program.js';
import { Pair } from './pair.js';
import { Probe } from './probe.js';
import { startWeb } from './servers.js';
import { holdsFor, nowMs } from './wait.js';

const client = '10.8.0.9';
const lines = [`ping ${client}`, 'deadping 2', 'respawn hacluster /usr/lib/heartbeat/ipfail'];
const media = ['serial /dev/ttyS0', 'bcast eth0'];
const limitMs = 20_000;

/** Whether a director's echo requests leave it. */
async function setPing({ host }: HeartbeatProgram, isOpen: boolean): Promise<void> {
  const rule = isOpen ? '' : 'icmp type echo-request drop';
  const chain = `chain output { type filter hook output priority 0; ${rule}\n}`;
  // Made first, so that there is one to delete.
  const input = `table inet blind {}\ndelete table inet blind\ntable inet blind {\n${chain}\n}\n`;
  await host.run(['nft', '-f', '-'], { input });
}

async function seesClient(program: HeartbeatProgram, isSeen: boolean): Promise<void> {
  await program.waitForStatus(`the client ${isSeen ? 'seen' : 'lost'}`, limitMs, ({ nodes }) =>
    nodes.some(({ name, state }) => name === client && (state === 'ping') === isSeen),
  );
}

async function staysOn(pair: Pair, name: string): Promise<void> {
  const isThere = async (): Promise<boolean> => (await pair.holders()).join() === name;
  assert.ok(await holdsFor(3 * pair.deadtimeMs, isThere), pair.explain());
}

test('who loses its ping node yields, and nothing moves where both see the same', async () => {
  const pair = await Pair.start({ media, lines });
  try {
    const { alpha, beta } = pair;
    for (const { host } of [alpha, beta]) await startWeb(host, host.name);
    for (const each of [alpha, beta]) await seesClient(each, true);
    const probe = await Probe.start(pair.lab.host('client'), {
      address: '10.8.0.100',
      limitMs: 700,
    });
    await probe.waitForAnswers(20, limitMs);

    const lostMs = nowMs();
    await setPing(alpha, false);
    await pair.waitForHolder('beta', limitMs);
    await alpha.log.waitFor(/Giving up because we .*less ping nodes/, limitMs, lostMs);
    await probe.settle();
    assert.deepEqual(probe.failuresSince(lostMs), [], 'a planned hand-over loses no request');

    // Both are blind: none is better than the other.
    await setPing(beta, false);
    await seesClient(beta, false);
    await staysOn(pair, 'beta');

    await setPing(alpha, true);
    await pair.waitForHolder('alpha', limitMs);

    await setPing(beta, true);
    await seesClient(beta, true);
    await staysOn(pair, 'alpha');
    for (const { log } of [alpha, beta]) {
      assert.equal(log.find(/node (alpha|beta):? is dead/, lostMs), undefined, pair.explain());
    }
  } finally {
    await pair.close();
  }
});
