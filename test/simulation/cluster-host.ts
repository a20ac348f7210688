// A host of the simulated pair: the engine under test with a driver of its own, resources that
// take time, fail or hang, and the ways a host can suffer: crash, pause, kill, restart, a step of
// the wall clock. Addresses outlive a killed process, nothing outlives a power failure.

import { createPrng, type Prng } from '#src/base/prng.js';
import { instant, wallTime } from '#src/base/time.js';
import type { ClusterConfig, ResourceSpec } from '#src/cluster/cluster-config.js';
import { type ClusterEngine, createClusterEngine } from '#src/cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import type { ClusterStatus, Holding } from '#src/cluster/cluster-status.js';
import type { ResourceOutcome, ResourceVerb } from '#src/config/resource-order.js';
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
  /** Resource words in place in the kernel. */
  readonly kernel: Set<string>;
  /** By `word verb`; what is not listed takes `scriptMs` and is good. */
  readonly manners: Map<string, ScriptManner>;
  scriptMs: number;
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
  /** After every step. */
  stepped(host: Host, effects: readonly ClusterEffect[], event: ClusterEvent): void;
  violated(what: string): void;
}

interface Life {
  engine: ClusterEngine;
  version: number;
}

/** Announcements follow the start of an address at this distance, as the adapter sends them. */
const ANNOUNCEMENTS_MS: readonly number[] = [0, 200, 400, 600, 800];

export function createHost(
  config: ClusterConfig,
  agenda: Agenda,
  prng: Prng,
  hooks: HostHooks,
): Host {
  let life: Life | undefined;
  let isPaused = false;
  let isStopping = false;
  let awakeSince = 0;
  let generation = prng.between(1, 1000);
  let nextAsk = 1;
  const waiting: ClusterEvent[] = [];
  const uuid = Uint8Array.from({ length: 16 }, () => prng.between(1, 255));

  const step = (event: ClusterEvent): readonly ClusterEffect[] => {
    const { engine } = life ?? {};
    if (engine === undefined) return [];
    const monotonic = instant(agenda.time());
    const wall = wallTime(1_700_000_000_000 + agenda.time() + host.wallOffsetMs);
    const effects = engine.step({ monotonic, wall }, event);
    for (const effect of effects) carryOut(effect);
    arm();
    hooks.stepped(host, effects, event);
    return effects;
  };

  const arm = (): void => {
    const current = life;
    const deadline = current?.engine.nextDeadline();
    if (current === undefined || deadline === undefined) return;
    const version = ++current.version;
    agenda.at(
      deadline,
      () => {
        if (life !== current || current.version !== version || isPaused) return;
        step({ kind: 'deadline-reached' });
      },
      1,
    );
  };

  const offer = (event: ClusterEvent): void => {
    if (life === undefined) return;
    if (event.kind === 'shutdown-asked') isStopping = true;
    if (isPaused) waiting.push(event);
    else step(event);
  };

  const carryOut = (effect: ClusterEffect): void => {
    switch (effect.kind) {
      case 'send':
        hooks.send(host, effect.datagram, effect.line);
        return;
      case 'log':
        host.log.push(`${Math.round(agenda.time())} ${effect.line.level}: ${effect.line.text}`);
        return;
      case 'run-resource':
        runResource(effect.id, effect.resource, effect.verb);
        return;
      case 'announce-held':
        for (const word of host.kernel) announce(word);
        return;
      case 'answer-operator':
        host.answers.set(effect.id, {
          at: agenda.time(),
          isDone: effect.isDone,
          text: effect.text,
        });
        return;
      case 'exit':
        life = undefined;
        return;
    }
  };

  const announce = (word: string): void => {
    for (const later of ANNOUNCEMENTS_MS) {
      agenda.at(agenda.time() + later, () => {
        if (host.kernel.has(word)) hooks.announce(host, word);
      });
    }
  };

  const runResource = (id: number, resource: ResourceSpec, verb: ResourceVerb): void => {
    const current = life;
    if (current === undefined) return;
    const { word } = resource;
    const manner = host.manners.get(`${word} ${verb}`);
    if (manner?.result === 'hangs') return;
    const takesMs = manner?.takesMs ?? (verb === 'status' ? host.scriptMs / 4 : host.scriptMs);
    agenda.at(agenda.time() + takesMs, () => {
      if (life !== current) return;
      const outcome = outcomeOf(word, verb, manner?.result !== 'fails');
      if (verb === 'start' && outcome.kind === 'done') announce(word);
      offer({ kind: 'resource-ran', id, outcome });
    });
  };

  const outcomeOf = (word: string, verb: ResourceVerb, isGood: boolean): ResourceOutcome => {
    if (!isGood) return { kind: 'failed', exitCode: 1, reason: 'simulated' };
    if (verb === 'status') return { kind: host.kernel.has(word) ? 'running' : 'stopped' };
    if (verb === 'start') host.kernel.add(word);
    else host.kernel.delete(word);
    return { kind: 'done' };
  };

  const host: Host = {
    name: config.localNode,
    config,
    kernel: new Set(),
    manners: new Map(),
    scriptMs: 20,
    answers: new Map(),
    askedAt: new Map(),
    log: [],
    wallOffsetMs: 0,
    isRunning: () => life !== undefined,
    isPaused: () => isPaused,
    isStopping: () => isStopping,
    awakeSince: () => awakeSince,
    status: () => life?.engine.snapshot(),
    start: (adopted) => {
      if (life !== undefined) return;
      generation++;
      isPaused = false;
      isStopping = false;
      awakeSince = agenda.time();
      waiting.length = 0;
      const engine = createClusterEngine(config, {
        generation,
        uuid,
        adoptedGroupKeys: adopted?.keys ?? [],
        adoptedHolding: adopted?.holding ?? 'none',
        prng: createPrng(prng.between(0, 0x7fff_ffff)),
      });
      life = { engine, version: 0 };
      step({ kind: 'started' });
      for (const { name } of config.media) step({ kind: 'medium-up', medium: name });
    },
    kill: () => {
      life = undefined;
      isPaused = false;
    },
    powerOff: () => {
      life = undefined;
      isPaused = false;
      host.kernel.clear();
    },
    pause: () => {
      if (life !== undefined) isPaused = true;
    },
    resume: () => {
      if (!isPaused) return;
      isPaused = false;
      awakeSince = agenda.time();
      for (const event of waiting.splice(0)) if (life !== undefined) step(event);
      if (life !== undefined) step({ kind: 'deadline-reached' });
    },
    offer,
    take: ({ medium, bytes, isForged }) => {
      const before = isForged && !isPaused ? life?.engine.snapshot().received : undefined;
      offer({ kind: 'bytes-received', medium, bytes });
      if (before === undefined) return;
      if (life?.engine.snapshot().received !== before) {
        hooks.violated(`${host.name} acted on bytes that nobody signed`);
      }
    },
    ask: (command, selection) => {
      const id = nextAsk++;
      if (life === undefined) return id;
      host.askedAt.set(id, agenda.time());
      offer({ kind: 'operator-asked', id, command, selection });
      return id;
    },
  };
  return host;
}
