// The health checker on a real kernel: real servers behind NAT, direct routing and a tunnel, driven
// by ldirectord's classic commands, its table read with ipvsadm. The tests are one story and run
// in their order.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DirectorCluster,
  foreignService,
  natVip,
  routeVip,
  TableSampler,
  tunnelVip,
  vips,
} from './director-cluster.js';
import { pace } from './pace.js';
import { startWeb, stopWeb, type TableService, tableOf } from './servers.js';
import { waitFor } from './wait.js';

let cluster: DirectorCluster;
let slowness = 1;

before(async () => {
  slowness = await pace();
  cluster = await DirectorCluster.build();
  await cluster.addForeignService();
});

after(async () => {
  await cluster?.close();
});

const ways = [
  [natVip, 'Masq'],
  [routeVip, 'Route'],
  [tunnelVip, 'Tunnel'],
] as const;

/** What the kernel should have while real2 has the given weight, the foreign service included. */
function wanted(weight = 1): TableService[] {
  const ours = ways.map(([vip, way]) => ({
    service: `TCP ${vip}:80 rr`,
    servers: [`10.9.0.11:80 ${way} 1`, `10.9.0.12:80 ${way} ${weight}`],
  }));
  return [...ours, foreignService].sort((a, b) => (a.service < b.service ? -1 : 1));
}

async function waitForTable(table: readonly TableService[]): Promise<void> {
  let last: TableService[] = [];
  await waitFor(
    'the table',
    20_000 * slowness,
    async () => {
      last = await tableOf(cluster.director);
      return JSON.stringify(last) === JSON.stringify(table);
    },
    () => `wanted ${JSON.stringify(table)}\nfound  ${JSON.stringify(last)}\n${cluster.explain()}`,
  );
}

async function expectExit(command: string, code: number): Promise<string> {
  const ran = await cluster.command(command);
  const text = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.code, code, `${command}: ${text}\n${cluster.explain()}`);
  return text;
}

test('a stopped director says so, and starts with a whole table', async () => {
  assert.match(await expectExit('status', 3), /is stopped for \S*three\.cf$/m);
  await expectExit('start', 0);
  assert.deepEqual(await tableOf(cluster.director), wanted());
  assert.match(await expectExit('status', 0), /is running with pid: \d+/);
});

for (const [vip, way] of ways) {
  test(`${way}: a client gets its answers from both real servers in turn`, async () => {
    const answers: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) answers.push(await cluster.ask(vip));
    assert.deepEqual(answers.toSorted(), ['real1', 'real1', 'real2', 'real2']);
    const device = vip === natVip ? 'eth1' : 'eth0';
    const { interfaces } = cluster.director.settings;
    const mac = interfaces.find((each) => each.device === device)?.mac;
    assert.equal(await cluster.client.neighbour(vip), mac, 'only the director answers ARP');
  });
}

test('a reload with a mistake says where, and a real server that dies is quiesced', async () => {
  cluster.configure({ typo: 'chekcinterval=1' });
  assert.match(await expectExit('reload', 2), /three\.cf at line \d+: .*chekcinterval/);
  await stopWeb(cluster.lab.host('real2'));
  await waitForTable(wanted(0));
  assert.match(await expectExit('status', 0), /is running/);
  for (const vip of vips) assert.equal(await cluster.ask(vip), 'real1');
  await startWeb(cluster.lab.host('real2'), 'real2');
  await waitForTable(wanted(1));
  cluster.configure();
  await expectExit('reload', 0);
  assert.deepEqual(await tableOf(cluster.director), wanted());
});

test('after a SIGKILL the next start adopts the table and takes nothing from it', async () => {
  const [pid, second] = cluster.daemonPids();
  assert.ok(pid !== undefined && second === undefined, 'one daemon process');
  const sampler = new TableSampler(cluster.director, slowness > 3 ? '0.3' : '0.02');
  process.kill(pid, 'SIGKILL');
  await waitFor('the daemon to be gone', 10_000, () => cluster.daemonPids().length === 0);
  assert.deepEqual(await tableOf(cluster.director), wanted(), 'the kernel serves on');
  await expectExit('start', 0);
  await sampler.stop();
  const samples = sampler.samples();
  assert.ok(samples.length >= 5, `${samples.length} samples`);
  for (const { servers } of samples) {
    const whole = servers.filter((line) => /^0A09000[BC]:0050 \w+ 1$/.test(line));
    assert.equal(whole.length, 6, `six real servers at every moment: ${servers.join(', ')}`);
  }
  assert.deepEqual(await tableOf(cluster.director), wanted());
  assert.match(cluster.explain(), /Adopted virtual server/);
  assert.match(await expectExit('status', 0), /is running/);
});

const expirySwitch = '/proc/sys/net/ipv4/vs/expire_quiescent_template';

async function switchState(): Promise<string> {
  return (await cluster.director.run(['cat', expirySwitch])).stdout.trim();
}

async function weightOf(address: string): Promise<string | undefined> {
  const table = await tableOf(cluster.director);
  const service = table.find((each) => each.service.startsWith(`TCP ${natVip}:80 `));
  return service?.servers
    .find((each) => each.startsWith(`${address}:80 `))
    ?.split(' ')
    .at(-1);
}

test('a persistent client leaves a dead real server with expire, not with quiesce', async () => {
  const natLines = ['persistent=300'];
  cluster.configure({ natLines, globals: ['deadaction=quiesce'] });
  await expectExit('reload', 0);
  const held = await cluster.ask(natVip);
  assert.equal(await cluster.ask(natVip), held, 'persistence holds the client');
  const [address, other] =
    held === 'real1' ? ['10.9.0.11', 'real2'] : (['10.9.0.12', 'real1'] as const);
  await stopWeb(cluster.lab.host(held));
  const limitMs = 20_000 * slowness;
  await waitFor('weight 0', limitMs, async () => (await weightOf(address)) === '0');
  assert.equal(await switchState(), '0');
  await assert.rejects(cluster.ask(natVip), 'the template still leads to the dead server');
  cluster.configure({ natLines, globals: ['deadaction=expire'] });
  await expectExit('reload', 0);
  await waitFor('the switch', limitMs, async () => (await switchState()) === '1');
  assert.equal(await cluster.ask(natVip), other);
  assert.equal(await weightOf(address), '0', 'the entry stays for its open connections');
  assert.match(cluster.explain(), /expire_quiescent_template was 0 and is 1 now/);
  await startWeb(cluster.lab.host(held), held);
  cluster.configure();
  await expectExit('reload', 0);
  await waitForTable(wanted());
});

test('a stop takes its own services along and leaves the foreign one', async () => {
  await expectExit('stop', 0);
  assert.deepEqual(await tableOf(cluster.director), [foreignService]);
  assert.deepEqual(cluster.daemonPids(), []);
  await expectExit('status', 3);
});

test('with cleanstop=no the table stays at a stop, and the next start takes it over', async () => {
  cluster.configure({ cleanstop: 'no' });
  await expectExit('start', 0);
  await expectExit('stop', 0);
  assert.deepEqual(await tableOf(cluster.director), wanted());
  cluster.configure({ cleanstop: 'yes' });
  await expectExit('start', 0);
  assert.deepEqual(await tableOf(cluster.director), wanted());
  await expectExit('stop', 0);
  assert.deepEqual(await tableOf(cluster.director), [foreignService]);
});
