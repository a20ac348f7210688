// Steps 4 to 6: a director loses power, returns, and gives the service back when told to.

import assert from 'node:assert/strict';
import { holdsFor, nowMs, waitFor } from '../wait.js';
import { outsideVip, startFallback, wholeTable } from './cluster.js';
import {
  asked5ms,
  expectAnnouncements,
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

async function powerLoss(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const dad = cluster.director('penguin-dad');
  const faultMs = nowMs();
  await cluster.lab.host('penguin-mom').powerOff();
  scenario.say('penguin-mom lost power: every process killed, links down');
  await waitForHolder(scenario, 'penguin-dad', scenario.deadtimeMs + 20_000 * scenario.pace);
  await scenario.probe.waitForAnswers(20, 20_000 * scenario.pace);
  const dead = await dad.log.waitFor(/node penguin-mom:? is dead/, 10_000 * scenario.pace, faultMs);
  await waitForTable(scenario, dad, wholeTable, 20_000 * scenario.pace);
  await expectArp(scenario, 'penguin-dad');
  const announcements = await expectAnnouncements(scenario, 'penguin-dad', faultMs, 5);
  const outage = await outageSince(scenario, faultMs);
  const detectionMs = round(dead.atMs - faultMs);
  const gained = await dad.gained(outsideVip, faultMs);
  assert.ok(outage.failed > 0, 'a power loss cannot pass unseen by the client');
  scenario.say(
    `penguin-dad took over: declared dead after ${detectionMs} ms, ` +
      `client without service for ${round(outage.ms)} ms, new MAC seen`,
  );
  return {
    outageMs: round(outage.ms),
    detectionMs,
    executionMs: round(outage.untilMs - dead.atMs),
    addressMs: round(gained - dead.atMs),
    announcements,
  };
}

async function theReturn(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const mom = cluster.director('penguin-mom');
  const from = nowMs();
  await mom.host.powerOn();
  await startFallback(mom.host);
  mom.start();
  await mom.waitForStatus('both nodes active', 60_000 * scenario.pace, (status) =>
    status.nodes.every((node) => node.state === 'active'),
  );
  const activeMs = round(nowMs() - from);
  scenario.say(`penguin-mom is back and active after ${activeMs} ms`);
  const stays = await holdsFor(5 * scenario.deadtimeMs, async () => {
    const touching = await cluster.touching();
    return touching.length === 1 && touching[0] === 'penguin-dad';
  });
  assert.ok(stays, 'the service must stay on penguin-dad');
  const answered = await expectNoFailure(scenario, from);
  scenario.say(`nice_failback: the service stayed on penguin-dad, ${answered} questions answered`);
  return { activeMs, answered };
}

async function standby(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const dad = cluster.director('penguin-dad');
  const from = nowMs();
  const asked = await dad.command('standby', 'all');
  assert.equal(asked.code, 0, `${asked.stderr}\n${explainBoth(scenario)}`);
  await waitForHolder(scenario, 'penguin-mom', 20_000 * scenario.pace);
  await waitForService(scenario, 30_000 * scenario.pace);
  await waitForTable(scenario, cluster.director('penguin-mom'), wholeTable, 20_000 * scenario.pace);
  await expectArp(scenario, 'penguin-mom');
  const outage = await outageSince(scenario, from);
  await waitFor('penguin-dad to have emptied its table', 20_000 * scenario.pace, async () => {
    const { stdout } = await dad.host.run(['ipvsadm', '-Ln']);
    return !stdout.includes(outsideVip);
  });
  const mom = await theHolder(scenario);
  assert.equal(mom.host.name, 'penguin-mom');
  scenario.say(`hb_standby moved the service to penguin-mom, outage ${round(outage.ms)} ms`);
  return { outageMs: round(outage.ms) };
}

export const powerLossStep: Step = {
  name: 'power-loss',
  title: '4. penguin-mom loses power',
  play: (scenario) => asked5ms(scenario, () => powerLoss(scenario)),
};

export const returnStep: Step = {
  name: 'return',
  title: '5. penguin-mom returns',
  play: theReturn,
};

export const standbyStep: Step = {
  name: 'standby',
  title: '6. hb_standby on penguin-dad',
  play: (scenario) => asked5ms(scenario, () => standby(scenario)),
};
