// The UDP media against this machine's kernel, in two namespaces joined by a cable.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Medium, MediumSetting } from '#src/media/medium.js';
import { openMedium } from '#src/media/open-medium.js';
import {
  commandExists,
  inNamespace,
  ip,
  joinPair,
  makePair,
  type Pair,
  runIn,
  sysIn,
  unjoinPair,
  until,
  whyNoNamespaces,
} from './netns.js';

const skip = whyNoNamespaces() ?? false;
let pair: Pair;
const open: Watched[] = [];

interface Watched {
  readonly medium: Medium;
  readonly came: string[];
  readonly changes: string[];
}

before(() => {
  if (skip === false) pair = makePair('media');
});

afterEach(() => {
  for (const { medium } of open.splice(0)) medium.close();
});

after(() => {
  if (skip === false) pair.destroy();
});

function watch(namespace: string, setting: MediumSetting): Watched {
  const came: string[] = [];
  const changes: string[] = [];
  const medium = openMedium(
    setting,
    {
      onBytes: (bytes) => came.push(new TextDecoder('latin1').decode(bytes)),
      onUp: () => changes.push('up'),
      onDown: (reason) => changes.push(`down: ${reason}`),
    },
    { sys: sysIn(namespace), reopenMs: 20 },
  );
  const watched = { medium, came, changes };
  open.push(watched);
  return watched;
}

function say(watched: Watched, words: string): void {
  const bytes = new TextEncoder().encode(words);
  watched.medium.send({ datagram: bytes, line: bytes });
}

const bcast: MediumSetting = { kind: 'bcast', interfaceName: 'eth0', port: 694 };
const mcast: MediumSetting = {
  kind: 'mcast',
  interfaceName: 'eth0',
  group: '239.1.1.1',
  port: 694,
  ttl: 1,
  loop: false,
};
const mcast6: MediumSetting = {
  kind: 'mcast6',
  interfaceName: 'eth0',
  group: 'ff15::77',
  port: 694,
  hops: 1,
  loop: false,
};
const ucast6 = (host: string): MediumSetting => ({
  kind: 'ucast6',
  interfaceName: 'eth0',
  host,
  port: 694,
});
const ucast = (host: string): MediumSetting => ({
  kind: 'ucast',
  interfaceName: 'eth0',
  host,
  port: 694,
});

const kinds: readonly (readonly [MediumSetting, MediumSetting])[] = [
  [bcast, bcast],
  [mcast, mcast],
  [ucast('10.77.0.2'), ucast('10.77.0.1')],
  [mcast6, mcast6],
  [ucast6('fd77::2'), ucast6('fd77::1')],
];

for (const [forA, forB] of kinds) {
  test(`${forA.kind} carries messages both ways`, { skip }, async () => {
    const [a, b] = [watch(pair.a, forA), watch(pair.b, forB)];
    // A fresh interface takes a second before it lets IPv6 multicasts through.
    await until('b hears a', () => {
      say(a, 'from a');
      return b.came.includes('from a');
    });
    await until('a hears b', () => {
      say(b, 'from b');
      return a.came.includes('from b');
    });
    assert.deepEqual(a.changes, ['up']);
    assert.deepEqual(a.medium.counters().errors, {});
    assert.equal(b.medium.name, 'eth0');
  });

  test(`${forA.kind} goes on after its interface was deleted and made anew`, { skip }, async () => {
    const [a, b] = [watch(pair.a, forA), watch(pair.b, forB)];
    unjoinPair(pair);
    await until('both are down', () => {
      say(a, 'into nothing');
      say(b, 'into nothing');
      return a.changes.length === 2 && b.changes.length === 2;
    });
    joinPair(pair);
    await until('b hears a again', () => {
      say(a, 'again');
      return b.came.includes('again');
    });
    assert.deepEqual(
      a.changes.map((change) => change.slice(0, 4)),
      ['up', 'down', 'up'],
    );
    assert.match(a.changes[1] ?? '', /ENODEV/);
  });

  test(`${forA.kind} says once that the link is down, and once that it is up`, {
    skip,
  }, async () => {
    const a = watch(pair.a, forA);
    ip('-n', pair.a, 'link', 'set', 'eth0', 'down');
    for (let count = 0; count < 5; count++) say(a, 'unheard');
    await until('it is down', () => a.changes.length === 2);
    ip('-n', pair.a, 'link', 'set', 'eth0', 'up');
    // The kernel takes the IPv6 addresses of an interface that is set down.
    ip('-n', pair.a, 'addr', 'replace', 'fd77::1/64', 'dev', 'eth0', 'nodad');
    await until('it is up', () => {
      say(a, 'heard');
      return a.changes.length === 3;
    });
    assert.match(
      a.changes.join(' '),
      /^up down: .*(ENETUNREACH|ENETDOWN|ENODEV|EADDRNOTAVAIL).* up$/,
    );
  });

  test(`${forA.kind} waits for an interface that is not there yet`, { skip }, async () => {
    unjoinPair(pair);
    const a = watch(pair.a, forA);
    await until('it is down', () => a.changes.length === 1);
    assert.match(a.changes[0] ?? '', /^down: interface eth0: ENODEV/);
    joinPair(pair);
    await until('it is up', () => a.changes.length === 2);
  });
}

test('media of two interfaces on one port hear their own interface alone', { skip }, async () => {
  ip('-n', pair.a, 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', pair.b);
  for (const [name, host] of [
    [pair.a, 1],
    [pair.b, 2],
  ] as const) {
    ip('-n', name, 'addr', 'add', `10.78.0.${host}/24`, 'brd', '+', 'dev', 'eth1');
    ip('-n', name, 'link', 'set', 'eth1', 'up');
  }
  const from0 = watch(pair.a, bcast);
  const from1 = watch(pair.a, { ...bcast, interfaceName: 'eth1' });
  const to0 = watch(pair.b, bcast);
  const to1 = watch(pair.b, { ...bcast, interfaceName: 'eth1' });
  say(from0, 'on eth0');
  say(from1, 'on eth1');
  await until('both came', () => to0.came.length > 0 && to1.came.length > 0);
  assert.deepEqual(to0.came, ['on eth0']);
  assert.deepEqual(to1.came, ['on eth1']);
});

test('bcast carries messages where the interface has no address at all', { skip }, async () => {
  const [a, b] = [watch(pair.a, bcast), watch(pair.b, bcast)];
  ip('-n', pair.a, '-4', 'addr', 'flush', 'dev', 'eth0');
  say(a, 'without address');
  await until('b hears a', () => b.came.includes('without address'));
  unjoinPair(pair);
  joinPair(pair);
});

const noFirewall = skip === false && !commandExists('nft') ? 'needs nft' : skip;

test('a firewall that drops our messages is a medium that is down, and says so', {
  skip: noFirewall,
}, async () => {
  const a = watch(pair.a, ucast('10.77.0.2'));
  const chain = 'add chain inet ldk out { type filter hook output priority 0; policy drop; }';
  runIn(pair.a, 'nft', `add table inet ldk; ${chain}`);
  say(a, 'unheard');
  await until('it is down', () => a.changes.length === 2);
  assert.match(a.changes[1] ?? '', /EPERM/);
  assert.equal(a.medium.counters().errors.EPERM, 1);
  runIn(pair.a, 'nft', 'delete table inet ldk');
  say(a, 'heard');
  await until('it is up', () => a.changes.length === 3);
});

test('a name that nobody knows is a medium that is down', { skip }, async () => {
  const a = watch(pair.a, ucast('no-such-host.invalid'));
  say(a, 'to nobody');
  await until('it is down', () => a.changes.some((change) => change.startsWith('down')));
});

test('bytes of any kind and length come through as they are', { skip }, async () => {
  const [a, b] = [watch(pair.a, ucast('10.77.0.2')), watch(pair.b, ucast('10.77.0.1'))];
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(65_507).fill(0xff),
    new Uint8Array(65_508),
  ]) {
    a.medium.send({ datagram: bytes, line: bytes });
  }
  await until('two came', () => b.came.length === 2);
  assert.deepEqual(
    b.came.map((text) => text.length),
    [0, 65_507],
  );
  await until('one was too long', () => a.medium.counters().errors.EMSGSIZE === 1);
});

test('a closed medium says nothing and takes nothing', { skip }, async () => {
  const a = watch(pair.a, bcast);
  a.medium.close();
  a.medium.close();
  say(a, 'too late');
  assert.equal(a.medium.counters().sent, 0);
  assert.deepEqual(a.changes, ['up']);
  // Its port is free: a socket without SO_REUSEADDR can have it.
  const probe = inNamespace(pair.a, () => runIn(pair.a, 'ss', '-Hlun', 'sport', '=', '694'));
  assert.equal(probe.trim(), '');
});
