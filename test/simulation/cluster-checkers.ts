// What must be true of the pair whatever happens. Each checker looks after every step of either
// engine and reports in words; that each of them catches a planted fault is shown in
// cluster-checkers.test.ts. Bounds are named, and follow from the options of the run.

import type { ResourceGroup } from '#src/cluster/cluster-config.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import type { Host } from './cluster-host.js';
import {
  hearEachOther,
  holdersOf,
  isMuted,
  servesGroup,
  type World,
  type WorldOptions,
} from './cluster-world.js';

export interface Checker {
  readonly name: string;
  stepped(world: World, host: Host, effects: readonly ClusterEffect[], event: ClusterEvent): void;
}

type Violated = (what: string) => void;

/** Time that a whole group takes to stop and start, with room for the messages in between. */
export const moveMs = (options: WorldOptions): number => {
  const longest = Math.max(0, ...options.groups.map((line) => line.length - 1));
  return longest * options.scriptMs * 2.5 + 2 * options.keepaliveMs;
};

/**
 * Two nodes of this program that hear each other may both hold a group for no longer than this:
 * a status is heard (one keepalive; more under loss), statements are exchanged (repeated each
 * 200 ms), a stop that is under way ends, the release runs.
 */
export const healBoundMs = (options: WorldOptions): number =>
  4 * options.keepaliveMs + 1500 + 2 * moveMs(options);

const hasBadStop = (world: World, group: ResourceGroup): boolean =>
  world.hosts.some((host) => group.resources.some(({ word }) => host.manners.has(`${word} stop`)));

/** No group is held by two nodes that hear each other, beyond the bound. */
export function createOneHolderChecker(violated: Violated): Checker {
  const since = new Map<string, number>();
  return {
    name: 'one holder',
    stepped: (world) => {
      const hear = hearEachOther(world);
      for (const group of world.mom.config.groups) {
        // Against a stop that was made to fail no bound can stand.
        const isDouble = hear && !hasBadStop(world, group) && holdersOf(world, group).length > 1;
        if (!isDouble) since.delete(group.key);
        else if (!since.has(group.key)) since.set(group.key, world.time());
        const start = since.get(group.key);
        if (start === undefined || world.time() - start <= healBoundMs(world.options)) continue;
        violated(`${group.key} is held by both for ${Math.round(world.time() - start)} ms`);
        since.set(group.key, Number.POSITIVE_INFINITY);
      }
    },
  };
}

/** A holder's announcements take this long; then the switch must send the address to it. */
const ANNOUNCED_WITHIN_MS = 100;

/** The switch sends each address to its only holder. */
export function createSwitchChecker(violated: Violated): Checker {
  const wrongSince = new Map<string, number>();
  return {
    name: 'switch',
    stepped: (world) => {
      for (const word of new Set(world.hosts.flatMap((host) => [...host.kernel]))) {
        const holders = world.hosts.filter((host) => host.kernel.has(word));
        // Without a word from the other side nobody can know that it announced something.
        const isKnowable = hearEachOther(world);
        const isWrong =
          isKnowable && holders.length === 1 && world.caches.get(word) !== holders[0]?.name;
        if (!isWrong) wrongSince.delete(word);
        else if (!wrongSince.has(word)) wrongSince.set(word, world.time());
        const start = wrongSince.get(word);
        const limit = ANNOUNCED_WITHIN_MS + healBoundMs(world.options);
        if (start === undefined || world.time() - start <= limit) continue;
        violated(`the switch sends ${word} to ${world.caches.get(word)}, not to its holder`);
        wrongSince.set(word, Number.POSITIVE_INFINITY);
      }
    },
  };
}

/** Orders of one step: all groups at once, a burst of retransmissions, and some. */
const EFFECTS_PER_STEP_MAX = 400;
/** Statuses, one answer to each message, retransmissions; a storm is a loop between two nodes. */
const MESSAGES_PER_SECOND_MAX = 300;

/** Nothing grows without limit: orders of a step, messages of a second. */
export function createLimitChecker(violated: Violated): Checker {
  const window = new Map<string, { start: number; count: number }>();
  return {
    name: 'limits',
    stepped: (world, host, effects) => {
      if (effects.length > EFFECTS_PER_STEP_MAX) {
        violated(`${host.name} gave ${effects.length} orders in one step`);
      }
      const sends = effects.filter((effect) => effect.kind === 'send').length;
      const known = window.get(host.name);
      if (known === undefined || world.time() - known.start > 1000) {
        window.set(host.name, { start: world.time(), count: sends });
        return;
      }
      known.count += sends;
      if (known.count <= MESSAGES_PER_SECOND_MAX) return;
      violated(`${host.name} sent ${known.count} messages within a second`);
      known.count = Number.NEGATIVE_INFINITY;
    },
  };
}

/** An operator's command is answered, whatever comes of it, while the node that took it lives. */
const OPERATOR_ANSWER_MS = 12_000;

export function createOperatorChecker(violated: Violated): Checker {
  return {
    name: 'operator',
    stepped: (world, host) => {
      for (const [id, askedAt] of host.askedAt) {
        if (host.answers.has(id)) host.askedAt.delete(id);
        else if (host.awakeSince() > askedAt) host.askedAt.delete(id);
        else if (world.time() - askedAt > OPERATOR_ANSWER_MS + 2 * moveMs(world.options)) {
          violated(`operator's command ${id} on ${host.name} was not answered`);
          host.askedAt.delete(id);
        }
      }
    },
  };
}

/** At most one order is outstanding for a group, and nothing that runs is started. */
export function createOrderChecker(violated: Violated): Checker {
  const outstanding = new Map<string, number>();
  return {
    name: 'orders',
    stepped: (_world, host, effects, event) => {
      // A new process knows nothing of the orders of its predecessor.
      if (event.kind === 'started') {
        for (const name of [...outstanding.keys()]) {
          if (name.startsWith(`${host.name} `)) outstanding.delete(name);
        }
      }
      if (event.kind === 'resource-ran' || event.kind === 'addresses-ran') {
        for (const [name, id] of outstanding) {
          if (id === event.id && name.startsWith(`${host.name} `)) outstanding.delete(name);
        }
      }
      for (const effect of effects) {
        if (effect.kind !== 'run-resource' && effect.kind !== 'run-addresses') continue;
        const name = `${host.name} ${effect.groupKey}`;
        if (outstanding.has(name)) violated(`two orders outstanding: ${name}`);
        outstanding.set(name, effect.id);
        // Addresses that are there already are told to be there, and announced.
        if (effect.kind === 'run-addresses') continue;
        const { word } = effect.resource;
        if (effect.verb !== 'start' || !host.kernel.has(word)) continue;
        violated(`${word} is started on ${host.name} where it runs already`);
      }
    },
  };
}

/** What the other node needs after a death: the dead time, the start, a status under way. */
export const takeoverBoundMs = (options: WorldOptions): number =>
  options.deadtimeMs + 2000 + options.keepaliveMs + moveMs(options);

/** After one failure everything is served by the survivor, if that had settled before. */
export function createTakeoverChecker(violated: Violated): Checker {
  let failedAt: number | undefined;
  let survivor: Host | undefined;
  const arm = (world: World): void => {
    const [down, up] = world.mom.isRunning() ? [world.dad, world.mom] : [world.mom, world.dad];
    const isUp = up.isRunning() && !up.isPaused() && !up.isStopping();
    const isOneDown = !down.isRunning() && isUp;
    const isSettled = up.status()?.isStable === true && world.time() - up.awakeSince() > 20_000;
    if (!isOneDown) failedAt = undefined;
    else if (failedAt === undefined && isSettled) failedAt = world.time();
    // One that came up meanwhile has another start behind it.
    if (failedAt !== undefined && up.awakeSince() > failedAt) failedAt = undefined;
    survivor = up;
  };
  return {
    name: 'takeover',
    stepped: (world) => {
      arm(world);
      if (failedAt === undefined || survivor === undefined) return;
      // A script that was made to fail, or slow, has its own scenario.
      if (survivor.manners.size > 0) failedAt = world.time();
      if (world.time() - failedAt <= takeoverBoundMs(world.options)) return;
      for (const group of survivor.config.groups) {
        if (servesGroup(survivor, group)) continue;
        violated(`${survivor.name} does not serve ${group.key} after the death of the other`);
        failedAt = Number.POSITIVE_INFINITY;
      }
    },
  };
}

export const createCheckers = (violated: Violated): readonly Checker[] => [
  createOneHolderChecker(violated),
  createSwitchChecker(violated),
  createLimitChecker(violated),
  createOperatorChecker(violated),
  createOrderChecker(violated),
  createTakeoverChecker(violated),
];

/** What the other node holds, in its own words, when every group has one holder. */
const counterpart = { none: 'all', local: 'local', foreign: 'foreign', all: 'none' } as const;

/** What must hold once nothing disturbs the pair any more; the faults found, in words. */
export function faultsAtRest(world: World): readonly string[] {
  const faults: string[] = [];
  for (const group of world.mom.config.groups) {
    const holders = holdersOf(world, group);
    const servers = world.hosts.filter((host) => servesGroup(host, group));
    if (world.hosts.some((host) => isMuted(host, group))) {
      faults.push(`${group.key} is prepared somewhere and nothing comes of it`);
    }
    if (holders.length !== 1 || servers.length !== 1) {
      const names = holders.map((host) => host.name).join(' and ');
      faults.push(`${group.key} is held by ${names === '' ? 'nobody' : names}, not by one`);
    }
    const [first] = group.resources;
    const [holder] = holders;
    if (first === undefined || holder === undefined || holders.length !== 1) continue;
    const cached = world.caches.get(first.word);
    if (cached !== holder.name) faults.push(`the switch sends ${first.word} to ${cached}`);
  }
  return [...faults, ...disagreements(world)];
}

function disagreements(world: World): readonly string[] {
  const faults: string[] = [];
  for (const host of world.hosts) {
    const status = host.status();
    const peer = world.peerOf(host);
    if (status === undefined) continue;
    if (!status.isStable) faults.push(`${host.name} is not stable`);
    if (status.splitSince !== undefined) faults.push(`${host.name} still sees a split`);
    const said = status.nodes.find((node) => node.name === peer.name);
    const theirs = peer.status();
    if (theirs === undefined || world.options.autoFailback === 'legacy') continue;
    if (said?.state !== 'active') faults.push(`${host.name} sees ${peer.name} ${said?.state}`);
    if (said?.holding !== theirs.holding) {
      const words = `${said?.holding}, it holds ${theirs.holding}`;
      faults.push(`${host.name} believes that ${peer.name} holds ${words}`);
    }
    if (counterpart[status.holding] !== theirs.holding) {
      faults.push(`${host.name} holds ${status.holding} and ${peer.name} ${theirs.holding}`);
    }
  }
  return faults;
}
