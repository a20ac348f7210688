// The IPVS table against a kernel that has one (the lab's VM, or this machine), compared with what
// ipvsadm prints where it is installed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before, test } from 'node:test';
import { type IpvsTable, openIpvsTable } from '#src/kernel/ipvs.js';
import {
  type Forwarding,
  type IpvsDestination,
  type IpvsRequest,
  type IpvsService,
  type IpvsServiceKey,
  ipvsKeyText,
} from '#src/wire/ipvs-table.js';
import { inNamespace, ip, whyNoNamespaces } from './netns.js';

const name = `ldk-${process.pid}-ipvs`;
const skip = whyNoNamespaces() ?? whyNoIpvs() ?? false;
let table: IpvsTable;

function whyNoIpvs(): string | undefined {
  const opened = openIpvsTable();
  if (!opened.ok) return opened.detail;
  opened.value.close();
  return undefined;
}

before(() => {
  if (skip !== false) return;
  ip('netns', 'add', name);
  // Without any address the kernel takes every destination for a broadcast address (EINVAL).
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const opened = inNamespace(name, () => openIpvsTable());
  assert.ok(opened.ok);
  table = opened.value;
});

afterEach(() => {
  if (skip === false) empty();
});

after(() => {
  if (skip !== false) return;
  table.close();
  ip('netns', 'del', name);
});

const tcp = (address: string, port: number): IpvsServiceKey => ({
  kind: 'address',
  family: address.includes(':') ? 6 : 4,
  protocol: 'tcp',
  address,
  port,
});

const service = (key: IpvsServiceKey, more: Partial<IpvsService> = {}): IpvsService => ({
  key,
  scheduler: 'rr',
  persistenceSeconds: undefined,
  persistencePrefix: key.family === 4 ? 32 : 128,
  isOnePacket: false,
  schedulerFlags: 0,
  ...more,
});

const destination = (address: string, forwarding: Forwarding, weight = 1): IpvsDestination => ({
  family: address.includes(':') ? 6 : 4,
  address,
  port: 80,
  forwarding,
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
});

function apply(...requests: readonly IpvsRequest[]): readonly string[] {
  const outcomes = table.apply(requests);
  assert.ok(outcomes.ok);
  return outcomes.value.map(({ reason }) => reason);
}

/** The table without counters, sorted, so that two tables can be compared. */
function readSorted(): readonly object[] {
  const read = table.read();
  assert.ok(read.ok, read.ok ? '' : read.detail);
  return read.value
    .map(({ destinations, ...rest }) => ({
      ...rest,
      destinations: destinations
        .map(({ activeConnections, inactiveConnections, persistentConnections, ...real }) => {
          assert.equal(activeConnections + inactiveConnections + persistentConnections, 0);
          return real;
        })
        .sort((a, b) => (a.address < b.address ? -1 : 1)),
    }))
    .sort((a, b) => (ipvsKeyText(a.key) < ipvsKeyText(b.key) ? -1 : 1));
}

function empty(): void {
  const read = table.read();
  assert.ok(read.ok);
  apply(...read.value.map(({ key }) => ({ kind: 'delete-service' as const, key })));
}

test('services and destinations of every kind are read back as they were made', { skip }, () => {
  const dns = { kind: 'address', family: 4, address: '192.168.0.64', port: 53 } as const;
  const made = [
    service(tcp('192.168.0.64', 80)),
    service(tcp('192.168.0.64', 21), { persistenceSeconds: 600, persistencePrefix: 24 }),
    service({ ...dns, protocol: 'udp' }, { isOnePacket: true, scheduler: 'wlc' }),
    service(tcp('fd00::64', 80), { persistenceSeconds: 30, persistencePrefix: 64 }),
    service({ kind: 'fwmark', family: 4, mark: 7 }, { scheduler: 'sh', schedulerFlags: 0x18 }),
    service({ kind: 'fwmark', family: 6, mark: 8 }),
  ];
  const reals = [
    destination('192.168.0.1', 'masq'),
    destination('192.168.0.2', 'gate', 0),
    { ...destination('192.168.0.3', 'ipip', 5), upperThreshold: 100, lowerThreshold: 50 },
    destination('192.168.0.4', 'local'),
  ];
  const real6 = destination('fd00::1', 'gate');
  const key = tcp('192.168.0.64', 80);
  const reasons = apply(
    ...made.map((each) => ({ kind: 'add-service' as const, service: each })),
    ...reals.map((each) => ({ kind: 'add-destination' as const, key, destination: each })),
    { kind: 'add-destination', key: tcp('fd00::64', 80), destination: real6 },
  );
  assert.ok(
    reasons.every((reason) => reason === ''),
    reasons.join('; '),
  );
  const expected = made
    .map((each) => ({
      ...each,
      destinations: each.key === made[0]?.key ? reals : each === made[3] ? [real6] : [],
    }))
    .sort((a, b) => (ipvsKeyText(a.key) < ipvsKeyText(b.key) ? -1 : 1));
  assert.deepEqual(readSorted(), expected);
  const printed = inNamespace(name, () => execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }));
  assert.match(printed, /^-A -t 192\.168\.0\.64:21 -s rr -p 600 -M 255\.255\.255\.0 *$/m);
  assert.match(printed, /^-A -t \[fd00::64\]:80 -s rr -p 30 -M 64 *$/m);
  assert.match(printed, /^-A -f 7 -s sh -b sh-fallback,sh-port *$/m);
  assert.match(printed, /^-a -t 192\.168\.0\.64:80 -r 192\.168\.0\.2:80 -g -w 0 *$/m);
  assert.match(
    printed,
    /^-a -t 192\.168\.0\.64:80 -r 192\.168\.0\.3:80 -i -w 5 --tun-type ipip *$/m,
  );
});

test('a refused request says why, and those behind it are still carried out', { skip }, () => {
  const key = tcp('10.0.0.1', 80);
  const real = destination('10.1.0.1', 'masq');
  const reasons = apply(
    { kind: 'add-destination', key, destination: real },
    { kind: 'add-service', service: service(key, { scheduler: 'nonesuch' }) },
    { kind: 'add-service', service: service(key) },
    { kind: 'add-service', service: service(key) },
    { kind: 'edit-destination', key, destination: real },
    { kind: 'add-destination', key, destination: real },
    { kind: 'add-destination', key, destination: real },
    { kind: 'edit-destination', key, destination: { ...real, weight: 0 } },
    { kind: 'delete-destination', key, destination: real },
    { kind: 'delete-service', key },
    { kind: 'delete-service', key },
  );
  assert.deepEqual(reasons, [
    'ESRCH: no virtual service tcp 10.0.0.1:80',
    'ENOENT: no scheduler nonesuch in this kernel',
    '',
    'EEXIST: virtual service tcp 10.0.0.1:80 exists',
    'ENOENT: no such destination of tcp 10.0.0.1:80',
    '',
    'EEXIST: destination exists',
    '',
    '',
    '',
    'ESRCH: no virtual service tcp 10.0.0.1:80',
  ]);
});

test('a table of 1,100 objects is made, read and taken away in batches', { skip }, (context) => {
  const requests: IpvsRequest[] = [];
  for (let at = 0; at < 100; at++) {
    const key = tcp(`10.9.${at}.1`, 80);
    requests.push({ kind: 'add-service', service: service(key) });
    for (let real = 1; real <= 10; real++) {
      const each = destination(`10.10.${at}.${real}`, 'masq');
      requests.push({ kind: 'add-destination', key, destination: each });
    }
  }
  const start = performance.now();
  assert.ok(apply(...requests).every((reason) => reason === ''));
  const middle = performance.now();
  const read = table.read();
  const end = performance.now();
  assert.ok(read.ok);
  assert.equal(read.value.length, 100, 'services');
  assert.ok(read.value.every(({ destinations }) => destinations.length === 10));
  context.diagnostic(
    `1,100 objects made in ${(middle - start).toFixed(0)} ms, ` +
      `read in ${(end - middle).toFixed(0)} ms`,
  );
  empty();
  assert.deepEqual(readSorted(), []);
});
