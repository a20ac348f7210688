// A host of the simulated pair: the engine under test with a driver of its own, resources that
// take time, fail or hang, and the ways a host can suffer: crash, pause, kill, restart, a step of
// the wall clock. Addresses outlive a killed process, nothing outlives a power failure.

import { createPrng, type Prng } from '#src/base/prng.js';
import { instant, wallTime } from '#src/base/time.js';
import { type ClusterConfig, isPingKind, type ResourceSpec } from '#src/cluster/cluster-config.js';
import { type ClusterEngine, createClusterEngine } from '#src/cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import type { ClusterStatus, Holding } from '#src/cluster/cluster-status.js';
import type { AddressVerb, ResourceOutcome, ResourceVerb } from '#src/config/resource-order.js';
import type { Agenda } from './cluster-agenda.js';
import type { Delivery } from './cluster-network.js';

export interface ScriptManner {
  takesMs: number;
  result: 'good' | 'fails' | 'hangs';
}

export interface OperatorAnswer {
  readonly at: number;
  readonly isDone: boolean;
  readonly text: string;
}

export interface Host {
  readonly name: string;
  readonly config: ClusterConfig;
  readonly uuid: Uint8Array;
  /** Resource words in place in the kernel. */
  readonly kernel: Set<string>;
  /** Addresses that are in place and not announced: prepared, or about to be handed over. */
  readonly muted: Set<string>;
  /** By `word verb`; what is not listed takes `scriptMs` and is good. */
  readonly manners: Map<string, ScriptManner>;
  scriptMs: number;
  /** Ping nodes that do not answer this host. */
  readonly unseen: Set<string>;
  readonly answers: Map<number, OperatorAnswer>;
  readonly askedAt: Map<number, number>;
  readonly log: string[];
  wallOffsetMs: number;
  isRunning(): boolean;
  isPaused(): boolean;
  /** It was asked to stop in order. */
  isStopping(): boolean;
  /** When the process last began to run undisturbed: start or end of a pause. */
  awakeSince(): number;
  status(): ClusterStatus | undefined;
  start(adopted?: { readonly keys: readonly string[]; readonly holding: Holding }): void;
  /** The process is gone, addresses stay. */
  kill(): void;
  /** The whole machine is gone. */
  powerOff(): void;
  pause(): void;
  resume(): void;
  offer(event: ClusterEvent): void;
  take(delivery: Delivery): void;
  ask(command: 'standby' | 'takeover', selection: 'all' | 'local' | 'foreign'): number;
}

export interface HostHooks {
  send(host: Host, datagram: Uint8Array, line: Uint8Array): void;
  /** An address was put into place or is announced anew. */
  announce(host: Host, word: string): void;
  /** The STONITH device is told to reset a node. */
  reset(host: Host, node: string, id: number): void;
  /** After every step. */
  stepped(host: Host, effects: readonly ClusterEffect[], event: ClusterEvent): void;
  violated(what: string): void;
}

interface Life {
  readonly engine: ClusterEngine;
  /** Of the deadline that is armed; an older one that comes up does nothing. */
  version: number;
}

/** What the functions below share: the host as others see it and what is behind it. */
interface Machine {
  readonly host: Host;
  readonly agenda: Agenda;
  readonly hooks: HostHooks;
  readonly prng: Prng;
  readonly waiting: ClusterEvent[];
  life: Life | undefined;
  isPaused: boolean;
  isStopping: boolean;
  awakeSince: number;
  generation: number;
  nextAsk: number;
}

/** The way to a ping node and back. */
const PING_MS = 1;
/** Announcements follow the start of an address at this distance, as the adapter sends them. */
const ANNOUNCEMENTS_MS: readonly number[] = [0, 200, 400, 600, 800];

function step(machine: Machine, event: ClusterEvent): void {
  const { host, agenda, life } = machine;
  if (life === undefined) return;
  const monotonic = instant(agenda.time());
  const wall = wallTime(1_700_000_000_000 + agenda.time() + host.wallOffsetMs);
  const effects = life.engine.step({ monotonic, wall }, event);
  for (const effect of effects) carryOut(machine, effect);
  armDeadline(machine);
  machine.hooks.stepped(host, effects, event);
}

function armDeadline(machine: Machine): void {
  const { life } = machine;
  const deadline = life?.engine.nextDeadline();
  if (life === undefined || deadline === undefined) return;
  const version = ++life.version;
  const reach = (): void => {
    const isCurrent = machine.life === life && life.version === version;
    if (isCurrent && !machine.isPaused) step(machine, { kind: 'deadline-reached' });
  };
  machine.agenda.at(deadline, reach, 1);
}

function offer(machine: Machine, event: ClusterEvent): void {
  if (machine.life === undefined) return;
  if (event.kind === 'shutdown-asked') machine.isStopping = true;
  if (machine.isPaused) machine.waiting.push(event);
  else step(machine, event);
}

function carryOut(machine: Machine, effect: ClusterEffect): void {
  const { host, agenda } = machine;
  switch (effect.kind) {
    case 'send':
      machine.hooks.send(host, effect.datagram, effect.line);
      return;
    case 'ask-ping-node':
      answerPing(machine, effect.medium, effect.datagram);
      return;
    case 'log':
      host.log.push(`${Math.round(agenda.time())} ${effect.line.level}: ${effect.line.text}`);
      return;
    case 'run-resource':
      runResource(machine, effect.id, effect.resource, effect.verb);
      return;
    case 'reset-node':
      machine.hooks.reset(host, effect.node, effect.id);
      return;
    case 'reboot':
      machine.host.powerOff();
      return;
    case 'run-addresses':
      runAddresses(machine, effect.id, effect.resources, effect.verb);
      return;
    case 'announce-held':
      for (const word of host.kernel) announce(machine, word);
      return;
    case 'answer-operator':
      host.answers.set(effect.id, { at: agenda.time(), isDone: effect.isDone, text: effect.text });
      return;
    case 'exit':
      machine.life = undefined;
      return;
  }
}

/** A ping node sends back what it was asked. */
function answerPing(machine: Machine, medium: string, bytes: Uint8Array): void {
  const { agenda, host, life } = machine;
  if (host.unseen.has(medium)) return;
  agenda.at(agenda.time() + PING_MS, () => {
    if (machine.life === life) offer(machine, { kind: 'ping-answered', medium, bytes });
  });
}

function announce(machine: Machine, word: string): void {
  const { host, agenda } = machine;
  for (const later of ANNOUNCEMENTS_MS) {
    agenda.at(agenda.time() + later, () => {
      if (host.kernel.has(word) && !host.muted.has(word)) machine.hooks.announce(host, word);
    });
  }
}

function runResource(
  machine: Machine,
  id: number,
  { word }: ResourceSpec,
  verb: ResourceVerb,
): void {
  const { host, agenda, life } = machine;
  const manner = host.manners.get(`${word} ${verb}`);
  if (manner?.result === 'hangs') return;
  const takesMs = manner?.takesMs ?? (verb === 'status' ? host.scriptMs / 4 : host.scriptMs);
  agenda.at(agenda.time() + takesMs, () => {
    // The adapter dies with its process, and with it what was under way.
    if (machine.life !== life) return;
    const outcome = outcomeOf(host, word, verb, manner?.result !== 'fails');
    if (verb === 'start' && outcome.kind === 'done') announce(machine, word);
    offer(machine, { kind: 'resource-ran', id, outcome });
  });
}

/** Addresses are one request to the kernel: all are there after the time of one. */
function runAddresses(
  machine: Machine,
  id: number,
  resources: readonly ResourceSpec[],
  verb: AddressVerb,
): void {
  const { host, agenda, life } = machine;
  const known: ResourceVerb = verb === 'prepare' ? 'start' : verb === 'mute' ? 'status' : verb;
  const manners = resources.map(({ word }) => host.manners.get(`${word} ${known}`));
  if (manners.some((manner) => manner?.result === 'hangs')) return;
  const usual = known === 'status' ? host.scriptMs / 4 : host.scriptMs;
  const takesMs = Math.max(...manners.map((manner) => manner?.takesMs ?? usual));
  agenda.at(agenda.time() + takesMs, () => {
    if (machine.life !== life) return;
    const outcomes = resources.map(({ word }, at): ResourceOutcome => {
      if (verb === 'prepare' || verb === 'mute') host.muted.add(word);
      else if (verb !== 'status') host.muted.delete(word);
      if (verb === 'mute') return { kind: 'done' };
      const outcome = outcomeOf(host, word, known, manners[at]?.result !== 'fails');
      if (verb === 'start' && outcome.kind === 'done') announce(machine, word);
      return outcome;
    });
    offer(machine, { kind: 'addresses-ran', id, outcomes });
  });
}

function outcomeOf(host: Host, word: string, verb: ResourceVerb, isGood: boolean): ResourceOutcome {
  if (!isGood) return { kind: 'failed', exitCode: 1, reason: 'simulated' };
  if (verb === 'status') return { kind: host.kernel.has(word) ? 'running' : 'stopped' };
  if (verb === 'start') host.kernel.add(word);
  else host.kernel.delete(word);
  return { kind: 'done' };
}

function start(machine: Machine, keys: readonly string[], holding: Holding): void {
  if (machine.life !== undefined) return;
  const { config } = machine.host;
  // What is silent is so by a word that only the process knew.
  machine.host.muted.clear();
  machine.isPaused = false;
  machine.isStopping = false;
  machine.awakeSince = machine.agenda.time();
  machine.waiting.length = 0;
  const engine = createClusterEngine(config, {
    generation: ++machine.generation,
    uuid: machine.host.uuid,
    adoptedGroupKeys: keys,
    adoptedHolding: holding,
    prng: createPrng(machine.prng.between(0, 0x7fff_ffff)),
  });
  machine.life = { engine, version: 0 };
  step(machine, { kind: 'started' });
  const carrying = config.media.filter(({ kind }) => !isPingKind(kind));
  for (const { name } of carrying) step(machine, { kind: 'medium-up', medium: name });
}

function end(machine: Machine): void {
  machine.life = undefined;
  machine.isPaused = false;
}

function resume(machine: Machine): void {
  if (!machine.isPaused) return;
  machine.isPaused = false;
  machine.awakeSince = machine.agenda.time();
  for (const event of machine.waiting.splice(0)) step(machine, event);
  step(machine, { kind: 'deadline-reached' });
}

function take(machine: Machine, { medium, bytes, isForged }: Delivery): void {
  const received = (): number | undefined => machine.life?.engine.snapshot().received;
  const before = isForged && !machine.isPaused ? received() : undefined;
  offer(machine, { kind: 'bytes-received', medium, bytes });
  if (before === undefined || received() === before) return;
  machine.hooks.violated(`${machine.host.name} acted on bytes that nobody signed`);
}

export function createHost(
  config: ClusterConfig,
  agenda: Agenda,
  prng: Prng,
  hooks: HostHooks,
): Host {
  const host: Host = {
    name: config.localNode,
    config,
    uuid: Uint8Array.from({ length: 16 }, () => prng.between(1, 255)),
    kernel: new Set(),
    muted: new Set(),
    manners: new Map(),
    scriptMs: 20,
    unseen: new Set(),
    answers: new Map(),
    askedAt: new Map(),
    log: [],
    wallOffsetMs: 0,
    isRunning: () => machine.life !== undefined,
    isPaused: () => machine.isPaused,
    isStopping: () => machine.isStopping,
    awakeSince: () => machine.awakeSince,
    status: () => machine.life?.engine.snapshot(),
    start: (adopted) => start(machine, adopted?.keys ?? [], adopted?.holding ?? 'none'),
    kill: () => end(machine),
    powerOff: () => {
      end(machine);
      host.kernel.clear();
      host.muted.clear();
    },
    pause: () => {
      if (machine.life !== undefined) machine.isPaused = true;
    },
    resume: () => resume(machine),
    offer: (event) => offer(machine, event),
    take: (delivery) => take(machine, delivery),
    ask: (command, selection) => {
      const id = machine.nextAsk++;
      if (machine.life === undefined) return id;
      host.askedAt.set(id, agenda.time());
      offer(machine, { kind: 'operator-asked', id, command, selection });
      return id;
    },
  };
  const machine: Machine = {
    host,
    agenda,
    hooks,
    prng,
    waiting: [],
    life: undefined,
    isPaused: false,
    isStopping: false,
    awakeSince: 0,
    generation: prng.between(1, 1000),
    nextAsk: 1,
  };
  return host;
}
