// A director engine in virtual time with a model of the kernel's table and scripted real servers.
// It carries effects out as the program does: the table answers at once, checks after a delay.

import { type Instant, instant, type Now, wallTime } from '#src/base/time.js';
import type { CheckSpec } from '#src/checks/check-spec.js';
import { down, up } from '#src/checks/check-verdict.js';
import type { DirectorConfig } from '#src/config/director-config.js';
import type { AdministrationEntry } from '#src/director/administration-entry.js';
import type { DirectorEffect, DirectorEvent, DirectorMode } from '#src/director/director-event.js';
import type { DirectorStatus } from '#src/director/director-status.js';
import { createDirectorEngine, type DirectorEngine } from '#src/director/engine.js';
import type { Rehearsal } from '#src/director/rehearsal.js';
import type { IpvsRequest } from '#src/wire/ipvs-table.js';
import { FakeIpvs } from './fake-ipvs.js';

export interface ScriptedServer {
  isUp: boolean;
  /** Undefined: never answers. */
  delayMs: number | undefined;
  /** Its own words, as an agent says them. */
  answer?: string;
}

export class DirectorWorld {
  readonly kernel: FakeIpvs;
  readonly log: string[] = [];
  readonly mails: string[] = [];
  readonly commands: string[] = [];
  readonly notes: string[] = [];
  /** Operators' words, as they would be kept, and those that the other director is told. */
  words: readonly AdministrationEntry[];
  readonly news: AdministrationEntry[] = [];
  readonly answers: { id: number; isDone: boolean; text: string }[] = [];
  readonly servers: Map<string, ScriptedServer> = new Map();
  readonly started: { atMs: number; spec: CheckSpec }[] = [];
  /** A planted fault: what becomes of requests on their way to the kernel. */
  tamper: (requests: readonly IpvsRequest[]) => readonly IpvsRequest[] = (requests) => requests;
  /** Answers checks instead of the scripted servers. */
  judge: (spec: CheckSpec) => ScriptedServer = (spec) =>
    this.servers.get(serverName(spec)) ?? { isUp: false, delayMs: 5 };
  rehearsal: Rehearsal | undefined;
  inFlightMost = 0;
  settledAtMs: number | undefined;
  hasExited = false;
  #engine: DirectorEngine;
  #nowMs = 1000;
  readonly #running = new Map<number, { dueMs: number | undefined; spec: CheckSpec }>();

  constructor(
    config: DirectorConfig,
    mode: DirectorMode = 'active',
    kernel?: FakeIpvs,
    administration: readonly AdministrationEntry[] = [],
  ) {
    this.kernel = kernel ?? new FakeIpvs();
    this.words = administration;
    const start = { mode, areChecksReady: true, seed: 1, administration } as const;
    this.#engine = createDirectorEngine(config, start);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** `10.0.0.1:80` answers so; without a port for ping. */
  server(name: string, isUp: boolean, delayMs = 5): void {
    this.servers.set(name, { isUp, delayMs });
  }

  /** An agent at `10.0.0.1:9000` says so. */
  agent(name: string, answer: string): void {
    this.servers.set(name, { isUp: true, delayMs: 5, answer });
  }

  /** Takes connections and never answers. */
  mute(name: string): void {
    this.servers.set(name, { isUp: false, delayMs: undefined });
  }

  start(): void {
    this.offer({ kind: 'started' });
  }

  offer(event: DirectorEvent): void {
    const pending: DirectorEvent[] = [event];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      for (const effect of this.#engine.step(this.#now(), next)) {
        const answer = this.#carryOut(effect);
        if (answer !== undefined) pending.push(answer);
      }
    }
  }

  status(): DirectorStatus {
    return this.#engine.snapshot();
  }

  /** The table's real servers as `ipvsadm -Sn` has them, without the service. */
  destinations(): readonly string[] {
    return this.kernel
      .lines()
      .filter((line) => line.startsWith('-a'))
      .map((line) => line.replace(/^-a tcp \S+ -r /, ''))
      .sort();
  }

  nextDeadline(): Instant | undefined {
    return this.#engine.nextDeadline();
  }

  /** Lets virtual time go by, event by event. */
  run(forMs: number): void {
    const endMs = this.#nowMs + forMs;
    for (let steps = 0; steps < 1_000_000; steps++) {
      const check = this.#nextAnswer();
      const deadlineMs = this.#engine.nextDeadline();
      const nextMs = Math.min(check?.dueMs ?? Number.POSITIVE_INFINITY, deadlineMs ?? Infinity);
      if (nextMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      if (check !== undefined && check.dueMs <= this.#nowMs) this.#answerCheck(check.id);
      else this.offer({ kind: 'deadline-reached' });
    }
    this.#nowMs = endMs;
  }

  /** Time goes by and nothing happens: the process was not scheduled. */
  sleep(forMs: number): void {
    this.#nowMs += forMs;
  }

  #now(): Now {
    return { monotonic: instant(this.#nowMs), wall: wallTime(1.7e12 + this.#nowMs) };
  }

  #nextAnswer(): { id: number; dueMs: number } | undefined {
    let first: { id: number; dueMs: number } | undefined;
    for (const [id, { dueMs }] of this.#running) {
      if (dueMs !== undefined && (first === undefined || dueMs < first.dueMs)) {
        first = { id, dueMs };
      }
    }
    return first;
  }

  #answerCheck(id: number): void {
    const check = this.#running.get(id);
    this.#running.delete(id);
    if (check === undefined) return;
    const { isUp, answer } = this.judge(check.spec);
    const good = answer === undefined ? up('connected') : { ...up('answered'), answer };
    const verdict = isUp ? good : down('connect refused', 'refused');
    this.offer({ kind: 'check-finished', id, verdict });
  }

  #carryOut(effect: DirectorEffect): DirectorEvent | undefined {
    switch (effect.kind) {
      case 'read-table': {
        const answer = { ok: true, value: this.kernel.read() } as const;
        return { kind: 'table-read', id: effect.id, answer };
      }
      case 'apply': {
        const answer = {
          ok: true,
          value: this.kernel.apply(this.tamper(effect.requests)),
        } as const;
        return { kind: 'requests-applied', id: effect.id, answer };
      }
      case 'run-check': {
        const { delayMs } = this.judge(effect.spec);
        const dueMs = delayMs === undefined ? undefined : this.#nowMs + delayMs;
        this.#running.set(effect.id, { dueMs, spec: effect.spec });
        this.started.push({ atMs: this.#nowMs, spec: effect.spec });
        this.inFlightMost = Math.max(this.inFlightMost, this.#running.size);
        return undefined;
      }
      case 'cancel-check':
        this.#running.delete(effect.id);
        return undefined;
      case 'log':
        this.log.push(effect.line.text);
        return undefined;
      case 'answer':
        this.answers.push({ id: effect.id, isDone: effect.isDone, text: effect.text });
        return undefined;
      case 'rehearsed':
        this.rehearsal = effect.rehearsal;
        return undefined;
      case 'administration-changed':
        this.words = effect.entries;
        this.news.push(...effect.news);
        return undefined;
      case 'send-mail':
        this.mails.push(`${effect.state}: ${effect.subject}`);
        return undefined;
      case 'run-command':
        this.commands.push([effect.command, ...effect.args].join(' '));
        return undefined;
      case 'note-check':
        this.notes.push(`${effect.file}: ${effect.text}`);
        return undefined;
      case 'settled':
        this.settledAtMs = this.#nowMs;
        return undefined;
      case 'exit':
        this.hasExited = true;
        return undefined;
      default:
        return effect satisfies never;
    }
  }
}

function serverName(spec: CheckSpec): string {
  return 'port' in spec ? `${spec.address}:${spec.port}` : 'address' in spec ? spec.address : '';
}
