// `npm run bench -- checks [--services N] [--reals N] [--seconds N] [--peers …]`: what checking a
// farm by HTTP each second costs, and whether anybody is asked late, beside keepalived and the
// original in one run. One JSON line a peer. docs/benchmarks.md has the method.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Answered, HealthFarm, type HealthPeer } from './health-farm.js';
import { useOf } from './host-cpu.js';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '100' },
    reals: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
    rest: { type: 'string', default: '8' },
    peers: { type: 'string', default: 'keepalived,lubdub,lubdub; whole client,ldirectord 4.12' },
  },
});

const shape = {
  services: Number(values.services),
  realsEach: Number(values.reals),
  checkTimeoutSeconds: 5,
};

/** Later than the interval by half of it: the round was missed. */
const LATE_SECONDS = 1.5;

interface Pace {
  readonly checks: number;
  readonly gapMedianSeconds: number;
  readonly gapWorstSeconds: number;
  readonly late: number;
}

function paceOf(answers: readonly Answered[], from: number, to: number): Pace {
  const last = new Map<string, number>();
  const gaps: number[] = [];
  let checks = 0;
  for (const { at, address } of answers) {
    if (at < from || at > to) continue;
    checks++;
    const before = last.get(address);
    if (before !== undefined) gaps.push(at - before);
    last.set(address, at);
  }
  gaps.sort((a, b) => a - b);
  return {
    checks,
    gapMedianSeconds: gaps[gaps.length >> 1] ?? Number.NaN,
    gapWorstSeconds: gaps.at(-1) ?? Number.NaN,
    late: gaps.filter((gap) => gap > LATE_SECONDS).length,
  };
}

const rounded = (value: number): number => Number(value.toPrecision(3));

async function measure(peer: HealthPeer, reference: number | undefined): Promise<number> {
  const farm = new HealthFarm(shape);
  try {
    await farm.build();
    const program = await farm.start(peer);
    await sleep(Number(values.rest) * 1000);
    const [before, from] = [useOf(farm.director), Date.now() / 1000];
    await sleep(Number(values.seconds) * 1000);
    const [use, to] = [useOf(farm.director), Date.now() / 1000];
    await sleep(2000);
    const pace = paceOf(farm.answers(), from, to);
    const wanted = shape.services * shape.realsEach * (to - from);
    const cpuPerThousand = ((use.cpuSeconds - before.cpuSeconds) * 1000) / pace.checks;
    const line = {
      bench: 'checks',
      peer,
      reals: shape.services * shape.realsEach,
      services: shape.services,
      shareOfWantedRate: rounded(pace.checks / wanted),
      gapMedianSeconds: rounded(pace.gapMedianSeconds),
      gapWorstSeconds: rounded(pace.gapWorstSeconds),
      late: pace.late,
      cpuSecondsPerThousand: rounded(cpuPerThousand),
      toKeepalived: reference === undefined ? undefined : rounded(cpuPerThousand / reference),
      rssMiB: rounded(use.rssMiB),
      pssMiB: rounded(use.pssMiB),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (pace.checks === 0) process.stdout.write(`${program?.output ?? farm.directorLog()}\n`);
    return cpuPerThousand;
  } finally {
    await farm.close();
  }
}

let reference: number | undefined;
for (const name of values.peers.split(',')) {
  const peer = name.replace(';', ',') as HealthPeer;
  const cost = await measure(peer, reference);
  if (peer === 'keepalived') reference ??= cost;
}
process.exit();
