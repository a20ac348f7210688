// A pair whose dead node is reset before anything is taken from it: by the plug-in `null` of
// cluster-glue, and by an executable that asks the lab to switch a host off. On the way, what the
// scripts of rc.d hear and what a script may say by the FIFO.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Pair, vip } from './pair.js';
import { holdsFor, nowMs, waitFor } from './wait.js';

const media = ['serial /dev/ttyS0', 'bcast eth0'];

/** A power switch: writes down whom it is to reset, and succeeds when the lab has done so. */
const powerSwitch = `#!/bin/sh
case $1 in
status) exit 0 ;;
reset) echo "$2 $outlet" > /etc/ha.d/reset-wanted
  while [ ! -e /etc/ha.d/reset-done ]; do sleep 0.1; done ;;
esac
`;

test('a dead node is taken from after its reset by a plug-in of cluster-glue', async () => {
  const lines = ['stonith_host * null alpha beta'];
  const pair = await Pair.start({ media, lines });
  try {
    const faultMs = nowMs();
    await pair.alpha.host.powerOff();
    await pair.waitForHolder('beta', 20_000);
    const { log } = pair.beta;
    const ordered = await log.waitFor(/Resetting node alpha with \[null\]/, 10_000, faultMs);
    const reset = await log.waitFor(/node alpha now reset\./, 10_000, faultMs);
    const taken = await log.waitFor(/Resources being acquired from alpha/, 10_000, faultMs);
    assert.ok(ordered.atMs <= reset.atMs && reset.atMs <= taken.atMs);
    const checked = /Checking status of STONITH device \[null\]/;
    assert.ok(log.find(checked, 0) !== undefined, log.tail());
    assert.equal(log.find(/not operational/, 0), undefined);
  } finally {
    await pair.close();
  }
});

test('a hung node keeps its address until the executable has reset it', async () => {
  const lines = ['stonith_host * /etc/ha.d/power-switch outlet=7', 'env SITE=north'];
  const pair = await Pair.build({ media, lines });
  try {
    for (const { host } of [pair.alpha, pair.beta]) {
      host.write('ha.d/power-switch', powerSwitch, 0o755);
      await host.run(['mkdir', '-p', '/etc/ha.d/rc.d']);
      const told = 'echo "$HA_src $HA_st $HA_SITE" >> /etc/ha.d/told';
      host.write('ha.d/rc.d/status', `#!/bin/sh\n${told}\n`, 0o755);
      host.write(
        'ha.d/rc.d/note',
        '#!/bin/sh\necho "note $HA_text $HA_src" >> /etc/ha.d/told\n',
        0o755,
      );
    }
    for (const each of [pair.alpha, pair.beta]) each.start();
    await pair.waitForHolder('alpha', 40_000);
    await pair.waitForBothActive(40_000);
    const told = (): string => readFileSync(join(pair.beta.host.disk, 'ha.d/told'), 'utf8');
    const frame = '>>>\nt=note\ntext=hello\n<<<\n';
    const append = 'printf %s "$1" >> /var/lib/heartbeat/fifo';
    await pair.alpha.host.run(['sh', '-c', append, 'sh', frame]);
    await waitFor('the note on beta', 20_000, () => told().includes('note hello alpha'), told);

    // The daemon stands still: the address stays, and nobody answers for the node.
    assert.equal(pair.alpha.killDaemon('SIGSTOP'), 1);
    const wanted = join(pair.beta.host.disk, 'ha.d/reset-wanted');
    await waitFor(
      'the order to reset',
      20_000,
      () => existsSync(wanted),
      () => pair.explain(),
    );
    const isAlphas = async (): Promise<boolean> => (await pair.holders()).join() === 'alpha';
    assert.ok(await holdsFor(2000, isAlphas), pair.explain());
    assert.equal(readFileSync(wanted, 'utf8'), 'alpha 7\n');
    await pair.alpha.host.powerOff();
    const doneMs = nowMs();
    pair.beta.host.write('ha.d/reset-done', '');
    await pair.waitForHolder('beta', 20_000);
    assert.ok((await pair.beta.gained(vip, doneMs)) >= doneMs);
    await waitFor('the death on beta', 20_000, () => told().includes('alpha dead north'), told);
  } finally {
    await pair.close();
  }
});
