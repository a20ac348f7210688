// Another machine that has the address of a pair: heard while it is held, asked for when it is
// taken. The other machine is the client, which puts the address on its own interface.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArpCapture } from './arp-capture.js';
import { Pair, type PairOptions, vip } from './pair.js';
import { holdsFor, nowMs, waitFor } from './wait.js';

const vip6 = 'fd08::100';
const clientMac = '02:00:00:08:00:09';
const options: PairOptions = {
  media: ['serial /dev/ttyS0', 'bcast eth0'],
  haresources: `alpha ${vip}/24/eth0 IPaddr2::fd08:0:0:0:0:0:0:100/64/eth0\n`,
};

async function withPair(given: PairOptions, play: (pair: Pair) => Promise<void>): Promise<void> {
  const pair = await Pair.build(given);
  try {
    await play(pair);
  } finally {
    await pair.close();
  }
}

async function startBoth(pair: Pair): Promise<void> {
  pair.alpha.start();
  pair.beta.start();
  await pair.waitForHolder('alpha', 40_000);
  await pair.waitForBothActive(40_000);
}

/** The client sends from the address, and says so to everybody by asking who has another. */
async function claim(pair: Pair): Promise<void> {
  const client = pair.lab.host('client');
  const send = `const s = require('node:dgram').createSocket('udp4');
    s.bind(0, '${vip}', () => s.send('x', 9, '10.8.0.77', () => s.close()));`;
  await client.run([process.execPath, '-e', send]);
}

test('a claim of another machine is alarmed, answered and shown; a taken one is told', async () => {
  await withPair(options, async (pair) => {
    await startBoth(pair);
    const client = pair.lab.host('client');
    const arp = await ArpCapture.start(client, 'eth0');
    await client.ip(`address add ${vip}/32 dev eth0`);
    const fromMs = nowMs();
    await claim(pair);
    const alarm = new RegExp(`${vip} is claimed by ${clientMac} too`);
    await pair.alpha.log.waitFor(alarm, 10_000, fromMs);
    await waitFor('an answer', 5000, () => arp.announcements(vip, fromMs).length > 0);
    const page = await pair.alpha.command('status');
    assert.equal(page.code, 2, page.stdout);
    assert.match(page.stdout, new RegExp(`CLAIMED by ${clientMac} too`));
    // A neighbour advertisement of another machine, by a client that takes the address of IPv6.
    await client.sysctl('net/ipv6/conf/eth0/ndisc_notify', '1');
    await client.ip(`address add ${vip6}/64 dev eth0 nodad`, 'link set eth0 down');
    await client.ip(`link set eth0 up`, `address replace ${vip6}/64 dev eth0 nodad`);
    await client.ip(`address replace ${vip}/32 dev eth0`);
    // The other director takes over while the client still answers.
    const deadMs = nowMs();
    await pair.alpha.host.powerOff();
    await waitFor(
      'beta to hold',
      10_000,
      () => pair.beta.host.holds(vip),
      () => pair.explain(),
    );
    const told = new RegExp(`${vip} was taken, and ${clientMac} still answers`);
    await pair.beta.log.waitFor(told, 5000, deadMs);
    await pair.beta.log.waitFor(new RegExp(`${vip6} was taken, and ${clientMac}`), 5000, deadMs);
    await arp.stop();
  });
});

test('vip_conflict wait takes an address when it is free, refuse does not take it', async () => {
  const waiting = { ...options, deadtimeMs: 4000, lines: ['vip_conflict wait'] };
  await withPair(waiting, async (pair) => {
    const client = pair.lab.host('client');
    await client.ip(`address add ${vip}/32 dev eth0`);
    pair.alpha.start();
    const waits = new RegExp(`${vip} is to be taken, but ${clientMac} answers for it: waiting`);
    await pair.alpha.log.waitFor(waits, 40_000);
    assert.equal(await pair.alpha.host.holds(vip), false);
    const freeMs = nowMs();
    await client.ip(`address del ${vip}/32 dev eth0`);
    const took = (await pair.alpha.gained(vip, freeMs)) - freeMs;
    assert.ok(took < 2000, `taken ${took} ms after it was free`);
    const text = pair.alpha.host.read('ha.d/ha.cf').replace('conflict wait', 'conflict refuse');
    await pair.alpha.stop(20_000);
    pair.alpha.host.write('ha.d/ha.cf', text);
    await client.ip(`address add ${vip}/32 dev eth0`);
    const anewMs = nowMs();
    pair.alpha.start();
    const refused = new RegExp(`${vip} is in use by ${clientMac}`);
    await pair.alpha.log.waitFor(refused, 40_000, anewMs);
    assert.ok(await holdsFor(1000, async () => !(await pair.alpha.host.holds(vip))));
  });
});
