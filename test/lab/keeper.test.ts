// What becomes of the service when the program that holds it is killed, stopped or cut off. A
// real pair, an asking client, no IPVS.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pair, type PairOptions, vip } from './pair.js';
import { outageOf, Probe } from './probe.js';
import { startWeb } from './servers.js';
import { holdsFor, nowMs, waitFor } from './wait.js';

const options: PairOptions = { media: ['serial /dev/ttyS0', 'bcast eth0'] };

interface Served {
  readonly pair: Pair;
  readonly probe: Probe;
}

/** A pair on alpha, a web server on both directors, a client that asks the address. */
async function withService(play: (served: Served) => Promise<void>): Promise<void> {
  const pair = await Pair.start(options);
  try {
    for (const { host } of [pair.alpha, pair.beta]) await startWeb(host, host.name);
    const probe = await Probe.start(pair.lab.host('client'), { address: vip, limitMs: 700 });
    await probe.waitForAnswers(20, 10_000);
    await play({ pair, probe });
  } finally {
    await pair.close();
  }
}

function staysOn(pair: Pair, name: string): Promise<boolean> {
  return holdsFor(3 * pair.deadtimeMs, async () => (await pair.holders()).join() === name);
}

test('a killed daemon is restarted: no failed request, no death seen, one holder', async () => {
  await withService(async ({ pair, probe }) => {
    const killMs = nowMs();
    assert.equal(pair.alpha.killDaemon(), 1);
    await waitFor('a new daemon', 10_000, () => pair.alpha.isDaemonRunning());
    assert.ok(await staysOn(pair, 'alpha'), pair.explain());
    await pair.waitForBothActive(10_000);
    await probe.settle();
    assert.deepEqual(probe.failuresSince(killMs), []);
    assert.equal(pair.beta.log.find(/node alpha:? is dead/, killMs), undefined);
    assert.ok(await pair.alpha.neverLost(vip, killMs), 'the address was never away');
  });
});

for (const [file, text] of [
  ['haresources', 'nobody 10.8.0.100/24/eth0\n'],
  ['ha.cf', 'nodes alpha beta\n'],
] as const) {
  test(`killed for good by a broken ${file}: the peer serves before the dead time`, async () => {
    await withService(async ({ pair, probe }) => {
      // A daemon that is refused its configuration cannot beat again.
      pair.alpha.host.write(`ha.d/${file}`, text);
      const killMs = nowMs();
      assert.equal(pair.alpha.killDaemon(), 1);
      await pair.waitForHolder('beta', 10_000);
      await probe.waitForAnswers(20, 10_000);
      await probe.settle();
      const outage = outageOf(probe.since(killMs));
      const took = (await pair.beta.gained(vip, killMs)) - killMs;
      assert.ok(took < pair.deadtimeMs, `held after ${took} ms\n${pair.explain()}`);
      assert.ok((outage?.ms ?? 0) < pair.deadtimeMs, JSON.stringify(outage));
      assert.equal(await pair.alpha.host.holds(vip), false);
    });
  });
}

test('a daemon whose keeper is killed is succeeded without a gap under a new keeper', async () => {
  await withService(async ({ pair, probe }) => {
    const [orphan] = pair.alpha.daemonPids();
    const killMs = nowMs();
    assert.equal(pair.alpha.killKeeper(), 1);
    await waitFor(
      'a new keeper and a new daemon',
      20_000,
      () => {
        const [pid, second] = pair.alpha.daemonPids();
        const isNew = pid !== undefined && pid !== orphan && second === undefined;
        return isNew && pair.alpha.isKeeperRunning();
      },
      () => pair.explain(),
    );
    assert.ok(await staysOn(pair, 'alpha'), pair.explain());
    await pair.waitForBothActive(10_000);
    await probe.settle();
    assert.deepEqual(probe.failuresSince(killMs), []);
    assert.ok(await pair.alpha.neverLost(vip, killMs), 'the address was never away');
    assert.equal(pair.beta.log.find(/node alpha:? is dead/, killMs), undefined);
    // The new keeper is a whole one: it stops the daemon in order.
    await pair.alpha.stop(20_000);
    await pair.waitForHolder('beta', 10_000);
  });
});

test('killed with its keeper: the next start gives up the address before it beats', async () => {
  await withService(async ({ pair, probe }) => {
    assert.equal(pair.alpha.killKeeper(), 1);
    assert.equal(pair.alpha.killDaemon(), 1);
    await waitFor(
      'beta to serve beside the address that alpha left behind',
      10_000,
      async () => (await pair.holders()).join() === 'alpha,beta',
      () => pair.explain(),
    );
    const startMs = nowMs();
    pair.alpha.start();
    await pair.waitForHolder('beta', 20_000);
    const lostMs = await pair.alpha.lost(vip, startMs);
    const anew = /(Status update for|Heartbeat restart on) node alpha/;
    const heard = await pair.beta.log.waitFor(anew, 20_000, startMs);
    assert.ok(lostMs < heard.atMs, `lost at ${lostMs}, heard at ${heard.atMs}: ${heard.text}`);
    await pair.waitForBothActive(20_000);
    assert.ok(await staysOn(pair, 'beta'), pair.explain());
    const from = nowMs();
    await probe.waitForAnswers(20, 10_000);
    assert.deepEqual([...probe.answererSince(from)], ['beta']);
  });
});

test('a clean stop hands over in order and leaves nothing behind', async () => {
  await withService(async ({ pair, probe }) => {
    const from = nowMs();
    await pair.alpha.stop(20_000);
    await pair.waitForHolder('beta', 10_000);
    await probe.waitForAnswers(20, 10_000);
    await probe.settle();
    const outage = outageOf(probe.since(from));
    assert.ok((outage?.ms ?? 0) < pair.deadtimeMs, JSON.stringify(outage));
    assert.deepEqual(
      pair.alpha.host
        .processes()
        .filter((each) => /^lubdub|lubdub\.js|-main\.js/.test(each.command)),
      [],
    );
  });
});

test('a node that returns leaves the service where it is, until it is moved', async () => {
  await withService(async ({ pair, probe }) => {
    const faultMs = nowMs();
    await pair.alpha.host.powerOff();
    await pair.waitForHolder('beta', 10_000);
    await probe.waitForAnswers(20, 10_000);
    await probe.settle();
    const outage = outageOf(probe.since(faultMs));
    assert.ok((outage?.ms ?? 0) < 2 * pair.deadtimeMs, JSON.stringify(outage));
    await pair.alpha.host.powerOn();
    await startWeb(pair.alpha.host, 'alpha');
    pair.alpha.start();
    await pair.waitForBothActive(40_000);
    assert.ok(await staysOn(pair, 'beta'), pair.explain());
    const moved = await pair.beta.command('standby', 'all');
    assert.equal(moved.code, 0, moved.stderr);
    await pair.waitForHolder('alpha', 20_000);
    await probe.waitForAnswers(20, 10_000);
  });
});

test('after a full partition heals exactly one node holds, and the client finds it', async () => {
  await withService(async ({ pair, probe }) => {
    pair.cable.cut();
    await pair.lab.network.separate('alpha', 'beta');
    await waitFor(
      'both to hold',
      10_000,
      async () => (await pair.holders()).length === 2,
      () => pair.explain(),
    );
    pair.cable.mend();
    await pair.lab.network.rejoin('alpha', 'beta');
    const holder = await waitFor(
      'one holder that stays',
      60_000,
      async () => {
        const [name, second] = await pair.holders();
        if (name === undefined || second !== undefined) return undefined;
        return (await staysOn(pair, name)) ? name : undefined;
      },
      () => pair.explain(),
    );
    await probe.waitForAnswers(20, 20_000);
    const from = nowMs();
    await probe.waitForAnswers(20, 20_000);
    assert.deepEqual([...probe.answererSince(from)], [holder]);
  });
});
