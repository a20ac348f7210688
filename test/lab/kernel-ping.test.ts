// The ping media against this machine's kernel, which answers echo requests by itself.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Medium, MediumSetting } from '#src/media/medium.js';
import { openMedium } from '#src/media/open-medium.js';
import {
  commandExists,
  ip,
  makePair,
  type Pair,
  runIn,
  sysIn,
  until,
  whyNoNamespaces,
} from './netns.js';

const skip = whyNoNamespaces() ?? false;
let pair: Pair;
const open: Medium[] = [];

interface Watched {
  readonly medium: Medium;
  readonly came: string[];
  readonly changes: string[];
}

before(() => {
  if (skip === false) pair = makePair('ping');
});

afterEach(() => {
  for (const medium of open.splice(0)) medium.close();
});

after(() => {
  if (skip === false) pair.destroy();
});

function watch(setting: MediumSetting): Watched {
  const came: string[] = [];
  const changes: string[] = [];
  const medium = openMedium(
    setting,
    {
      onBytes: (bytes) => came.push(new TextDecoder('latin1').decode(bytes)),
      onUp: () => changes.push('up'),
      onDown: (reason) => changes.push(`down: ${reason}`),
    },
    { sys: sysIn(pair.a), reopenMs: 20 },
  );
  open.push(medium);
  return { medium, came, changes };
}

function ask({ medium }: Watched, words: string): void {
  const datagram = new TextEncoder().encode(words);
  medium.send({ datagram, line: datagram });
}

const ping = (...hosts: readonly string[]): MediumSetting => ({
  kind: 'ping',
  name: hosts[0] ?? '',
  hosts,
});
const ping6 = (host: string): MediumSetting => ({ kind: 'ping6', name: host, hosts: [host] });
const group = (...hosts: readonly string[]): MediumSetting => ({
  kind: 'ping_group',
  name: 'routers',
  hosts,
});

for (const setting of [ping('10.77.0.2'), ping6('fd77::2')]) {
  test(`${setting.kind} brings back what it asked`, { skip }, async () => {
    const router = watch(setting);
    ask(router, 'are you there?');
    ask(router, 'an odd question');
    await until('both answers came', () => router.came.length === 2);
    assert.deepEqual(router.came, ['are you there?', 'an odd question']);
    assert.deepEqual(router.changes, ['up']);
    assert.equal(router.medium.counters().sent, 2);
  });
}

test('a ping group is answered for by any of its hosts, of either family', { skip }, async () => {
  const routers = watch(group('10.77.0.77', 'fd77::2', '10.77.0.2'));
  ask(routers, 'anybody?');
  await until('two of three answered', () => routers.came.length === 2);
  assert.equal(routers.medium.name, 'routers');
});

test('answers to others are not taken for ours', { skip }, async () => {
  const [one, other] = [watch(ping('10.77.0.2')), watch(ping('10.77.0.2'))];
  ask(one, 'of one');
  ask(other, 'of the other');
  await until('both came', () => one.came.length === 1 && other.came.length === 1);
  runIn(pair.a, 'busybox', 'ping', '-c', '1', '-W', '1', '10.77.0.2');
  ask(one, 'again');
  await until('it came', () => one.came.length === 2);
  assert.deepEqual([one.came, other.came], [['of one', 'again'], ['of the other']]);
});

test('a link that is down is told once, and ends with it', { skip }, async () => {
  const router = watch(ping('10.77.0.2'));
  ip('-n', pair.a, 'link', 'set', 'eth0', 'down');
  for (let count = 0; count < 5; count++) ask(router, 'unheard');
  assert.match(router.changes.join(' '), /^up down: asking 10\.77\.0\.2: ENETUNREACH$/);
  ip('-n', pair.a, 'link', 'set', 'eth0', 'up');
  await until('it is up', () => {
    ask(router, 'heard');
    return router.changes.length === 3 && router.came.length > 0;
  });
});

const noFirewall = skip === false && !commandExists('nft') ? 'needs nft' : skip;

test('a firewall that drops echo requests is a medium that is down, and says so', {
  skip: noFirewall,
}, async () => {
  const router = watch(ping('10.77.0.2'));
  const chain = 'add chain inet ldk out { type filter hook output priority 0; policy drop; }';
  runIn(pair.a, 'nft', `add table inet ldk; ${chain}`);
  ask(router, 'unheard');
  assert.match(router.changes[1] ?? '', /^down: asking 10\.77\.0\.2: EPERM$/);
  runIn(pair.a, 'nft', 'delete table inet ldk');
  ask(router, 'heard');
  await until('it came', () => router.came.length === 1);
  assert.equal(router.changes[2], 'up');
});

test('a name that nobody knows is a medium that is down, and the loop goes on', {
  skip,
}, async () => {
  const lost = watch(ping('no-such-host.invalid'));
  ask(lost, 'to nobody');
  assert.match(lost.changes.join(' '), /^up down: the address of no-such-host\.invalid is not/);
});

test('a closed ping medium asks nothing and hears nothing', { skip }, () => {
  const router = watch(ping('10.77.0.2'));
  router.medium.close();
  router.medium.close();
  ask(router, 'too late');
  assert.equal(router.medium.counters().sent, 0);
  assert.equal(runIn(pair.a, 'ss', '-Hlnw').trim(), '');
});
