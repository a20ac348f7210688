// Steps 1 to 3 and 9: the cold start, real servers that fail and return, and FTP's two kinds of
// connection.

import assert from 'node:assert/strict';
import { startWeb, stopWeb, tableOf, visitFtp } from '../servers.js';
import { nowMs, waitFor } from '../wait.js';
import { fallbackPage, insideVip, outsideVip, wholeTable } from './cluster.js';
import {
  expectAnnouncements,
  expectNoFailure,
  explainBoth,
  type Figures,
  round,
  type Scenario,
  type Step,
  theHolder,
  waitForHolder,
  waitForService,
  waitForTable,
} from './scenario.js';

const webService = `TCP ${outsideVip}:80 rr`;

async function weightOf(scenario: Scenario, server: string): Promise<number | undefined> {
  const holder = await theHolder(scenario);
  const table = await tableOf(holder.host);
  const servers = table.find((each) => each.service === webService)?.servers ?? [];
  const line = servers.find((each) => each.startsWith(`${server} `));
  return line === undefined ? undefined : Number(line.split(' ')[2]);
}

async function waitForWeight(scenario: Scenario, server: string, weight: number): Promise<number> {
  const from = nowMs();
  await waitFor(
    `${server} to have weight ${weight}`,
    15_000 * scenario.pace,
    async () => (await weightOf(scenario, server)) === weight,
    () => explainBoth(scenario),
  );
  return round(nowMs() - from);
}

async function coldStart(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const from = nowMs();
  for (const director of cluster.directors.values()) director.start();
  await waitForHolder(scenario, 'penguin-mom', 20_000 * scenario.pace);
  const heldAfter = round(nowMs() - from);
  scenario.say(`penguin-mom holds both addresses after ${heldAfter} ms, penguin-dad none`);
  const labels = (await cluster.director('penguin-mom').host.addresses())
    .filter((each) => [`${insideVip}/24`, `${outsideVip}/25`].includes(each.address))
    .map((each) => `${each.address} ${each.label}`);
  assert.deepEqual(labels.sort(), [`${outsideVip}/25 eth1:0`, `${insideVip}/24 eth0:0`]);
  const announcements = await expectAnnouncements(scenario, 'penguin-mom', from, 5);
  scenario.say(`the client heard ${announcements} ARP announcements of ${outsideVip}`);
  await waitForTable(scenario, cluster.director('penguin-mom'), wholeTable, 30_000 * scenario.pace);
  scenario.say('the table is the expected one');
  await waitForService(scenario, 30_000 * scenario.pace);
  const answers = scenario.probe.since(nowMs() - 500 * scenario.pace);
  const inTurn = await waitForTurns(scenario);
  scenario.say(`both servers answer in turn (${answers.length} answers in the last moment)`);
  return { heldAfterMs: heldAfter, announcements, inTurn };
}

/** Round robin with one client alone: two servers get the same number of questions. */
async function waitForTurns(scenario: Scenario): Promise<number> {
  const from = nowMs();
  await waitFor('forty answers', 30_000 * scenario.pace, () => {
    return scenario.probe.since(from).length >= 40;
  });
  const by = scenario.probe.since(from).slice(0, 40);
  const first = by.filter((each) => each.by === 'penguin1').length;
  const second = by.filter((each) => each.by === 'penguin2').length;
  assert.ok(Math.abs(first - second) <= 2, `penguin1 ${first}, penguin2 ${second} of 40`);
  return by.length;
}

async function oneServerFails(scenario: Scenario): Promise<Figures> {
  const penguin1 = scenario.cluster.lab.host('penguin1');
  await stopWeb(penguin1);
  const quiescedMs = await waitForWeight(scenario, '192.168.0.1:80', 0);
  scenario.say(`penguin1's web server stopped: weight 0 after ${quiescedMs} ms`);
  const from = nowMs();
  await scenario.probe.waitForAnswers(100, 30_000 * scenario.pace);
  const answered = await expectNoFailure(scenario, from);
  assert.deepEqual([...scenario.probe.answererSince(from)], ['penguin2']);
  scenario.say(`${answered} questions since then, all answered by penguin2`);
  await startWeb(penguin1, 'penguin1');
  const restoredMs = await waitForWeight(scenario, '192.168.0.1:80', 1);
  scenario.say(`it returned: weight 1 after ${restoredMs} ms`);
  await waitForService(scenario, 30_000 * scenario.pace);
  return { quiescedMs, restoredMs, answered };
}

async function allServersFail(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const servers = ['penguin1', 'penguin2'].map((name) => cluster.lab.host(name));
  const from = nowMs();
  for (const server of servers) await stopWeb(server);
  await waitFor(
    'the fallback page',
    20_000 * scenario.pace,
    () =>
      scenario.probe
        .since(nowMs() - 1000)
        .at(-1)
        ?.by?.startsWith(fallbackPage),
    () => explainBoth(scenario),
  );
  const fallbackMs = round(nowMs() - from);
  const holder = await theHolder(scenario);
  const web = (await tableOf(holder.host)).find((each) => each.service === webService);
  assert.ok(
    web?.servers.some((each) => each.startsWith('127.0.0.1:80 ')),
    `the fallback stands in the table: ${JSON.stringify(web)}`,
  );
  scenario.say(`all web servers stopped: the fallback page after ${fallbackMs} ms`);
  for (const server of servers) await startWeb(server, server.name);
  const back = nowMs();
  await waitForTable(scenario, holder, wholeTable, 20_000 * scenario.pace);
  const restoredMs = round(nowMs() - back);
  await waitForService(scenario, 30_000 * scenario.pace);
  scenario.say(`they returned: the whole table after ${restoredMs} ms, the fallback is gone`);
  return { fallbackMs, restoredMs };
}

async function ftp(scenario: Scenario): Promise<Figures> {
  const { cluster } = scenario;
  const files = 3;
  const servers = new Set<string>();
  let dataConnections = 0;
  for (let visit = 0; visit < 2; visit += 1) {
    const { control, data } = await visitFtp(cluster.client, outsideVip, files);
    servers.add(control);
    for (const name of data) servers.add(name);
    dataConnections += data.length;
  }
  assert.equal(dataConnections, 2 * files);
  assert.equal(servers.size, 1, `one server for all connections: ${[...servers].join(', ')}`);
  const [server = ''] = servers;
  scenario.say(`2 control and ${dataConnections} data connections all reached ${server}`);
  return { server, dataConnections };
}

export const coldStartStep: Step = {
  name: 'cold-start',
  title: '1. cold start: penguin-mom takes the service',
  play: coldStart,
};

export const oneServerStep: Step = {
  name: 'one-server-fails',
  title: "2. penguin1's web server stops and returns",
  play: oneServerFails,
};

export const allServersStep: Step = {
  name: 'all-servers-fail',
  title: '3. all web servers stop and return',
  play: allServersFail,
};

export const ftpStep: Step = {
  name: 'ftp',
  title: '9. FTP: control and data connections of one client reach one server',
  play: ftp,
};
