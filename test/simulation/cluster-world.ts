// The world of a pair: two hosts, the media between them, the switch in front of the clients, and
// the checkers that look at everything after each step. One seed gives one run.

import { createKeyRing, type KeyRing } from '#src/auth/key-ring.js';
import { createPrng, type Prng } from '#src/base/prng.js';
import { millis } from '#src/base/time.js';
import type { AutoFailback, ClusterConfig, ResourceGroup } from '#src/cluster/cluster-config.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { type Agenda, createAgenda } from './cluster-agenda.js';
import { type Checker, createCheckers } from './cluster-checkers.js';
import { createHost, type Host, type HostHooks } from './cluster-host.js';
import { createNetwork, type Network } from './cluster-network.js';

export interface WorldOptions {
  readonly seed: number;
  readonly autoFailback: AutoFailback;
  readonly keepaliveMs: number;
  readonly deadtimeMs: number;
  readonly initdeadMs: number;
  readonly scriptMs: number;
  /** Names of ping nodes; with any, both run ipfail. */
  readonly pingNodes: readonly string[];
  /** Lines of haresources: the preferred node, then resource words. */
  readonly groups: readonly (readonly [string, ...string[]])[];
  /** A STONITH device that takes this long and fails as often first; undefined: none. */
  readonly stonith?: { readonly takesMs: number; readonly failures: number };
}

export const MOM = 'penguin-mom';
export const DAD = 'penguin-dad';

export const plainOptions = (change: Partial<WorldOptions> = {}): WorldOptions => ({
  seed: 1,
  autoFailback: 'off',
  keepaliveMs: 100,
  deadtimeMs: 1000,
  initdeadMs: 2000,
  scriptMs: 20,
  pingNodes: [],
  groups: [
    [MOM, 'IPaddr::192.168.0.64', 'ldirectord'],
    [DAD, 'IPaddr::192.168.0.65'],
  ],
  ...change,
});

export interface World {
  readonly options: WorldOptions;
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly network: Network;
  readonly mom: Host;
  readonly dad: Host;
  readonly hosts: readonly [Host, Host];
  /** The switch and the clients' caches: address word to the host announced last. */
  readonly caches: Map<string, string>;
  readonly violations: string[];
  readonly checkers: readonly Checker[];
  time(): number;
  run(forMs: number): void;
  peerOf(host: Host): Host;
  host(name: string): Host;
}

const media: ClusterConfig['media'] = [
  { name: 'eth1', kind: 'bcast' },
  { name: '/dev/ttyS0', kind: 'serial' },
];

function ringOf(): KeyRing {
  const ring = createKeyRing(2, [{ number: 2, method: 'sha1', key: 'penguin' }], nodeHmac);
  if (ring === undefined) throw new Error('the ring has its current key');
  return ring;
}

function groupOf(line: readonly [string, ...string[]]): ResourceGroup {
  const [preferredNode, ...words] = line;
  const resources = words.map((word) => {
    const [script = '', ...args] = word.split('::');
    return { script, args, word };
  });
  return { key: words[0] ?? '', preferredNode, resources };
}

export function configOf(options: WorldOptions, localNode: string): ClusterConfig {
  return {
    localNode,
    nodes: [MOM, DAD],
    pingNodes: options.pingNodes,
    keepalive: millis(options.keepaliveMs),
    deadtime: millis(options.deadtimeMs),
    warntime: millis(options.deadtimeMs / 2),
    initdead: millis(options.initdeadMs),
    deadping: millis(options.deadtimeMs),
    autoFailback: options.autoFailback,
    media: [...media, ...options.pingNodes.map((name) => ({ name, kind: 'ping' as const }))],
    isIpfailWanted: options.pingNodes.length > 0,
    groups: options.groups.map(groupOf),
    ring: ringOf(),
    format: 'classic',
    maxRexmitDelay: millis(250),
    hopfudge: 1,
    isBadPackLogged: true,
    stonithDevice: options.stonith === undefined ? undefined : 'switch',
  };
}

export function createWorld(options: WorldOptions): World {
  const prng = createPrng(options.seed);
  const agenda = createAgenda();
  const violations: string[] = [];
  const caches = new Map<string, string>();
  let resets = 0;
  const violated = (what: string): void => {
    // One line per kind of fault is enough to find it, and keeps a broken run short.
    if (violations.length < 20) violations.push(`${Math.round(agenda.time())} ms: ${what}`);
  };
  const hooks: HostHooks = {
    send: (host, datagram, line) => network.send(host.name, datagram, line),
    announce: (host, word) => void caches.set(word, host.name),
    reset: (host, node, id) => {
      const takesMs = options.stonith?.takesMs ?? 0;
      agenda.at(agenda.time() + takesMs, () => {
        const isDone = resets++ >= (options.stonith?.failures ?? 0);
        if (isDone) find(node).powerOff();
        const result = isDone ? 'done' : 'failed';
        host.offer({ kind: 'node-reset', id, result, reason: isDone ? '' : 'simulated' });
      });
    },
    stepped: (host, effects, event) => {
      for (const checker of world.checkers) checker.stepped(world, host, effects, event);
    },
    violated,
  };
  const mom = createHost(configOf(options, MOM), agenda, createPrng(options.seed + 1), hooks);
  const dad = createHost(configOf(options, DAD), agenda, createPrng(options.seed + 2), hooks);
  for (const host of [mom, dad]) host.scriptMs = options.scriptMs;
  const find = (name: string): Host => (name === MOM ? mom : dad);
  const network = createNetwork([MOM, DAD], media, agenda, createPrng(options.seed + 3), (to, d) =>
    find(to).take(d),
  );
  const world: World = {
    options,
    agenda,
    prng,
    network,
    mom,
    dad,
    hosts: [mom, dad],
    caches,
    violations,
    checkers: createCheckers(violated),
    time: () => agenda.time(),
    run: (forMs) => agenda.runUntil(agenda.time() + forMs),
    peerOf: (host) => (host === mom ? dad : mom),
    host: find,
  };
  return world;
}

/**
 * Whether anything of the group is in place on the host, but for a group that is being handed over
 * and that the other one announces.
 */
export const holdsGroup = (host: Host, group: ResourceGroup): boolean =>
  group.resources.some(({ word }) => host.kernel.has(word)) && !isMuted(host, group);

export const isMuted = (host: Host, group: ResourceGroup): boolean =>
  group.resources.some(({ word }) => host.kernel.has(word) && host.muted.has(word));

/** Whether all of the group is in place on the host. */
export const servesGroup = (host: Host, group: ResourceGroup): boolean =>
  group.resources.every(({ word }) => host.kernel.has(word));

export const holdersOf = (world: World, group: ResourceGroup): readonly Host[] =>
  world.hosts.filter((host) => holdsGroup(host, group));

/** Both run, are awake, and something gets through either way. */
export const hearEachOther = (world: World): boolean =>
  world.hosts.every((host) => host.isRunning() && !host.isPaused()) &&
  world.network.hears(MOM, DAD) &&
  world.network.hears(DAD, MOM);

/** Cuts or mends every medium; one way only when `from` is given. */
export function cutAll(world: World, isCut: boolean, from?: string): void {
  for (const sender of [MOM, DAD]) {
    if (from !== undefined && sender !== from) continue;
    const to = sender === MOM ? DAD : MOM;
    for (const { name } of world.network.media) world.network.path(sender, to, name).isCut = isCut;
  }
}
