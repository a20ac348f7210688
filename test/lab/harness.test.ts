// The lab's own tests: what its faults do, and that it leaves nothing behind. No program of ours
// takes part, so a failure here is never the product's.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ArpCapture, parseArpLine } from './arp-capture.js';
import { Lab } from './lab.js';
import { outageOf } from './probe.js';
import { Program } from './process.js';
import { holdsFor, waitFor } from './wait.js';

const switchName = 'lan';

async function twoHosts(): Promise<Lab> {
  const lab = new Lab();
  await lab.network.addSwitch(switchName);
  for (const last of [1, 2]) {
    await lab.addHost({
      name: `host-${last}`,
      interfaces: [
        {
          device: 'eth0',
          switchName,
          address: `10.9.0.${last}/24`,
          mac: `02:00:00:09:00:0${last}`,
        },
      ],
    });
  }
  return lab;
}

async function answers(lab: Lab, from: string, address: string): Promise<boolean> {
  const ping = ['busybox', 'ping', '-c', '1', '-W', '1', address];
  return (await lab.host(from).run(ping, { anyCode: true })).code === 0;
}

test('a host has its own name, addresses and process numbers', async () => {
  const lab = await twoHosts();
  try {
    const host = lab.host('host-1');
    assert.equal((await host.run(['hostname'])).stdout.trim(), 'host-1');
    assert.deepEqual(
      (await host.addresses()).map((each) => each.address),
      ['127.0.0.1/8', '10.9.0.1/24'],
    );
    const program = host.start(['sleep', '1000']);
    await waitFor('the program', 5000, () =>
      host.processes().some((p) => /^sleep 1000$/.test(p.command)),
    );
    assert.equal(await answers(lab, 'host-1', '10.9.0.2'), true);
    assert.equal(host.kill(/nothing of this name/), 0);
    program.child.kill();
  } finally {
    await lab.close();
  }
});

test('what a host writes to /etc/ha.d, /var/lib and /var/log stays in the lab', async () => {
  const lab = await twoHosts();
  try {
    const host = lab.host('host-1');
    const files = ['/etc/ha.d/lab-file', '/var/lib/heartbeat/lab-file', '/var/log/lab-file'];
    await host.run(['touch', ...files, '/etc/lab-file', '/run/lab-file']);
    for (const file of [...files, '/etc/lab-file', '/run/lab-file']) {
      assert.equal(existsSync(file), false, file);
    }
    assert.equal(existsSync(`${host.disk}/ha.d/lab-file`), true);
  } finally {
    await lab.close();
  }
});

test('power loss ends every process and address, and the disk outlives it', async () => {
  const lab = await twoHosts();
  try {
    const host = lab.host('host-2');
    await host.ip('addr add 10.9.0.77/24 dev eth0 label eth0:0');
    const program = host.start(['sleep', '1000']);
    await host.run(['sh', '-c', 'echo kept > /var/lib/lubdub/state; echo gone > /run/state']);
    await host.powerOff();
    await program.ended;
    assert.equal(await answers(lab, 'host-1', '10.9.0.77'), false);
    await host.powerOn();
    assert.deepEqual(
      host.processes().filter((p) => p.command.includes('sleep 1000 ')),
      [],
    );
    assert.equal(await host.holds('10.9.0.77'), false);
    assert.equal((await host.run(['cat', '/var/lib/lubdub/state'])).stdout, 'kept\n');
    assert.equal((await host.run(['cat', '/run/state'], { anyCode: true })).code, 1);
    assert.equal(await answers(lab, 'host-1', '10.9.0.2'), true);
  } finally {
    await lab.close();
  }
});

test('a cut port loses its carrier, and mended it carries again', async () => {
  const lab = await twoHosts();
  try {
    await lab.network.cut('host-2');
    assert.equal(await answers(lab, 'host-1', '10.9.0.2'), false);
    await lab.network.mend('host-2');
    await waitFor('the mended link', 5000, () => answers(lab, 'host-1', '10.9.0.2'));
  } finally {
    await lab.close();
  }
});

test('separated hosts do not hear each other while a third hears both', async () => {
  const lab = await twoHosts();
  try {
    await lab.addHost({
      name: 'host-3',
      interfaces: [
        { device: 'eth0', switchName, address: '10.9.0.3/24', mac: '02:00:00:09:00:03' },
      ],
    });
    await lab.network.separate('host-1', 'host-2');
    assert.equal(await answers(lab, 'host-1', '10.9.0.2'), false);
    assert.equal(await answers(lab, 'host-3', '10.9.0.1'), true);
    assert.equal(await answers(lab, 'host-3', '10.9.0.2'), true);
    await lab.network.rejoin('host-1', 'host-2');
    await waitFor('the heal', 5000, () => answers(lab, 'host-1', '10.9.0.2'));
  } finally {
    await lab.close();
  }
});

test('the serial cable carries both ways, and nothing while it is cut', async () => {
  const lab = new Lab();
  try {
    const cable = await lab.addCable();
    const sender = new Program([
      'sh',
      '-c',
      'while read l; do echo "$l" > "$0"; done',
      cable.device(0),
    ]);
    const receiver = new Program(['cat', cable.device(1)]);
    const say = (text: string): void => {
      sender.child.stdin?.write(`${text}\n`);
    };
    await waitFor('the first line', 5000, () => {
      say('one');
      return receiver.output.includes('one');
    });
    cable.cut();
    say('two');
    assert.equal(await holdsFor(200, () => !receiver.output.includes('two')), true);
    cable.mend();
    say('three');
    await waitFor('the line after mending', 5000, () => receiver.output.includes('three'));
    await Promise.all([sender.stop('SIGKILL'), receiver.stop('SIGKILL')]);
  } finally {
    await lab.close();
  }
});

test('a host hears the announcement of an address', async () => {
  const lab = await twoHosts();
  try {
    const capture = await ArpCapture.start(lab.host('host-1'), 'eth0');
    await lab.host('host-2').ip('addr add 10.9.0.77/24 dev eth0');
    const announce = ['busybox', 'arping', '-U', '-c', '1', '-I', 'eth0', '10.9.0.77'];
    await lab.host('host-2').run(announce, { anyCode: true });
    await waitFor('the announcement', 5000, () => capture.announcements('10.9.0.77').length > 0);
    assert.equal(capture.announcements('10.9.0.77')[0]?.sourceMac, '02:00:00:09:00:02');
  } finally {
    await lab.close();
  }
});

test('both forms of a gratuitous ARP are read from tcpdump lines', () => {
  const mac = '02:00:00:09:00:02 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: ';
  const request = parseArpLine(`1.0 ${mac}Request who-has 10.9.0.7 tell 10.9.0.7, length 28`, 5);
  const reply = parseArpLine(`1.0 ${mac}Reply 10.9.0.7 is-at 02:00:00:09:00:02, length 28`, 5);
  const question = parseArpLine(`1.0 ${mac}Request who-has 10.9.0.7 tell 10.9.0.1, length 28`, 5);
  assert.deepEqual(
    [request, reply, question].map((each) => [each?.kind, each?.isAnnouncement]),
    [
      ['request', true],
      ['reply', true],
      ['request', false],
    ],
  );
});

test('an outage lasts from the first failed question to the first answer after the last', () => {
  const outage = outageOf([
    { atMs: 0, tookMs: 1, by: 'a' },
    { atMs: 5, tookMs: 300, failure: 'timeout' },
    { atMs: 10, tookMs: 1, by: 'a' },
    { atMs: 15, tookMs: 300, failure: 'timeout' },
    { atMs: 20, tookMs: 2, by: 'b' },
  ]);
  assert.deepEqual(outage, { ms: 17, fromMs: 5, untilMs: 22, failed: 2 });
  assert.equal(outageOf([{ atMs: 0, tookMs: 1, by: 'a' }]), undefined);
});

const leaver = fileURLToPath(new URL('./leaver.js', import.meta.url));

/** PIDs of processes that see the mark file of the lab, wherever they hang in the tree. */
function labProcesses(name: string): string[] {
  return readdirSync('/proc').filter(
    (entry) =>
      /^\d+$/.test(entry) && existsSync(join('/proc', entry, 'root', 'run', `lab-${name}`)),
  );
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`a lab whose runner gets ${signal} leaves no process, port or folder behind`, async () => {
    const runner = new Program([process.execPath, leaver, signal]);
    await waitFor(
      'the lab',
      20_000,
      () => runner.output.includes('standing'),
      () => runner.output,
    );
    assert.notDeepEqual(labProcesses(signal), []);
    runner.child.kill(signal);
    await runner.ended;
    await waitFor('its processes to end', 10_000, () => labProcesses(signal).length === 0);
    const lab = new Lab();
    await lab.close();
    const left = readdirSync(tmpdir()).filter((e) => e.startsWith(`lubdub-${runner.child.pid}-`));
    assert.deepEqual(left, []);
  });
}
