// A real pair over each medium: what carries it, what a cut moves, what a wrong key does. Needs
// no IPVS.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pair, vip } from './pair.js';
import { holdsFor, nowMs, waitFor } from './wait.js';

const serial = 'serial /dev/ttyS0';
const multicast = 'mcast eth0 225.0.0.8 694 1 0';

async function withPair(
  options: Parameters<typeof Pair.start>[0],
  play: (pair: Pair) => Promise<void>,
): Promise<void> {
  const pair = await Pair.start(options);
  try {
    await play(pair);
  } finally {
    await pair.close();
  }
}

const lone: readonly (readonly [string, string])[] = [
  ['serial', serial],
  ['bcast', 'bcast eth0'],
  ['mcast', multicast],
  ['ucast', 'ucast eth0 $peer'],
  ['mcast6', 'mcast6 eth0 ff02::694 694 1 0'],
  ['ucast6', 'ucast6 eth0 $peer6'],
];

for (const [name, line] of lone) {
  test(`${name} alone carries the pair, and its silence moves the service`, async () => {
    await withPair({ media: [line] }, async (pair) => {
      const from = nowMs();
      const quiet = await holdsFor(3 * pair.deadtimeMs, async () => {
        return (await pair.holders()).join() === 'alpha';
      });
      assert.ok(quiet, pair.explain());
      assert.equal(pair.beta.log.find(/is dead/, from), undefined);
      const faultMs = nowMs();
      await pair.alpha.host.powerOff();
      await pair.waitForHolder('beta', 10_000);
      const took = (await pair.beta.gained(vip, faultMs)) - faultMs;
      assert.ok(took < 2 * pair.deadtimeMs, `taken over after ${took} ms`);
    });
  });
}

test('cutting one of two media moves nothing, whichever it is', async () => {
  await withPair({ media: [serial, 'ucast eth0 $peer'] }, async (pair) => {
    const staysOnAlpha = (): Promise<boolean> =>
      holdsFor(3 * pair.deadtimeMs, async () => (await pair.holders()).join() === 'alpha');
    pair.cable.cut();
    await pair.beta.log.waitFor(/ink alpha:\/dev\/ttyS0 dead/, 20_000);
    assert.ok(await staysOnAlpha(), pair.explain());
    const mendMs = nowMs();
    pair.cable.mend();
    await pair.beta.log.waitFor(/ink alpha:\/dev\/ttyS0 up/, 20_000, mendMs);
    await pair.lab.network.separate('alpha', 'beta');
    await pair.beta.log.waitFor(/ink alpha:eth0 dead/, 20_000);
    assert.ok(await staysOnAlpha(), pair.explain());
    assert.equal(pair.beta.log.find(/node alpha:? is dead/), undefined);
  });
});

test('messages under a wrong key are counted, logged and ignored', async () => {
  const pair = await Pair.build({
    media: ['bcast eth0'],
    authkeys: ['auth 1\n1 sha1 laboratory\n', 'auth 1\n1 sha1 another\n'],
  });
  try {
    pair.alpha.start();
    pair.beta.start();
    // Neither hears the other, so each takes the service: the keys decide who is a peer.
    await waitFor(
      'both to hold',
      40_000,
      async () => (await pair.holders()).length === 2,
      () => pair.explain(),
    );
    for (const [node, other] of [
      [pair.alpha, 'beta'],
      [pair.beta, 'alpha'],
    ] as const) {
      const status = await node.waitForStatus('refused messages counted', 20_000, (seen) =>
        Object.values(seen.messages.refused).some((count) => count > 5),
      );
      assert.equal(status.nodes.find((each) => each.name === other)?.state, 'dead');
      await node.log.waitFor(/auth/i, 10_000);
      assert.equal(node.output.includes('laboratory'), false, 'no key in the output');
      assert.equal(
        node.log.lines.some((line) => /laboratory|another/.test(line.text)),
        false,
      );
    }
  } finally {
    await pair.close();
  }
});
