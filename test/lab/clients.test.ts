// Programs of heartbeat 3.0.6 on a pair of ours: Debian's cl_status and ipfail, our cl_status
// beside them and beside a daemon of 3.0.6, clients that speak to each other, and what is kept
// running.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fieldText, type HaMessage } from '#src/wire/ha-message.js';
import { ClientSession } from './client-session.js';
import type { Host } from './host.js';
import { Lab } from './lab.js';
import { Pair } from './pair.js';
import { waitFor } from './wait.js';

const compat = (name: string): string =>
  fileURLToPath(new URL(`../../compat/${name}.js`, import.meta.url));
const ourClStatus = compat('cl-status');
const limitMs = 15_000;

/** Each sub-command with and without -m, its errors, and words that are none. */
const questions: readonly string[] = [
  ...['', '-h', 'nosuch', '-m hbstatus', 'hbstatus', 'hbstatus -m', 'hbstatus -x', 'hbstatus -v'],
  ...[
    'listnodes',
    'listnodes -n',
    'listnodes -p',
    'listnodes -v -n',
    'listnodes -m',
    'listnodes -x',
  ],
  ...['nodestatus', 'nodestatus alpha', 'nodestatus -m BETA', 'nodestatus nosuch', 'nodestatus -x'],
  ...['nodeweight alpha', 'nodeweight -m alpha', 'nodeweight nosuch', 'nodesite -m alpha'],
  ...['nodetype alpha', 'nodetype -m alpha', 'nodetype', 'nodesite nosuch'],
  ...['listhblinks beta', 'listhblinks -v beta', 'listhblinks -m beta', 'listhblinks nosuch'],
  ...['hblinkstatus beta eth0', 'hblinkstatus -m beta eth0', 'hblinkstatus beta nosuch'],
  ...['hblinkstatus beta', 'clientstatus alpha nosuch', 'clientstatus beta nosuch 2000'],
  ...['clientstatus nosuch x', 'clientstatus alpha', 'rscstatus', 'rscstatus -m', 'rscstatus -x'],
  ...['hbparameter', 'hbparameter -p', 'hbparameter -p keepalive', 'hbparameter -m -p deadtime'],
  ...['hbparameter -p nosuch', 'hbparameter -p crm', 'hbparameter -p auto_failback'],
];

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Of a daemon that is not there. */
const questionsAtRest: readonly string[] = [
  ...[
    'hbstatus',
    'hbstatus -v',
    'hbstatus -x',
    'listnodes -x',
    'rscstatus',
    'nosuch',
    'nodestatus',
  ],
];

/** Without time and process id of log lines, and without the name that we give ourselves. */
const plain = (text: string): string =>
  text
    .replace(/^\w{3} \d\d \d\d:\d\d:\d\d (\S+) cl_status: \[\d+\]:/gm, '$1 cl_status:')
    .replace(/3\.0\.6 \(.*\)/, '3.0.6');

async function ask(host: Host, program: readonly string[], question: string): Promise<Said> {
  const words = question.split(' ').filter((word) => word !== '');
  const { code, stdout, stderr } = await host.run([...program, ...words], {
    anyCode: true,
    limitMs,
  });
  return { code, out: plain(stdout), error: plain(stderr) };
}

/** Both programs about the same daemon, in the same moment. */
async function compare(host: Host, asked: readonly string[] = questions): Promise<void> {
  for (const question of asked) {
    const [theirs, ours] = await Promise.all([
      ask(host, ['cl_status'], question),
      ask(host, [process.execPath, ourClStatus], question),
    ]);
    assert.deepEqual(ours, theirs, `cl_status ${question}`);
  }
}

const registerOf = (host: Host): string => host.insidePath('/run/heartbeat/register') ?? '';
const is =
  (type: string, state?: string) =>
  (message: HaMessage): boolean =>
    fieldText(message, 't') === type && (state === undefined || fieldText(message, 'st') === state);

/** Members come and go while the cluster runs; one that is not dead stays. */
async function changeMembers(host: Host): Promise<void> {
  const isListed = async (): Promise<boolean> =>
    (await ask(host, ['cl_status'], 'listnodes')).out.includes('gamma');
  const run = (command: string): Promise<Said> =>
    ask(host, [process.execPath, compat(command)], 'gamma');
  assert.deepEqual(await run('hb-addnode'), { code: 0, out: '', error: '' });
  await waitFor('gamma to be listed', limitMs, isListed);
  await waitFor('gamma to be gone', limitMs, async () => {
    await run('hb-delnode');
    return !(await isListed());
  });
}

/** Clients on both nodes, which speak to each other; the one on alpha and the one on beta. */
async function converse({ alpha, beta }: Pair): Promise<[ClientSession, ClientSession]> {
  // Two clients of one name on two nodes hear of each other and speak to each other.
  const here = await ClientSession.signOn(registerOf(alpha.host), 'lab');
  const there = await ClientSession.signOn(registerOf(beta.host), 'lab');
  await here.waitFor(
    'news of the other',
    (m) => is('hbapi-clstat')(m) && fieldText(m, 'src') === 'beta',
  );
  here.say({ t: 'lab-word', dest: 'beta', word: 'hello' });
  const heard = await there.waitFor('the word', is('lab-word'));
  assert.equal(fieldText(heard, 'from_id'), 'lab');
  assert.equal(fieldText(heard, 'src'), 'alpha');
  const online = await ask(alpha.host, ['cl_status'], 'clientstatus beta lab 5000');
  assert.deepEqual(online, { code: 0, out: 'online\n', error: '' });

  // What speaks for the cluster itself is not taken from a client.
  here.say({ t: 'resource', rsc_hold: 'none', rtype: 'full', isstable: '1' });
  await waitFor('the refusal', limitMs, () => alpha.log.find(/may not send \[resource\]/, 0));

  // Nonsense ends a client, and nobody else.
  const hostile = await ClientSession.signOn(registerOf(alpha.host), 'mute');
  hostile.write(new Uint8Array(64).fill(0x61));
  await waitFor('the end of the hostile client', limitMs, () => hostile.isEnded);
  assert.equal(here.isEnded, false);
  return [here, there];
}

/** Debian's ipfail as a client of alpha, seen from beta. */
async function runIpfail(pair: Pair): Promise<void> {
  const { alpha, beta } = pair;
  const asHeartbeat = ['setpriv', '--reuid', 'hacluster', '--regid', 'haclient', '--clear-groups'];
  alpha.host.start([...asHeartbeat, '/usr/libexec/heartbeat/ipfail']);
  await waitFor(
    'ipfail to be online',
    limitMs,
    async () => (await ask(beta.host, ['cl_status'], 'clientstatus alpha ipfail 2000')).code === 0,
    () => pair.explain(),
  );
}

test('clients of 3.0.6 find in ours what they know', async () => {
  const pair = await Pair.start({
    media: ['bcast eth0', 'serial /dev/ttyS0'],
    lines: [
      'apiauth lab uid=root',
      'apiauth mute uid=root',
      'respawn root /bin/sleep 1000',
      'failfast root /bin/sleep 2000',
    ],
  });
  const { alpha, beta } = pair;
  try {
    await compare(alpha.host);

    const [here, there] = await converse(pair);
    await runIpfail(pair);
    assert.equal(alpha.host.kill(/^\/bin\/sleep 1000/), 1);
    await waitFor('the program again', limitMs, () =>
      alpha.host.processes().some(({ command }) => command === '/bin/sleep 1000'),
    );

    await changeMembers(alpha.host);

    // A node whose failfast program ends hands over and stops, and that is news for clients.
    assert.equal(beta.host.kill(/^\/bin\/sleep 2000/), 1);
    await waitFor(
      'beta to stop',
      limitMs,
      () => !beta.isRunning(),
      () => pair.explain(),
    );
    await here.waitFor(
      'the death of beta',
      (m) => is('status', 'dead')(m) && fieldText(m, 'src') === 'beta',
    );
    await here.waitFor('the dead link', is('ifstat', 'dead'));
    here.close();
    there.close();

    const pid = (await alpha.host.run(['cat', '/run/heartbeat.pid'])).stdout;
    assert.match(pid, /^ +[0-9]+\n$/);
    await alpha.stop(20_000);
    assert.equal(
      alpha.host.processes().some(({ command }) => command === '/bin/sleep 1000'),
      false,
    );
    await compare(alpha.host, questionsAtRest);
  } finally {
    await pair.close();
  }
});

/** Debian's daemon on one host, alone; its own folder of scripts, and its marks in /run. */
async function startOriginal(host: Host): Promise<void> {
  spawnSync('cp', ['-a', '/etc/ha.d/.', `${host.disk}/ha.d/`]);
  const lines = [
    'logfile /var/log/ha-log',
    'use_logd off',
    'keepalive 200ms',
    'deadtime 1',
    'coredumps false',
  ];
  const media = ['initdead 1', 'udpport 694', 'bcast eth0', 'auto_failback off', 'node alpha beta'];
  host.write('ha.d/ha.cf', `${[...lines, ...media].join('\n')}\n`);
  host.write('ha.d/haresources', '');
  host.write('ha.d/authkeys', 'auth 1\n1 sha1 laboratory\n', 0o600);
  const made = await host.run([
    'sh',
    '-c',
    'mkdir -p /run/heartbeat && chown hacluster:haclient /run/heartbeat',
  ]);
  assert.equal(made.code, 0);
  host.start(['/usr/libexec/heartbeat/heartbeat', '-f']);
  await waitFor(
    'heartbeat 3.0.6 to hold all',
    30_000,
    async () => (await ask(host, ['cl_status'], 'rscstatus')).out === 'all\n',
    () => host.read('log/ha-log'),
  );
}

test('our cl_status says of a 3.0.6 daemon what its own says', async () => {
  const lab = new Lab();
  try {
    await lab.network.addSwitch('lan');
    const mac = '02:00:00:08:00:01';
    const interfaces = [{ device: 'eth0', switchName: 'lan', address: '10.8.0.1/24', mac }];
    const host = await lab.addHost({ name: 'alpha', interfaces });
    await startOriginal(host);
    await compare(host);
  } finally {
    await lab.close();
  }
});
