// Every dialogue against scripted servers on loopback: up, wrong content, down, mute, dripping,
// endless and senseless answers; IPv4 and IPv6 alike; never later than its limit.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Duration, millis } from '#src/base/time.js';
import type { CheckSpec, DialogueCheck, LdapCheck } from '#src/checks/check-spec.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { type Listener, listen } from '../../listeners/listener.js';

const runner = createCheckRunner();
const closers: (() => Promise<void>)[] = [];
before(() => runner.prepare(new Set(['dns', 'ldap', 'mysql', 'pgsql', 'radius'])));
after(async () => {
  runner.stop();
  await Promise.all(closers.map((close) => close()));
});

let lastId = 0;
const run = (spec: CheckSpec): Promise<CheckVerdict> =>
  new Promise((resolve) => runner.start(++lastId, spec, resolve));

/** For servers that answer: enough for a crowded machine. */
const PATIENCE_MS = 5000;
/** For those that do not, which take all of it. */
const LIMIT_MS = 700;
/** A deadline is kept within this, also on a crowded machine. */
const SLACK_MS = 1500;

interface Target {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly timeout: Duration;
}

type Make = (target: Target) => CheckSpec;

interface Service {
  readonly name: string;
  readonly protocol?: 'udp';
  readonly spec: Make;
  readonly good: Listener;
  readonly wrong: Listener;
  /** How the reasons of up and wrong begin or what is in them. */
  readonly says: readonly [up: RegExp, wrong: RegExp];
}

const dialogue =
  (more: Partial<DialogueCheck> & Pick<DialogueCheck, 'protocol'>): Make =>
  (target) => ({
    kind: 'dialogue',
    ...target,
    transport: 'tcp',
    login: 'probe',
    password: 'pw',
    request: '',
    receive: '',
    ...more,
  });

const users = { probe: 'pw' };

const dns =
  (transport: 'tcp' | 'udp'): Make =>
  (target) => ({
    kind: 'dns',
    ...target,
    transport,
    query: 'www.lab.example',
    receive: '192\\.0\\.2\\.1[12]',
  });

const sql =
  (dialect: 'mysql' | 'pgsql'): Make =>
  (target) => ({
    kind: 'sql',
    ...target,
    dialect,
    login: 'probe',
    password: 'pw',
    database: 'portal',
    query: 'SELECT id FROM enabled',
  });

const queries = { 'SELECT id FROM enabled': [7] };
const empty = { 'SELECT id FROM enabled': [] };
const zone = (address: string): NonNullable<Listener['zone']> => ({
  'www.lab.example': [['A', address]],
});

const ldap: Make = (target) => ({
  kind: 'ldap',
  ...target,
  isSecure: false,
  base: 'dc=lab,dc=example',
  login: '',
  password: '',
  receive: 'dc=lab',
});

const entries = (...dns: readonly string[]): NonNullable<Listener['entries']> => ({
  'dc=lab,dc=example': dns,
});

const services: readonly Service[] = [
  {
    name: 'smtp',
    spec: dialogue({ protocol: 'smtp' }),
    good: { kind: 'smtp' },
    wrong: { kind: 'smtp', banner: '554 go away' },
    says: [/^SMTP 220/, /^SMTP greeting 554/],
  },
  {
    name: 'pop',
    spec: dialogue({ protocol: 'pop' }),
    good: { kind: 'pop3', users },
    wrong: { kind: 'pop3', users: {} },
    says: [/^POP login$/, /^POP login -ERR/],
  },
  {
    name: 'pops',
    spec: dialogue({ protocol: 'pop', transport: 'tls' }),
    good: { kind: 'pop3', users, tls: true },
    wrong: { kind: 'pop3', users: {}, tls: true },
    says: [/^POP login$/, /^POP login -ERR/],
  },
  {
    name: 'imap',
    spec: dialogue({ protocol: 'imap' }),
    good: { kind: 'imap', users },
    wrong: { kind: 'imap', users: {} },
    says: [/^IMAP login$/, /^IMAP login 0 NO/],
  },
  {
    name: 'imaps',
    spec: dialogue({ protocol: 'imap', transport: 'tls' }),
    good: { kind: 'imap', users, tls: true },
    wrong: { kind: 'imap', users: {}, tls: true },
    says: [/^IMAP login$/, /^IMAP login 0 NO/],
  },
  {
    name: 'nntp',
    spec: dialogue({ protocol: 'nntp' }),
    good: { kind: 'nntp' },
    wrong: { kind: 'nntp', banner: '400 closed' },
    says: [/^NNTP 200/, /^NNTP 400/],
  },
  {
    name: 'sip over tcp',
    spec: dialogue({ protocol: 'sip' }),
    good: { kind: 'sip' },
    wrong: { kind: 'sip', status_line: 'SIP/2.0 503 no' },
    says: [/^SIP\/2.0 200/, /^SIP: SIP\/2.0 503/],
  },
  {
    name: 'sip over udp',
    protocol: 'udp',
    spec: dialogue({ protocol: 'sip', transport: 'udp' }),
    good: { kind: 'sip' },
    wrong: { kind: 'sip', status_line: 'SIP/2.0 503 no' },
    says: [/^SIP\/2.0 200/, /^SIP: SIP\/2.0 503/],
  },
  {
    name: 'simpletcp',
    spec: dialogue({ protocol: 'simpletcp', request: 'PING\\n', receive: '^PONG' }),
    good: { kind: 'reply', expect: 'PING\n', reply: 'hello\nPONG 1\n' },
    wrong: { kind: 'reply', reply: 'NOPE\n' },
    says: [/^PONG 1/, /^closed, and nothing matched: NOPE/],
  },
  {
    name: 'simpletcp over udp',
    protocol: 'udp',
    spec: dialogue({
      protocol: 'simpletcp',
      transport: 'udp',
      request: 'hi',
      receive: 'yo',
    }),
    good: { kind: 'reply', expect: 'hi', reply: 'yo\n' },
    wrong: { kind: 'reply', reply: 'no\n' },
    says: [/^yo/, /^a line that matches receive timed out/],
  },
  {
    name: 'dns over udp',
    protocol: 'udp',
    spec: dns('udp'),
    good: { kind: 'dns', zone: zone('192.0.2.11') },
    wrong: { kind: 'dns', zone: zone('192.0.2.10') },
    says: [/^DNS 192.0.2.11/, /192.0.2.10 does not match receive/],
  },
  {
    name: 'ldap',
    spec: ldap,
    good: { kind: 'ldap', entries: entries('dc=lab,dc=example') },
    wrong: { kind: 'ldap', entries: entries('dc=other') },
    says: [/^LDAP entry/, /does not match receive/],
  },
  {
    name: 'ldaps',
    spec: (target) => ({ ...(ldap(target) as LdapCheck), isSecure: true }),
    good: { kind: 'ldap', tls: true, entries: entries('dc=lab,dc=example') },
    wrong: { kind: 'ldap', tls: true, entries: {} },
    says: [/^LDAP entry/, /^LDAP: NoSuchObject \(result 32\)/],
  },
  {
    name: 'radius',
    protocol: 'udp',
    spec: (target) => ({
      kind: 'radius',
      ...target,
      login: 'probe',
      password: 'pw',
      secret: 's',
    }),
    good: { kind: 'radius', secret: 's', users },
    wrong: { kind: 'radius', secret: 's', users: {} },
    says: [/^RADIUS accept/, /^RADIUS reject/],
  },
  {
    name: 'mysql',
    spec: sql('mysql'),
    good: { kind: 'mysql', users, queries },
    wrong: { kind: 'mysql', users, queries: empty },
    says: [/^mysql: rows/, /^mysql: no rows/],
  },
  {
    name: 'pgsql',
    spec: sql('pgsql'),
    good: { kind: 'pgsql', users, queries },
    wrong: { kind: 'pgsql', users, queries: empty },
    says: [/^pgsql: rows/, /^pgsql: no rows/],
  },
];

async function verdictOf(
  service: Service,
  listener: Listener,
  { family = 4, limitMs = PATIENCE_MS }: { family?: 4 | 6; limitMs?: number } = {},
): Promise<CheckVerdict & { readonly took: number }> {
  const address = family === 6 ? '::1' : '127.9.4.1';
  const where = `${service.protocol ?? 'tcp'}/0`;
  const running = await listen(address, where, () => listener);
  closers.push(running.close);
  const began = performance.now();
  const verdict = await run(
    service.spec({ family, address, port: running.port, timeout: millis(limitMs) }),
  );
  const took = performance.now() - began;
  // A stall of the machine is given back once (run-check.ts).
  assert.ok(took < 2 * limitMs + SLACK_MS, `${took} ms`);
  return { ...verdict, took };
}

const silent = { limitMs: LIMIT_MS };

// Most of the time is spent waiting for servers that say nothing.
describe('a check of', { concurrency: 8 }, () => {
  for (const service of services) {
    describe(service.name, () => {
      const { good, wrong, says } = service;
      const isUdp = service.protocol === 'udp';
      const secure = good.tls === undefined ? {} : { tls: good.tls };

      it('is up when the answer is right, over IPv4 and IPv6', async () => {
        for (const family of [4, 6] as const) {
          const { isUp, reason } = await verdictOf(service, good, { family });
          assert.match(reason, says[0]);
          assert.equal(isUp, true);
        }
      });

      it('is down when the answer is wrong, and says what it was', async () => {
        const { isUp, reason } = await verdictOf(service, wrong);
        assert.match(reason, says[1]);
        assert.equal(isUp, false);
      });

      it('is down at once when nobody listens', async () => {
        const running = await listen('127.9.4.2', `${service.protocol ?? 'tcp'}/0`, () => good);
        await running.close();
        const { isUp, reason } = await run(
          service.spec({
            family: 4,
            address: '127.9.4.2',
            port: running.port,
            timeout: millis(PATIENCE_MS),
          }),
        );
        assert.match(reason, isUdp ? /port unreachable|timed out/ : /connect refused/);
        assert.equal(isUp, false);
      });

      it('is down at its limit when the server is mute', async () => {
        const { isUp, reason } = await verdictOf(service, { kind: 'mute', ...secure }, silent);
        assert.match(reason, /timed out after 0\.7 s/);
        assert.equal(isUp, false);
      });

      it('is down when the server speaks nonsense or without end', async () => {
        for (const kind of ['garbage', 'flood']) {
          const { isUp, reason } = await verdictOf(service, { kind, ...secure }, silent);
          assert.equal(isUp, false, `${kind}: ${reason}`);
        }
      });

      // A datagram comes whole.
      if (isUdp) return;
      it('ends at its limit, whatever comes, when the answer drips', async () => {
        const { took, reason } = await verdictOf(service, { ...good, drip_ms: 100 }, silent);
        assert.ok(took > 0 && reason !== '', reason);
      });
    });
  }
});

describe('a mail server', () => {
  it('that refuses EHLO and HELO is down, and one that knows only HELO is up', async () => {
    const [smtp] = services;
    assert.ok(smtp);
    const deaf = await verdictOf(smtp, { kind: 'smtp', ehlo: '500 no', helo: '550 no' });
    assert.deepEqual([deaf.isUp, deaf.reason], [false, 'SMTP hello 550 no']);
    assert.equal((await verdictOf(smtp, { kind: 'smtp', ehlo: '500 no' })).isUp, true);
  });
});

describe('a name server', () => {
  const byTcp: Service = {
    name: 'dns over tcp',
    spec: dns('tcp'),
    good: {},
    wrong: {},
    says: [/./, /./],
  };

  it('that is mute over tcp is down at the limit, one that talks nonsense before', async () => {
    assert.match((await verdictOf(byTcp, { kind: 'mute' }, silent)).reason, /timed out/);
    assert.equal((await verdictOf(byTcp, { kind: 'garbage' }, silent)).isUp, false);
    assert.equal((await verdictOf(byTcp, { kind: 'flood' }, silent)).isUp, false);
  });
});

describe('a directory', () => {
  it('that takes no anonymous bind is down', async () => {
    const service = services.find(({ name }) => name === 'ldap');
    assert.ok(service);
    const listener = { kind: 'ldap', no_anonymous: true, entries: entries('dc=lab') };
    const { isUp, reason } = await verdictOf(service, listener);
    assert.deepEqual([isUp, reason], [false, 'LDAP: InvalidCredentials (result 49)']);
  });
});

describe('a database', () => {
  it('that refuses the login or the query is down and says so', async () => {
    for (const name of ['mysql', 'pgsql']) {
      const service = services.find((each) => each.name === name);
      assert.ok(service);
      const stranger = await verdictOf(service, { kind: name, users: {}, queries });
      assert.match(stranger.reason, /denied|authentication failed/);
      const unknown = await verdictOf(service, { kind: name, users, queries: {} });
      assert.match(unknown.reason, /table/i);
      assert.deepEqual([stranger.isUp, unknown.isUp], [false, false]);
    }
  });
});
