// Every service type against a real Debian server of its kind, over IPv4 and IPv6, with the checks
// as ldirectord.cf words them: up, wrong content, slow, endless and senseless answers, mute, down.
// All servers run side by side in one network namespace, so that the whole takes seconds.

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { plannedChecks } from '#src/director/check-plan.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { recordedNames } from '../conformance/ldirectord-names.js';
import { listen, type RunningListener } from '../listeners/listener.js';
import { freeradius, kamailio, slapd, unbound } from './debian/directory-servers.js';
import { dovecot, exim } from './debian/mail-servers.js';
import { relaySlowly } from './debian/relay.js';
import { address4, address6, both, Disk, type ServerCheck } from './debian/server.js';
import { mariadb, postgresql } from './debian/sql-servers.js';
import { nginx, squid, vsftpd } from './debian/web-servers.js';
import { ip, moveToNamespace } from './netns.js';
import { boundToUs, Program } from './process.js';
import { nowMs, waitFor } from './wait.js';

const servers = [
  ...[nginx, squid, vsftpd, exim, dovecot, slapd, unbound, freeradius, kamailio],
  ...[mariadb, postgresql],
];
const checks = servers.flatMap((server) => server.checks);

/** For servers that answer, on a crowded machine; and for those that do not, which take all. */
const PATIENCE_S = 20;
const LIMIT_S = 2;
/** A deadline is kept within this. */
const SLACK_MS = 5000;
const START_MS = 60_000;
/** A first line of twenty bytes takes twice the limit. */
const DRIP_MS = 200;

const namespace = `ldk-${process.pid}-debian`;
const folder = mkdtempSync('/tmp/lubdub-debian-');
const runner = createCheckRunner();
const programs: Program[] = [];
const hostile: { close(): unknown }[] = [];

/** Ports of hostile things in front of a service, one number apart for each service. */
const hostilePort = (check: ServerCheck, kind: number): number =>
  10_000 + checks.indexOf(check) * 10 + kind;
const [GARBAGE, FLOOD, DRIP] = [0, 1, 2];

let lastId = 0;

function configOf(
  check: ServerCheck,
  lines: readonly string[],
  real: string,
  port: number,
): string {
  const six = real.includes(':') ? '6' : '';
  const host = (address: string): string => (six === '' ? address : `[${address}]`);
  return [
    `checktimeout=${PATIENCE_S}`,
    `virtual${six}=${host(six === '' ? '192.0.2.1' : '2001:db8::1')}:${check.port}`,
    `    real${six}=${host(real)}:${port} masq`,
    `    protocol=${check.protocol ?? 'tcp'}`,
    ...lines.map((line) => `    ${line}`),
    '',
  ].join('\n');
}

interface Asked {
  readonly verdict: CheckVerdict;
  readonly tookMs: number;
}

function ask(
  check: ServerCheck,
  lines: readonly string[],
  real: string,
  port: number,
  limitS: number,
): Promise<Asked> {
  const text = configOf(
    check,
    [...lines, `negotiatetimeout=${limitS}`, `checktimeout=${limitS}`],
    real,
    port,
  );
  const { config, diagnostics } = parseDirectorConfig(text, 'lab.cf', recordedNames());
  const spec = config && plannedChecks(config)[0]?.main;
  if (spec === undefined) throw new Error(`${text}\n${JSON.stringify(diagnostics)}`);
  const from = nowMs();
  return new Promise((resolve) =>
    runner.start(++lastId, spec, (verdict) => resolve({ verdict, tookMs: nowMs() - from })),
  );
}

/** Processes of the namespace but this one. */
function serverPids(): readonly number[] {
  const home = statSync(`/run/netns/${namespace}`).ino;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/net`) === `net:[${home}]`;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}

function signalServers(signal: NodeJS.Signals): void {
  for (const pid of serverPids()) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function startServers(): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      const disk = new Disk(`${folder}/${server.name}`);
      const argv = await server.prepare(disk);
      programs.push(new Program(boundToUs(argv)));
    }),
  );
}

async function startHostile(): Promise<void> {
  for (const check of checks) {
    const kinds = [
      ['garbage', GARBAGE],
      ['flood', FLOOD],
    ] as const;
    for (const [kind, number] of kinds) {
      const where = `${check.protocol ?? 'tcp'}/${hostilePort(check, number ?? 0)}`;
      for (const address of both) {
        const running: RunningListener = await listen(address, where, () => ({ kind }));
        hostile.push(running);
      }
    }
    if (check.isDatagram === true) continue;
    const port = hostilePort(check, DRIP ?? 0);
    for (const address of both) {
      hostile.push(await relaySlowly(address, check.port, port, DRIP_MS));
    }
  }
}

before(async () => {
  // The servers have users of their own.
  chmodSync(folder, 0o755);
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'addr', 'add', `${address4}/32`, 'dev', 'lo');
  ip('-n', namespace, 'addr', 'add', `${address6}/128`, 'dev', 'lo', 'nodad');
  moveToNamespace(namespace);
  await runner.prepare(new Set(['ftp', 'dns', 'ldap', 'mysql', 'pgsql', 'radius']));
  await Promise.all([startServers(), startHostile()]);
});

after(async () => {
  runner.stop();
  signalServers('SIGKILL');
  await Promise.all(programs.map((program) => program.ended));
  for (const each of hostile) each.close();
  ip('netns', 'del', namespace);
  rmSync(folder, { recursive: true, force: true });
});

/** What the server said of itself, for a test that fails. */
function explain(check: ServerCheck): string {
  const at = servers.findIndex((server) => server.checks.includes(check));
  const name = servers[at]?.name ?? '';
  const logs = readdirSync(`${folder}/${name}`).filter((file) => /log$/.test(file));
  const texts = logs.map((file) => {
    const path = `${folder}/${name}/${file}`;
    return statSync(path).isFile() ? readFileSync(path, 'utf8').slice(-2000) : '';
  });
  return [...programs.map((program) => program.output.slice(-500)), ...texts].join('\n');
}

const family = (address: string): string => (address === address6 ? 'IPv6' : 'IPv4');

function expectDown({ verdict, tookMs }: Asked, limitS: number): void {
  assert.equal(verdict.isUp, false, verdict.reason);
  assert.ok(tookMs < limitS * 1000 + SLACK_MS, `${Math.round(tookMs)} ms: ${verdict.reason}`);
}

describe('a real server that runs', { concurrency: true }, () => {
  for (const check of checks) {
    for (const address of both) {
      test(`${check.name} over ${family(address)} is up`, async () => {
        let last: CheckVerdict | undefined;
        await waitFor(
          `${check.name} to be up`,
          START_MS,
          async () => {
            last = (await ask(check, check.good, address, check.port, PATIENCE_S)).verdict;
            return last.isUp;
          },
          () => `${last?.reason}\n${explain(check)}`,
        );
      });
    }
  }
});

describe('a real server that is not as it should be', { concurrency: true }, () => {
  for (const check of checks) {
    for (const address of both) {
      const over = `${check.name} over ${family(address)}`;
      test(`${over} is down for wrong content`, async () => {
        const port = check.wrongPort ?? check.port;
        const asked = await ask(check, check.wrong, address, port, PATIENCE_S);
        expectDown(asked, PATIENCE_S);
        assert.doesNotMatch(asked.verdict.reason, /timed out|refused$/);
      });
      if (check.isDatagram === true) continue;
      test(`${over} is down when the answer drips beyond the limit`, async () => {
        const port = hostilePort(check, DRIP ?? 0);
        const asked = await ask(check, check.good, address, port, LIMIT_S);
        expectDown(asked, LIMIT_S);
        assert.match(asked.verdict.reason, /timed out/);
      });
    }
  }
});

// Few at once: this process is the flood as well.
describe('something else than the real server', { concurrency: 3 }, () => {
  for (const check of checks) {
    for (const address of both) {
      const over = `${check.name} over ${family(address)}`;
      test(`${over} is down when answers are senseless or never end`, async () => {
        for (const kind of [GARBAGE, FLOOD]) {
          const port = hostilePort(check, kind ?? 0);
          expectDown(await ask(check, check.good, address, port, LIMIT_S), LIMIT_S);
        }
      });
    }
  }
});

describe('a real server that hangs', { concurrency: true }, () => {
  before(() => signalServers('SIGSTOP'));
  after(() => signalServers('SIGCONT'));
  for (const check of checks) {
    for (const address of both) {
      test(`${check.name} over ${family(address)} is down at the limit`, async () => {
        const asked = await ask(check, check.good, address, check.port, LIMIT_S);
        expectDown(asked, LIMIT_S);
        assert.match(asked.verdict.reason, /timed out|no answer/);
      });
    }
  }
});

describe('a real server that has ended', { concurrency: true }, () => {
  before(async () => {
    signalServers('SIGKILL');
    await waitFor('the servers to be gone', START_MS, () => serverPids().length === 0);
  });
  for (const check of checks) {
    for (const address of both) {
      test(`${check.name} over ${family(address)} is down`, async () => {
        expectDown(await ask(check, check.good, address, check.port, LIMIT_S), LIMIT_S);
      });
    }
  }
});
