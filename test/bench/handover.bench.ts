// `npm run bench -- handover [--vips 1,100] [--repeats N]`: what a client that asks every 5 ms
// notices of a planned hand-over: `lubdub standby` of a pair, and an orderly stop of Debian's
// keepalived, whose planned hand-over that is. One JSON line a trial. docs/benchmarks.md has the
// method.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Host } from '../lab/host.js';
import { Pair } from '../lab/pair.js';
import { outageOf, Probe } from '../lab/probe.js';
import { startWeb } from '../lab/servers.js';
import { nowMs, waitFor } from '../lab/wait.js';
import { round } from './figures.js';
import { KeepalivedProgram } from './keepalived-program.js';
import { addressesOf, haresourcesOf, holderOf } from './takeover-pair.js';

const waitMs = 60_000;
/** The bursts of announcements of a start or a former hand-over are over by then. */
const restMs = 6000;

const { values } = parseArgs({
  options: {
    vips: { type: 'string', default: '1,100' },
    repeats: { type: 'string', default: '3' },
    peers: { type: 'string', default: 'lubdub,keepalived' },
  },
});

interface Mover {
  readonly peer: string;
  start(): Promise<void>;
  /** Moves everything away from the named machine. */
  move(from: string): Promise<void>;
  /** Has both machines take part again. */
  restore(from: string): Promise<void>;
  explain(): string;
}

function lubdubOn(pair: Pair): Mover {
  const programs = [pair.alpha, pair.beta];
  return {
    peer: 'lubdub',
    start: async () => {
      for (const program of programs) program.start();
      await pair.waitForBothActive(waitMs);
    },
    move: async (from) => {
      const program = programs.find((each) => each.host.name === from);
      const done = await program?.command('standby');
      if (done?.code !== 0) throw new Error(`standby: ${done?.stderr}\n${pair.explain()}`);
    },
    restore: async () => undefined,
    explain: () => pair.explain(),
  };
}

function keepalivedOn(pair: Pair, vips: number): Mover {
  const settings = {
    device: 'eth0',
    advertSeconds: '0.1',
    addresses: addressesOf(vips).map((address) => `${address}/24 dev eth0`),
  };
  const programs = [pair.alpha, pair.beta].map(
    ({ host }, at) => new KeepalivedProgram(host, settings, 150 - at * 50),
  );
  const named = (name: string): KeepalivedProgram | undefined =>
    programs.find((each) => each.host.name === name);
  return {
    peer: 'keepalived',
    start: async () => {
      for (const program of programs) program.start();
    },
    move: async (from) => {
      named(from)?.host.kill(/^keepalived/, 'SIGTERM');
    },
    restore: async (from) => named(from)?.start(),
    explain: () => programs.map((each) => each.output.slice(-2000)).join('\n'),
  };
}

interface Moved {
  readonly asked: number;
  readonly failed: number;
  /** From the first unanswered question to the first answered one after the last; 0 for none. */
  readonly outageMs: number;
  /** The longest that an answered question waited. */
  readonly slowestMs: number;
  readonly movedMs: number;
}

async function measure(pair: Pair, mover: Mover, vips: number): Promise<Moved> {
  const from = await waitFor('one holder', waitMs, () => holderOf(pair, vips), mover.explain);
  await sleep(restMs);
  const client = pair.lab.host('client');
  const addresses = addressesOf(vips);
  const ends = [...new Set([addresses[0] ?? '', addresses.at(-1) ?? ''])];
  const probes = await Promise.all(
    ends.map((address) => Probe.start(client, { address, intervalMs: 5, limitMs: 300 })),
  );
  for (const probe of probes) await probe.waitForAnswers(20, waitMs);
  const sinceMs = nowMs();
  await mover.move(from);
  await waitFor(
    'the other machine alone to hold the last address',
    waitMs,
    async () => {
      const name = await holderOf(pair, vips);
      return name !== undefined && name !== from;
    },
    mover.explain,
  );
  const movedMs = nowMs() - sinceMs;
  // The later announcements of the new holder belong to it.
  await sleep(1000);
  for (const probe of probes) await probe.settle();
  const answers = probes.map((probe) => probe.since(sinceMs));
  for (const probe of probes) await probe.stop();
  await mover.restore(from);
  const all = answers.flat();
  const failed = all.filter((each) => each.failure !== undefined);
  const answered = all.filter((each) => each.failure === undefined);
  return {
    asked: all.length,
    failed: failed.length,
    outageMs: round(Math.max(0, ...answers.map((each) => outageOf(each)?.ms ?? 0))),
    slowestMs: round(Math.max(0, ...answered.map((each) => each.tookMs))),
    movedMs: round(movedMs),
  };
}

async function bench(vips: number, contend: (pair: Pair) => Mover): Promise<void> {
  const pair = await Pair.build({
    media: ['bcast eth0'],
    keepalive: '100ms',
    deadtimeMs: 1000,
    initdeadMs: 3000,
    haresources: haresourcesOf(vips, true),
  });
  try {
    const machines: Host[] = [pair.alpha.host, pair.beta.host];
    for (const host of machines) await startWeb(host, host.name);
    const mover = contend(pair);
    await mover.start();
    for (let turn = 0; turn < Number(values.repeats); turn += 1) {
      const moved = await measure(pair, mover, vips);
      const trial = { bench: 'handover', where: 'host', peer: mover.peer, vips, ...moved };
      process.stdout.write(`${JSON.stringify(trial)}\n`);
    }
  } finally {
    await pair.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  for (const vips of values.vips.split(',').map(Number)) {
    if (values.peers.includes('keepalived')) await bench(vips, (pair) => keepalivedOn(pair, vips));
    if (values.peers.includes('lubdub')) await bench(vips, lubdubOn);
  }
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
// Probes and followers would keep the process; the labs are closed by now.
process.exit();
