// The takeover of the demo's whole cluster through the kernel's IPVS table, in one boot of one
// kernel: ours, then keepalived with the same addresses, virtual servers and checks.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../lab/host.js';
import { pace as measurePace } from '../lab/pace.js';
import { tableOf } from '../lab/servers.js';
import {
  insideVip,
  outsideVip,
  startFallback,
  ThesisCluster,
  wholeTable,
} from '../lab/thesis/cluster.js';
import { timingsFor } from '../lab/thesis/play.js';
import { waitFor } from '../lab/wait.js';
import { printTrial, type Trial } from './figures.js';
import { KeepalivedProgram } from './keepalived-program.js';
import { type Arena, type Contender, playTrials } from './takeover-trial.js';
import { WireCapture } from './wire-capture.js';

const earlyAllowanceMs = 6000;

const virtualServer = (port: number, lines: readonly string[], check: readonly string[]): string =>
  [
    `virtual_server ${outsideVip} ${port} {`,
    '  delay_loop 1',
    '  lvs_sched rr',
    '  lvs_method NAT',
    '  protocol TCP',
    '  quorum 1',
    ...lines,
    ...[1, 2].flatMap((number) => [
      `  real_server 192.168.0.${number} ${port} {`,
      '    weight 1',
      '    inhibit_on_failure',
      ...check.map((line) => `    ${line}`),
      '  }',
    ]),
    '}',
    '',
  ].join('\n');

const timeouts = ['connect_timeout 3', 'retry 2', 'delay_before_retry 1'];
const virtualServers = [
  virtualServer(
    80,
    ['  sorry_server 127.0.0.1 80'],
    [
      ...['HTTP_GET {', '  url { path /ldirector.html status_code 200 }'],
      ...timeouts.map((line) => `  ${line}`),
      '}',
    ],
  ),
  virtualServer(
    21,
    ['  persistence_timeout 600'],
    ['TCP_CHECK {', ...timeouts.map((line) => `  ${line}`), '}'],
  ),
].join('\n');

async function aloneWithTable(cluster: ThesisCluster): Promise<string | undefined> {
  const [holders, touching] = [await cluster.holders(), await cluster.touching()];
  const [name] = holders;
  if (name === undefined || holders.length !== 1 || touching.length !== 1) return undefined;
  const table = await tableOf(cluster.director(name).host);
  return JSON.stringify(table) === JSON.stringify(wholeTable) ? name : undefined;
}

function lubdubOn(cluster: ThesisCluster, setting: string, waitMs: number): Contender {
  const programs = [...cluster.directors.values()];
  return {
    peer: 'lubdub',
    setting,
    word: 'heartbeat',
    holder: () => aloneWithTable(cluster),
    start: async (host) => programs.find((each) => each.host === host)?.start(),
    ready: async () => {
      for (const program of programs) {
        await program.waitForStatus('both nodes active', waitMs, (status) =>
          status.nodes.every((node) => node.state === 'active'),
        );
      }
      await sleep(earlyAllowanceMs);
    },
    explain: () => programs.map((each) => each.explain()).join('\n'),
  };
}

function keepalivedOn(cluster: ThesisCluster, advertSeconds: string, waitMs: number): Contender {
  const settings = {
    // On the inner network, as our heartbeats are.
    device: 'eth0',
    advertSeconds,
    addresses: [`${insideVip}/24 dev eth0`, `${outsideVip}/25 dev eth1`],
    blocks: virtualServers,
  };
  const programs = [...cluster.directors.values()].map(
    ({ host }, at) => new KeepalivedProgram(host, settings, 150 - at * 50),
  );
  const explain = (): string => programs.map((each) => each.output.slice(-3000)).join('\n');
  return {
    peer: 'keepalived',
    setting: `adverts ${advertSeconds} s`,
    word: 'vrrp',
    holder: () => aloneWithTable(cluster),
    start: async (host) => programs.find((each) => each.host === host)?.start(),
    ready: async () => {
      const holder = await waitFor('a master', waitMs, () => aloneWithTable(cluster), explain);
      await programs.find((each) => each.host.name !== holder)?.waitForState('BACKUP');
      await sleep(earlyAllowanceMs);
    },
    explain,
  };
}

async function arenaOf(cluster: ThesisCluster, pace: number): Promise<Arena> {
  const [mom, dad] = [...cluster.directors.values()].map((each) => each.host);
  if (mom === undefined || dad === undefined) throw new Error('a cluster has two directors');
  return {
    client: cluster.client,
    machines: [mom, dad],
    capture: await WireCapture.start(cluster.lab.host('penguin1'), 'eth0'),
    asked: [outsideVip],
    device: 'eth0',
    announced: insideVip,
    // An emulated machine of two processors cannot answer 200 questions a second.
    probeLimitMs: pace > 3 ? 1000 : 300,
    intervalMs: pace > 3 ? 25 : 5,
    waitMs: 20_000 * pace,
  };
}

const restore = (host: Host): Promise<void> => startFallback(host);

/** One contender on a cluster of its own. */
async function play(
  contend: (cluster: ThesisCluster, waitMs: number, setting: string) => Contender,
  repeats: number,
  where: string,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const pace = await measurePace();
  const { overrides, deadtimeMs } = timingsFor(pace);
  const cluster = await ThesisCluster.build(overrides);
  try {
    const arena = await arenaOf(cluster, pace);
    const contender = contend(cluster, arena.waitMs, `dead time ${deadtimeMs} ms`);
    for (const host of arena.machines) await contender.start(host);
    const { peer, setting } = contender;
    await playTrials(arena, contender, repeats, restore, (measured) => {
      const trial = { bench: 'takeover', where, peer, setting, vips: 2, ...measured };
      trials.push(trial);
      printTrial(trial);
    });
    return trials;
  } finally {
    await cluster.close();
  }
}

export async function benchTables(repeats: number, where: string): Promise<Trial[]> {
  const theirs = await play(
    (cluster, waitMs) => keepalivedOn(cluster, '0.2', waitMs),
    repeats,
    where,
  );
  const ours = await play(
    (cluster, waitMs, setting) => lubdubOn(cluster, setting, waitMs),
    repeats,
    where,
  );
  return [...theirs, ...ours];
}
