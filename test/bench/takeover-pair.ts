// The takeover of addresses alone, on this machine's own kernel: no IPVS, the directors answer the
// addresses themselves. Ours with one resource group and with a group for each address, beside
// keepalived with the same addresses.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../lab/host.js';
import { Pair } from '../lab/pair.js';
import { startWeb } from '../lab/servers.js';
import { waitFor } from '../lab/wait.js';
import { printTrial, type Trial } from './figures.js';
import { KeepalivedProgram } from './keepalived-program.js';
import { type Arena, type Contender, playTrials } from './takeover-trial.js';
import { WireCapture } from './wire-capture.js';

const waitMs = 60_000;
/** For its first five seconds a daemon advertises two seconds more (as heartbeat 3.0.6 does). */
const earlyAllowanceMs = 5500;

const media = ['bcast eth0'];

export interface Setting {
  readonly name: string;
  readonly keepalive: string;
  readonly deadtimeMs: number;
}

export const addressesOf = (vips: number): string[] =>
  Array.from({ length: vips }, (_, at) => `10.8.0.${100 + at}`);

export const haresourcesOf = (vips: number, isGrouped: boolean): string => {
  const words = addressesOf(vips).map((address) => `IPaddr::${address}/24/eth0`);
  return isGrouped ? `alpha ${words.join(' ')}\n` : words.map((word) => `alpha ${word}\n`).join('');
};

/** The machine that has the last address alone. */
export async function holderOf(pair: Pair, vips: number): Promise<string | undefined> {
  const last = addressesOf(vips).at(-1) ?? '';
  const holders: string[] = [];
  for (const { host } of [pair.alpha, pair.beta]) {
    if (host.isOn && (await host.holds(last))) holders.push(host.name);
  }
  return holders.length === 1 ? holders[0] : undefined;
}

function lubdubOn(pair: Pair, setting: Setting, vips: number, isGrouped: boolean): Contender {
  const programs = [pair.alpha, pair.beta];
  return {
    peer: 'lubdub',
    setting: `${setting.name}${isGrouped ? '' : ', a group each'}`,
    word: 'heartbeat',
    holder: () => holderOf(pair, vips),
    start: async (host) => programs.find((each) => each.host === host)?.start(),
    ready: async () => {
      await pair.waitForBothActive(waitMs);
      await sleep(earlyAllowanceMs);
    },
    explain: () => pair.explain(),
  };
}

function keepalivedOn(pair: Pair, advertSeconds: string, vips: number): Contender {
  const settings = {
    device: 'eth0',
    advertSeconds,
    addresses: addressesOf(vips).map((address) => `${address}/24 dev eth0`),
  };
  const programs = [pair.alpha, pair.beta].map(
    ({ host }, at) => new KeepalivedProgram(host, settings, 150 - at * 50),
  );
  const explain = (): string => programs.map((each) => each.output.slice(-2000)).join('\n');
  return {
    peer: 'keepalived',
    setting: `adverts ${advertSeconds} s`,
    word: 'vrrp',
    holder: () => holderOf(pair, vips),
    start: async (host) => programs.find((each) => each.host === host)?.start(),
    ready: async () => {
      const holder = await waitFor('a master', waitMs, () => holderOf(pair, vips), explain);
      const standby = programs.find((each) => each.host.name !== holder);
      await standby?.waitForState('BACKUP');
      // The second burst of announcements comes five seconds after the first.
      await sleep(earlyAllowanceMs);
    },
    explain,
  };
}

async function withPair(
  setting: Setting,
  vips: number,
  isGrouped: boolean,
  play: (pair: Pair, arena: Arena) => Promise<void>,
): Promise<void> {
  const pair = await Pair.build({
    media,
    keepalive: setting.keepalive,
    deadtimeMs: setting.deadtimeMs,
    initdeadMs: 3000,
    haresources: haresourcesOf(vips, isGrouped),
  });
  try {
    const machines: [Host, Host] = [pair.alpha.host, pair.beta.host];
    for (const host of machines) await startWeb(host, host.name);
    const client = pair.lab.host('client');
    const addresses = addressesOf(vips);
    const ends = [addresses[0] ?? '', addresses.at(-1) ?? ''];
    await play(pair, {
      client,
      machines,
      capture: await WireCapture.start(client, 'eth0'),
      asked: [...new Set(ends)],
      device: 'eth0',
      announced: addresses.at(-1) ?? '',
      probeLimitMs: 300,
      intervalMs: 5,
      waitMs,
    });
  } finally {
    await pair.close();
  }
}

const restore = (host: Host): Promise<void> => startWeb(host, host.name);

export interface PairBench {
  readonly settings: readonly Setting[];
  readonly advertSeconds: readonly string[];
  readonly vips: readonly number[];
  readonly repeats: number;
  /** Without the trials of a group for each address. */
  readonly isGroupedOnly?: boolean;
}

/** Contenders take turns within one run, because the machine may be shared. */
export async function benchPairs(bench: PairBench): Promise<Trial[]> {
  const trials: Trial[] = [];
  const run = async (
    setting: Setting,
    vips: number,
    isGrouped: boolean,
    contend: (pair: Pair) => Contender,
  ): Promise<void> => {
    await withPair(setting, vips, isGrouped, async (pair, arena) => {
      const contender = contend(pair);
      for (const host of arena.machines) await contender.start(host);
      const { peer, setting: name } = contender;
      await playTrials(arena, contender, bench.repeats, restore, (measured) => {
        const trial = { bench: 'takeover', where: 'host', peer, setting: name, vips, ...measured };
        trials.push(trial);
        printTrial(trial);
      });
    });
  };
  const quickest = bench.settings[0] ?? { name: '', keepalive: '20ms', deadtimeMs: 100 };
  for (const vips of bench.vips) {
    for (const advertSeconds of bench.advertSeconds) {
      await run(quickest, vips, true, (pair) => keepalivedOn(pair, advertSeconds, vips));
    }
    for (const setting of bench.settings) {
      await run(setting, vips, true, (pair) => lubdubOn(pair, setting, vips, true));
    }
    if (bench.isGroupedOnly === true) continue;
    if (vips > 1) await run(quickest, vips, false, (pair) => lubdubOn(pair, quickest, vips, false));
  }
  return trials;
}
