// What the emulated machine's kernel has and this one's may lack, driven by the whole program:
// IPVS synchronisation daemons that follow the holder, and a watchdog device.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import type { HeartbeatProgram } from './heartbeat-program.js';
import { Pair } from './pair.js';
import { run } from './process.js';
import { holdsFor, waitFor } from './wait.js';

const media = ['bcast eth0'];
const startMs = 180_000;
const swap = 'alpha 10.8.0.100/24/eth0 LVSSyncDaemonSwap::master::eth0::7\n';
const stepMs = 60_000;

after(async () => {
  await run(['modprobe', '-r', 'softdog'], { anyCode: true });
});

/** The daemons of a director's kernel, as `role interface id`. */
async function daemonsOf({ host }: HeartbeatProgram): Promise<string> {
  const { stdout } = await host.run(['ipvsadm', '-L', '--daemon']);
  const lines = stdout.matchAll(/^(master|backup) sync daemon \(mcast=(\w+), syncid=(\d+)/gm);
  return [...lines].map(([, role, device, id]) => `${role} ${device} ${id}`).join(', ');
}

test('LVSSyncDaemonSwap: master where the address is, backup where it is not', async () => {
  const pair = await Pair.build({ media, deadtimeMs: 5000, haresources: swap });
  try {
    const arePlaced = async (master: HeartbeatProgram, backup: HeartbeatProgram) => {
      const words = [await daemonsOf(master), await daemonsOf(backup)];
      return words.join('; ') === 'master eth0 7; backup eth0 7';
    };
    const { alpha, beta } = pair;
    for (const each of [alpha, beta]) each.start();
    await pair.waitForHolder('alpha', startMs);
    await pair.waitForBothActive(startMs);
    const explain = (): string => pair.explain();
    await waitFor(
      'alpha to tell and beta to listen',
      stepMs,
      () => arePlaced(alpha, beta),
      explain,
    );
    const moved = await alpha.command('standby', 'all');
    assert.equal(moved.code, 0, moved.stderr + pair.explain());
    await pair.waitForHolder('beta', stepMs);
    await waitFor(
      'beta to tell and alpha to listen',
      stepMs,
      () => arePlaced(beta, alpha),
      explain,
    );
  } finally {
    await pair.close();
  }
});

test('the watchdog is fed by the daemon, and resets the machine when that is gone', async () => {
  // It says that it would reset instead of doing so.
  await run(['modprobe', '-r', 'softdog'], { anyCode: true });
  await run(['modprobe', 'softdog', 'soft_noboot=1']);
  assert.ok(existsSync('/dev/watchdog'));
  const lines = ['watchdog /dev/watchdog'];
  const pair = await Pair.build({ media, deadtimeMs: 3000, lines });
  const hasFired = async (): Promise<boolean> =>
    /Triggered - Reboot ignored/.test((await run(['dmesg'])).stdout);
  try {
    const { alpha } = pair;
    alpha.start();
    await alpha.log.waitFor(/watchdog \/dev\/watchdog resets this machine after 4 s/, startMs, 0);
    await pair.waitForHolder('alpha', startMs);
    assert.ok(await holdsFor(9000, async () => !(await hasFired())), alpha.explain());
    assert.equal(alpha.killKeeper(), 1);
    alpha.killDaemon();
    await waitFor('the watchdog to fire', stepMs, hasFired, () => alpha.explain());
  } finally {
    await pair.close();
  }
});
