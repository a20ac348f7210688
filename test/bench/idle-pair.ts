// A pair of any of the three programs that holds one address and has nothing to do: what it costs,
// and whether it takes a living peer for dead.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../lab/host.js';
import { Pair } from '../lab/pair.js';
import { waitFor } from '../lab/wait.js';
import { KeepalivedProgram } from './keepalived-program.js';
import { startOriginal } from './original-program.js';
import { addressesOf, haresourcesOf, holderOf } from './takeover-pair.js';

const waitMs = 60_000;
/** After the allowances and bursts of a start; the original takes ten seconds to settle. */
const restMs = 12_000;

export interface IdleSetting {
  readonly peer: 'lubdub' | 'heartbeat 3.0.6' | 'keepalived';
  readonly keepaliveMs: number;
  readonly deadtimeMs: number;
  readonly isRealtime: boolean;
}

export interface IdlePair {
  readonly hosts: readonly [Host, Host];
  readonly active: Host;
  readonly standby: Host;
  /** How often a node took the other, which lived, for dead since the start of the rest. */
  falseDeaths(): number;
}

const logText = (host: Host): string => {
  try {
    return host.read('log/ha-log');
  } catch {
    return '';
  }
};

function countIn(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

interface Started {
  /** Deaths of the peer, false or not, that both have declared. */
  deaths(): number;
  explain(): string;
}

async function start(setting: IdleSetting, pair: Pair): Promise<Started> {
  const hosts = [pair.alpha.host, pair.beta.host];
  if (setting.peer === 'keepalived') {
    const programs = hosts.map(
      (host, at) =>
        new KeepalivedProgram(
          host,
          {
            device: 'eth0',
            advertSeconds: String(setting.keepaliveMs / 1000),
            addresses: addressesOf(1).map((address) => `${address}/24 dev eth0`),
            globals: setting.isRealtime ? ['vrrp_rt_priority 50', 'vrrp_no_swap'] : [],
          },
          150 - at * 50,
        ),
    );
    for (const program of programs) program.start();
    const deaths = (): number =>
      programs.reduce((sum, each) => sum + countIn(each.output, /Entering MASTER STATE/g), 0);
    return { deaths, explain: () => programs.map((each) => each.output.slice(-2000)).join('\n') };
  }
  if (setting.peer === 'lubdub') for (const program of [pair.alpha, pair.beta]) program.start();
  else for (const host of hosts) await startOriginal(host);
  const deaths = (): number =>
    hosts.reduce((sum, host) => sum + countIn(logText(host), /node (?:alpha|beta): is dead/g), 0);
  return { deaths, explain: () => hosts.map((host) => logText(host).slice(-2000)).join('\n') };
}

/** Calls `use` with a pair that has settled. */
export async function withIdlePair<T>(
  setting: IdleSetting,
  use: (pair: IdlePair) => Promise<T>,
): Promise<T> {
  const pair = await Pair.build({
    media: ['bcast eth0'],
    keepalive: `${setting.keepaliveMs}ms`,
    deadtimeMs: setting.deadtimeMs,
    initdeadMs: 3000,
    lines: setting.isRealtime ? [] : ['realtime off'],
    haresources: haresourcesOf(1, true),
  });
  try {
    const started = await start(setting, pair);
    await waitFor('one holder', waitMs, () => holderOf(pair, 1), started.explain);
    await sleep(restMs);
    const holder = await waitFor('one holder', waitMs, () => holderOf(pair, 1), started.explain);
    const [alpha, beta] = [pair.alpha.host, pair.beta.host];
    const before = started.deaths();
    return await use({
      hosts: [alpha, beta],
      active: holder === alpha.name ? alpha : beta,
      standby: holder === alpha.name ? beta : alpha,
      falseDeaths: () => started.deaths() - before,
    });
  } finally {
    await pair.close();
  }
}
