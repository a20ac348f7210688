// Steps 7 and 8: cut cables, and a heartbeat program that is killed.

import assert from 'node:assert/strict';
import { holdsFor, nowMs, waitFor } from '../wait.js';
import { insideVip, outsideVip, wholeTable } from './cluster.js';
import {
  asked5ms,
  expectArp,
  expectNoFailure,
  explainBoth,
  type Figures,
  outageSince,
  round,
  type Scenario,
  type Step,
  theHolder,
  waitForHolder,
  waitForService,
  waitForTable,
} from './scenario.js';

const directors = ['penguin-mom', 'penguin-dad'] as const;

async function cables(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const before = await theHolder(scenario);
  const cutMs = nowMs();
  cluster.cable.cut();
  await before.log.waitFor(/ink \S+:\/dev\/ttyS0 dead/, 30_000 * scenario.pace, cutMs);
  const stays = await holdsFor(4 * scenario.deadtimeMs, async () => {
    const touching = await cluster.touching();
    return touching.length === 1 && touching[0] === before.host.name;
  });
  assert.ok(stays, 'losing one of two ways must move nothing');
  const answered = await expectNoFailure(scenario, cutMs);
  scenario.say(`the serial cable was cut: nothing moved, ${answered} questions answered`);
  await cluster.lab.network.separate(...directors);
  await waitFor(
    'both to hold the service while no way is left',
    scenario.deadtimeMs + 20_000 * scenario.pace,
    async () => (await cluster.holders()).length === 2,
    () => explainBoth(scenario),
  );
  scenario.say('UDP was cut too: both hold the service, as a pair without any way must');
  const mendMs = nowMs();
  await cluster.lab.network.rejoin(...directors);
  cluster.cable.mend();
  const { holder, sinceMs } = await waitForOneHolder(scenario);
  const healedMs = round(sinceMs - mendMs);
  await waitForTable(scenario, cluster.director(holder), wholeTable, 30_000 * scenario.pace);
  await waitForService(scenario, 60_000 * scenario.pace);
  await expectArp(scenario, holder);
  const outage = await outageSince(scenario, mendMs);
  scenario.say(`mended: ${holder} alone holds after ${healedMs} ms, the client sends to it`);
  return { answered, healedMs, healOutageMs: round(outage.ms), holder };
}

interface OneHolder {
  readonly holder: string;
  /** When it was first seen to hold alone. */
  readonly sinceMs: number;
}

/** Exactly one holder, and still the same one some dead times later. */
async function waitForOneHolder(scenario: Scenario): Promise<OneHolder> {
  const { cluster } = scenario;
  const alone = async (): Promise<string | undefined> => {
    const [holders, touching] = [await cluster.holders(), await cluster.touching()];
    return holders.length === 1 && touching.length === 1 ? holders[0] : undefined;
  };
  return waitFor(
    'exactly one holder that stays',
    90_000 * scenario.pace,
    async () => {
      const holder = await alone();
      if (holder === undefined) return undefined;
      const sinceMs = nowMs();
      const stays = await holdsFor(3 * scenario.deadtimeMs, async () => (await alone()) === holder);
      return stays ? { holder, sinceMs } : undefined;
    },
    () => explainBoth(scenario),
  );
}

async function killedOnce(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const active = await theHolder(scenario);
  const peer = cluster.other(active.host.name);
  const killMs = nowMs();
  assert.equal(active.killDaemon(), 1, 'one daemon process');
  await waitFor(
    'the keeper to have started a new daemon',
    20_000 * scenario.pace,
    () => active.isDaemonRunning(),
    () => active.explain(),
  );
  const restartMs = round(nowMs() - killMs);
  const stays = await holdsFor(4 * scenario.deadtimeMs, async () => {
    const touching = await cluster.touching();
    return touching.length === 1 && touching[0] === active.host.name;
  });
  assert.ok(stays, 'the restarted daemon keeps the service');
  assert.equal(peer.log.find(/is dead/, killMs), undefined, 'the peer sees no death');
  assert.ok(await active.neverLost(outsideVip, killMs), 'the address was never away');
  await waitForTable(scenario, active, wholeTable, 20_000 * scenario.pace);
  const answered = await expectNoFailure(scenario, killMs);
  scenario.say(
    `the daemon was killed: restarted after ${restartMs} ms, ` +
      `${answered} questions answered, one holder`,
  );
  return { restartMs, answered };
}

async function killedForGood(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const active = await theHolder(scenario);
  const peer = cluster.other(active.host.name);
  // A daemon that is refused its configuration cannot beat again.
  const haresources = active.host.read('ha.d/haresources');
  active.host.write('ha.d/haresources', 'nobody IPaddr::192.168.0.64/24/eth0\n');
  const killMs = nowMs();
  assert.equal(active.killDaemon(), 1, 'one daemon process');
  await waitForHolder(scenario, peer.host.name, scenario.deadtimeMs + 30_000 * scenario.pace);
  await waitForService(scenario, 30_000 * scenario.pace);
  const takenMs = round((await peer.gained(outsideVip, killMs)) - killMs);
  const held = (await active.host.addresses()).map((each) => each.address.split('/')[0]);
  assert.ok(!held.includes(insideVip) && !held.includes(outsideVip), 'its addresses are gone');
  const { stdout } = await active.host.run(['ipvsadm', '-Ln']);
  assert.ok(!stdout.includes(outsideVip), 'its table is gone');
  await waitForTable(scenario, peer, wholeTable, 20_000 * scenario.pace);
  await expectArp(scenario, peer.host.name);
  const outage = await outageSince(scenario, killMs);
  scenario.say(
    `killed for good: ${peer.host.name} took over after ${takenMs} ms, ` +
      `outage ${round(outage.ms)} ms (dead time ${scenario.deadtimeMs} ms)`,
  );
  assert.ok(outage.ms < scenario.deadtimeMs, `outage ${outage.ms} ms is not below the dead time`);
  active.host.write('ha.d/haresources', haresources);
  return { outageMs: round(outage.ms), takenMs };
}

async function killed(scenario: Scenario): Promise<Figures> {
  const once = await killedOnce(scenario);
  const forGood = await asked5ms(scenario, () => killedForGood(scenario));
  return { ...once, ...forGood };
}

export const cablesStep: Step = {
  name: 'cables',
  title: '7. the serial cable is cut, then UDP as well',
  play: cables,
};

export const killedStep: Step = {
  name: 'killed',
  title: '8. SIGKILL of the heartbeat program on the active node',
  play: killed,
};
