// Hostile datagrams against a pair that serves: nothing stops, stalls or bloats, signed or not, and
// noise on the serial line does no more.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Pair, vip } from './pair.js';
import { nowMs } from './wait.js';

const sender = fileURLToPath(new URL('./hostile-sender.js', import.meta.url));
const stormSeconds = 4;
const limitMs = 30_000;
/** A daemon has some 90 MiB; what leaks at this rate is far more. */
const growthKibMax = 64 * 1024;

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('a pair under hostile bytes', () => {
  let pair: Pair;
  before(async () => {
    pair = await Pair.start({
      media: ['ucast eth0 $peer', 'serial /dev/ttyS0'],
      deadtimeMs: 1500,
      authkeys: ['auth 1\n1 sha1 stolen\n', 'auth 1\n1 sha1 stolen\n'],
    });
  });
  after(() => pair.close());

  it('goes on holding, beating and answering, and does not grow', async () => {
    const { alpha, beta } = pair;
    const client = pair.lab.host('client');
    const began = nowMs();
    const [pid = 0] = alpha.daemonPids();
    const before = residentKib(pid);
    const words = [sender, '10.8.0.1', String(stormSeconds), 'stolen'];
    const storm = await client.run([process.execPath, ...words], { limitMs });
    assert.match(storm.stdout, /\d{3,} datagrams/);
    const status = await alpha.waitForStatus('an answer after the storm', limitMs, () => true);
    const refused = Object.values(status.messages.refused).reduce((sum, each) => sum + each, 0);
    assert.ok(refused > 1000, JSON.stringify(status.messages));
    assert.deepEqual(alpha.daemonPids(), [pid]);
    const grown = residentKib(pid) - before;
    assert.ok(grown < growthKibMax, `${grown} KiB more`);
    for (const node of [alpha, beta]) {
      assert.equal(node.log.find(/is dead/), undefined, node.explain());
      await node.waitForStatus('both active', limitMs, (seen) =>
        seen.nodes.filter((each) => each.name !== 'gamma').every((each) => each.state === 'active'),
      );
    }
    assert.deepEqual(await pair.holders(), ['alpha']);
    assert.ok(await alpha.neverLost(vip, began));
  });
});
