// Two holders and how they become one again, watched by a client that sees the ARP of both: cuts of
// every heartbeat path, three in a row, either node the elder; and a daemon that stood still.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArpCapture } from './arp-capture.js';
import type { HeartbeatProgram } from './heartbeat-program.js';
import { Pair, vip } from './pair.js';
import { nowMs, waitFor } from './wait.js';

const macOf = { alpha: '02:00:00:08:00:01', beta: '02:00:00:08:00:02' } as const;
type Name = keyof typeof macOf;
const stepDownMs = 1000;

async function waitForBoth(pair: Pair): Promise<void> {
  await waitFor(
    'both to hold',
    10_000,
    async () => (await pair.holders()).length === 2,
    () => pair.explain(),
  );
}

const programOf = (pair: Pair, name: Name): HeartbeatProgram => pair[name];

/** The announcements that the client saw since then are of the holder alone, and there are some. */
async function onlyAnnounces(arp: ArpCapture, name: Name, sinceMs: number): Promise<void> {
  await waitFor(`an announcement by ${name}`, 5000, () =>
    arp.announcements(vip, sinceMs).some((frame) => frame.sourceMac === macOf[name]),
  );
  const others = arp.announcements(vip, sinceMs).filter((each) => each.sourceMac !== macOf[name]);
  assert.deepEqual(others, []);
}

test('of two holders the younger yields first, then the elder announces, each time', async (t) => {
  const pair = await Pair.start({ media: ['serial /dev/ttyS0', 'bcast eth0'] });
  try {
    const arp = await ArpCapture.start(pair.lab.host('client'), 'eth0');
    for (const [elder, younger] of [
      ['alpha', 'beta'],
      ['beta', 'alpha'],
      ['beta', 'alpha'],
    ] as const) {
      if ((await pair.holders()).join() !== elder) {
        const moved = await programOf(pair, elder).command('takeover', 'all');
        assert.equal(moved.code, 0, moved.stderr);
        await pair.waitForHolder(elder, 10_000);
      }
      pair.cable.cut();
      await pair.lab.network.separate('alpha', 'beta');
      await waitForBoth(pair);
      const mendMs = nowMs();
      pair.cable.mend();
      await pair.lab.network.rejoin('alpha', 'beta');
      const lostMs = await programOf(pair, younger).lost(vip, mendMs);
      await pair.waitForHolder(elder, 10_000);
      t.diagnostic(`${younger} yielded ${Math.round(lostMs - mendMs)} ms after the cut was mended`);
      await onlyAnnounces(arp, elder, lostMs);
      assert.ok(await programOf(pair, elder).neverLost(vip, mendMs), 'the elder holds throughout');
      await pair.waitForBothActive(20_000);
    }
    const stopMs = nowMs();
    assert.equal(pair.beta.killDaemon('SIGSTOP'), 1);
    await waitForBoth(pair);
    await pair.alpha.gained(vip, stopMs);
    const wokenMs = nowMs();
    pair.beta.killDaemon('SIGCONT');
    const given = (await pair.beta.lost(vip, wokenMs)) - wokenMs;
    t.diagnostic(`a daemon that stood still gave up ${Math.round(given)} ms after it went on`);
    assert.ok(given < stepDownMs, `given up after ${given} ms`);
    await pair.beta.log.waitFor(/stepping down/, 5000, stopMs);
    await onlyAnnounces(arp, 'alpha', wokenMs);
    await pair.waitForHolder('alpha', 5000);
    await arp.stop();
  } finally {
    await pair.close();
  }
});
