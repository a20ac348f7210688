// Addresses that the kernel takes away by itself when the daemon that holds them stands still or is
// dead with its keeper; and those that stay because somebody goes on. A real pair, a real kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pair, vip } from './pair.js';
import { holdsFor, nowMs, waitFor } from './wait.js';

const deadtimeMs = 5000;
const leaseMs = 4000;
/** Renewals come each second, and the kernel is a quarter of a second late. */
const adoptedMs = leaseMs + 2000;

test('who stands still or is dead loses its addresses before the peer takes them', async (t) => {
  const pair = await Pair.start({
    media: ['serial /dev/ttyS0', 'bcast eth0'],
    deadtimeMs,
    initdeadMs: 6000,
    haresources: `alpha IPaddr::${vip}/24/eth0\n`,
  });
  const { alpha, beta } = pair;
  /** Until the peer has it; the two moments since the fault. */
  const takenOver = async (faultMs: number): Promise<void> => {
    const gained = (await beta.gained(vip, faultMs)) - faultMs;
    const lost = (await alpha.lost(vip, faultMs)) - faultMs;
    t.diagnostic(`lost after ${Math.round(lost)} ms, gained after ${Math.round(gained)} ms`);
    assert.ok(lost < gained, `lost after ${lost} ms, gained by the peer after ${gained} ms`);
    await pair.waitForHolder('beta', 5000);
  };
  const moveBack = async (): Promise<void> => {
    await pair.waitForBothActive(20_000);
    const moved = await alpha.command('takeover', 'all');
    assert.equal(moved.code, 0, moved.stderr);
    await pair.waitForHolder('alpha', 10_000);
  };
  try {
    const { stdout } = await alpha.host.run(['ip', 'address', 'show', 'dev', 'eth0']);
    assert.match(stdout, /10\.8\.0\.100\/24 .*\n +valid_lft [1-4]sec preferred_lft [1-4]sec/);

    const killMs = nowMs();
    assert.equal(alpha.killDaemon(), 1);
    await waitFor('a successor', 10_000, () => alpha.isDaemonRunning());
    assert.ok(await holdsFor(adoptedMs, () => alpha.host.holds(vip)), pair.explain());
    assert.ok(await alpha.neverLost(vip, killMs), 'the successor renewed what it adopted');

    const stopMs = nowMs();
    assert.equal(alpha.killDaemon('SIGSTOP'), 1);
    await takenOver(stopMs);
    const wokenMs = nowMs();
    alpha.killDaemon('SIGCONT');
    await alpha.log.waitFor(/stepping down/, 10_000, wokenMs);
    await alpha.log.waitFor(/healing done/, 10_000, wokenMs);
    await pair.waitForHolder('beta', 5000);
    assert.equal(await alpha.neverGained(vip, wokenMs), true, 'it never had the address again');

    await moveBack();
    const endMs = nowMs();
    assert.equal(alpha.killKeeper('SIGKILL'), 1);
    assert.equal(alpha.killDaemon('SIGKILL'), 1);
    await takenOver(endMs);
  } finally {
    await pair.close();
  }
});
