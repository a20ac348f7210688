// The built-in resources against this machine's kernel: what each puts there is read by other
// programs, and its stop leaves nothing of it.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ArpCapture } from './arp-capture.js';
import type { Host } from './host.js';
import { Lab } from './lab.js';
import { waitFor } from './wait.js';

const probe = fileURLToPath(new URL('./resource-probe.js', import.meta.url));

let lab: Lab;
let host: Host;
let client: Host;

before(async () => {
  lab = new Lab();
  await lab.network.addSwitch('lan');
  await lab.network.addSwitch('farm');
  host = await lab.addHost({
    name: 'director',
    interfaces: [
      { device: 'eth0', switchName: 'lan', address: '10.8.0.1/24', mac: '02:00:00:08:00:01' },
      { device: 'eth1', switchName: 'farm', address: '10.9.0.1/24', mac: '02:00:00:09:00:01' },
    ],
    gateway: '10.8.0.9',
  });
  client = await lab.addHost({
    name: 'client',
    interfaces: [
      { device: 'eth0', switchName: 'lan', address: '10.8.0.9/24', mac: '02:00:00:08:00:09' },
    ],
  });
});

after(() => lab?.close());

/** Outcomes of `VERB WORD` pairs, one process for all of them. */
async function run(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await host.run([process.execPath, probe, ...words]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const outcome: { kind: string; reason?: string } = JSON.parse(line);
      return outcome.kind === 'failed' ? `failed: ${outcome.reason}` : outcome.kind;
    });
}

const shown = async (...argv: readonly string[]): Promise<string> =>
  (await host.run(argv, { anyCode: true })).stdout;

test('portblock drops what comes in for its ports, and nothing of it stays', async () => {
  const word = 'portblock::tcp::80,8000:8010::block';
  const outcomes = ['stop', 'status', 'start', 'start', 'status'].flatMap((verb) => [verb, word]);
  assert.deepEqual(await run(...outcomes), ['done', 'stopped', 'done', 'done', 'running']);
  const rules = await shown('nft', 'list', 'ruleset');
  assert.match(rules, /tcp dport \{ 80, 8000-8010 \} drop/);
  assert.equal(rules.match(/drop/g)?.length, 1);
  assert.deepEqual(await run('stop', word, 'stop', word, 'status', word), [
    ...['done', 'done', 'stopped'],
  ]);
  assert.equal(await shown('nft', 'list', 'ruleset'), '');
});

test('portblock unblock opens while it runs and blocks while it does not', async () => {
  const word = 'portblock::udp::53::unblock';
  assert.deepEqual(await run('start', word, 'status', word), ['done', 'running']);
  assert.equal(await shown('nft', 'list', 'ruleset'), '');
  assert.deepEqual(await run('stop', word, 'status', word), ['done', 'stopped']);
  assert.match(await shown('nft', 'list', 'ruleset'), /udp dport 53 drop/);
  await host.run(['nft', 'flush', 'ruleset']);
});

test('Masquerade forwards and hides a network, and puts both back as they were', async () => {
  const words = ['Masquerade::10.9.0.0/24::eth0', 'Masquerade::10.10.0.0/16::eth0'] as const;
  const forward = (): Promise<string> => shown('cat', '/proc/sys/net/ipv4/ip_forward');
  assert.equal(await forward(), '0\n');
  assert.deepEqual(await run('start', words[0], 'start', words[1], 'status', words[0]), [
    ...['done', 'done', 'running'],
  ]);
  const rules = await shown('nft', 'list', 'ruleset');
  assert.match(rules, /ip saddr 10\.9\.0\.0\/24 oifname "eth0" masquerade/);
  assert.equal(await forward(), '1\n');
  await run('stop', words[0], 'stop', words[0]);
  assert.equal(await forward(), '1\n', 'the second one still needs it');
  await run('stop', words[1]);
  assert.equal(await forward(), '0\n');
  assert.equal(await shown('nft', 'list', 'ruleset'), '');
  // A setting of the administrator's is left as it is.
  await host.sysctl('net/ipv4/ip_forward', '1');
  await run('start', words[0], 'stop', words[0], 'stop', words[1]);
  assert.equal(await forward(), '1\n');
});

test('IPsrcaddr sends from the VIP, and afterwards from where the kernel would', async () => {
  const before = await shown('ip', 'route');
  const [vip, word] = ['IPaddr::10.8.0.100/24/eth0', 'IPsrcaddr::10.8.0.100'];
  assert.match((await run('start', word))[0] ?? '', /failed: .*put IPaddr before IPsrcaddr/);
  assert.deepEqual(await run('start', vip, 'status', word, 'start', word, 'status', word), [
    ...['done', 'stopped', 'done', 'running'],
  ]);
  const route = await shown('ip', 'route', 'get', '192.0.2.1');
  assert.match(route, /via 10\.8\.0\.9 dev eth0 src 10\.8\.0\.100/);
  assert.match(await shown('ip', 'route'), /default via 10\.8\.0\.9 dev eth0 src 10\.8\.0\.100/);
  assert.deepEqual(await run('stop', word, 'status', word, 'stop', word, 'stop', vip), [
    ...['done', 'stopped', 'done', 'done'],
  ]);
  assert.equal(await shown('ip', 'route'), before);
});

test('IPv6addr is an address that can be used at once', async () => {
  const word = 'IPv6addr::fd08:0:0:0:0:0:0:100/64/eth0';
  assert.deepEqual(await run('start', word, 'status', word), ['done', 'running']);
  const address = await shown('ip', '-6', 'addr', 'show', 'dev', 'eth0');
  assert.match(address, /fd08::100\/64 scope global nodad/);
  assert.deepEqual(await run('stop', word, 'status', word), ['done', 'stopped']);
});

test('SendArp announces an address that is not this machine’s', async () => {
  const capture = await ArpCapture.start(client, 'eth0');
  try {
    const word = 'SendArp::10.8.0.77/eth0';
    assert.deepEqual(await run('start', word, 'status', word), ['done', 'running']);
    await waitFor('an announcement', 10_000, () =>
      capture.frames.some((frame) => frame.isAnnouncement && frame.address === '10.8.0.77'),
    );
    assert.deepEqual(await run('stop', word, 'status', word), ['done', 'stopped']);
  } finally {
    await capture.stop();
  }
});

test('Delay takes its time once and stays started for a successor', async () => {
  const word = 'Delay::0.3::0';
  const startMs = performance.now();
  assert.deepEqual(await run('status', word, 'start', word), ['stopped', 'done']);
  assert.ok(performance.now() - startMs >= 300);
  assert.deepEqual(await run('status', word, 'stop', word, 'status', word), [
    ...['running', 'done', 'stopped'],
  ]);
});

test('a script of resource.d that somebody wrote is called instead of the built-in', async () => {
  host.write('ha.d/resource.d/Delay', '#!/bin/sh\necho "$*" \nexit 3\n', 0o755);
  assert.match((await run('start', 'Delay::own::words'))[0] ?? '', /failed: Return code 3/);
});

test('Debian’s own script of resource.d is not: what it does is built in', async () => {
  const stock = '/etc/ha.d/resource.d/portblock';
  assert.ok(existsSync(stock), 'the package heartbeat is installed');
  host.write('ha.d/resource.d/portblock', readFileSync(stock, 'utf8'), 0o755);
  const word = 'portblock::tcp::25::block';
  assert.deepEqual(await run('start', word), ['done']);
  assert.match(await shown('nft', 'list', 'ruleset'), /table inet lubdub_port_tcp_25/);
  assert.deepEqual(await run('stop', word), ['done']);
});

/** Puts Debian's own heartbeat scripts on the host, as a machine that is migrated has them. */
function installStock(...names: readonly string[]): void {
  host.write('ha.d/shellfuncs', readFileSync('/etc/ha.d/shellfuncs', 'utf8'), 0o755);
  for (const name of ['hto-mapfuncs', ...names]) {
    const text = readFileSync(join('/etc/ha.d/resource.d', name), 'utf8');
    host.write(`ha.d/resource.d/${name}`, text, 0o755);
  }
}

test('Debian’s scripts without a built-in run unchanged, with the agents behind them', async () => {
  installStock('IPaddr2', 'Filesystem', 'OCF');
  // Under a name of its own, so that it is not built in.
  const stock = (name: string): string => readFileSync(join('/etc/ha.d/resource.d', name), 'utf8');
  host.write('ha.d/resource.d/VipOfScript', stock('IPaddr2'), 0o755);
  const disk = 'Filesystem::tmpfs::/run/disk::tmpfs';
  const words = ['VipOfScript::10.8.0.120/24/eth0', disk] as const;
  for (const word of words) {
    const outcomes = await run('status', word, 'start', word, 'status', word);
    assert.deepEqual(outcomes, ['stopped', 'done', 'running'], word);
  }
  assert.ok(await host.holds('10.8.0.120'));
  for (const word of words) {
    assert.deepEqual(await run('stop', word, 'status', word), ['done', 'stopped'], word);
  }
  assert.equal(await host.holds('10.8.0.120'), false);
});

test('OCF agents run by their provider and name, by a file of parameters, or by name', async () => {
  await host.run(['rm', '-f', '/etc/ha.d/resource.d/OCF']);
  await host.run(['mkdir', '-p', '/etc/ha.d/conf/OCF/Dummy']);
  host.write('ha.d/conf/OCF/Dummy/one', 'OCF_RESKEY_state="/run/dummy-one" # where\n');
  for (const [word, state] of [
    ['ocf::heartbeat::Dummy::state=/run/dummy-two', '/run/dummy-two'],
    ['OCF::Dummy::one', '/run/dummy-one'],
    ['Dummy::state=/run/dummy-three', '/run/dummy-three'],
  ] as const) {
    const outcomes = await run('status', word, 'start', word, 'start', word, 'status', word);
    assert.deepEqual(outcomes, ['stopped', 'done', 'done', 'running'], word);
    assert.equal(await shown('ls', state), `${state}\n`);
    assert.deepEqual(await run('stop', word, 'stop', word, 'status', word), [
      ...['done', 'done', 'stopped'],
    ]);
  }
  assert.match((await run('start', 'ocf::heartbeat::Nothing'))[0] ?? '', /Cannot locate/);
});
