// The director: verdicts become a wanted table, the wanted table becomes requests, and what the
// kernel confirmed becomes log lines. It owns modes (active, warm), rounds, start, reload and stop.
// It knows neither sockets nor the kernel; tables and checks are answered to it as events.

import { assert, unreachable } from '../base/assert.js';
import { createDeadlines, type Deadlines } from '../base/deadlines.js';
import type { Engine } from '../base/engine.js';
import type { LogCode } from '../base/log-code.js';
import { type LogLevel, logLine } from '../base/log-line.js';
import { createPrng } from '../base/prng.js';
import { after, earliest, type Instant, instant, millis, type Now, seconds } from '../base/time.js';
import type { AlertState, DirectorConfig } from '../config/director-config.js';
import { type Administration, createAdministration } from './administration.js';
import type { AdministrationEntry } from './administration-entry.js';
import { plannedAgents } from './agent-plan.js';
import { type Alerts, createAlerts } from './alerts.js';
import { plannedChecks } from './check-plan.js';
import { type CheckSchedule, createCheckSchedule, type FinishedCheck } from './check-schedule.js';
import type {
  DirectorEffect,
  DirectorEvent,
  DirectorMode,
  DirectorStart,
} from './director-event.js';
import { directorStatus } from './director-snapshot.js';
import type { DirectorStatus } from './director-status.js';
import { createFallbackCommands, type FallbackCommands } from './fallback-commands.js';
import { areDecided } from './first-verdicts.js';
import { createHealth, type Health } from './health.js';
import { type RealServers, realServersOf } from './real-server.js';
import { rehearse } from './rehearsal.js';
import { suspectedKeys } from './suspicion.js';
import { createTableKeeper } from './table-keeper.js';
import type { TableKeeper, TableKeeperFace } from './table-keeping.js';

export type DirectorEngine = Engine<DirectorEvent, DirectorEffect, DirectorStatus>;

/** A new virtual service waits this long for a first good check before the fallback server. */
const FALLBACK_PATIENCE = seconds(1);

/** A table that could not be read or written at all is tried again after this, not in a round. */
const TABLE_RETRY = millis(1000);

export function createDirectorEngine(config: DirectorConfig, start: DirectorStart): DirectorEngine {
  return new Director(config, start);
}

class Director implements DirectorEngine {
  #config: DirectorConfig;
  #mode: DirectorMode;
  #phase: 'running' | 'stopping' | 'stopped' = 'running';
  #reals: RealServers;
  #isSettled = false;
  #areChecksReady: boolean;
  #signal = '';
  #effects: DirectorEffect[] = [];
  /** When the step under way began: what the table keeper calls back about happens then. */
  #steppedAt: Instant = instant(0);
  readonly #deadlines: Deadlines = createDeadlines();
  readonly #schedule: CheckSchedule;
  readonly #table: TableKeeper;
  readonly #alerts: Alerts = createAlerts();
  readonly #fallbacks: FallbackCommands = createFallbackCommands();
  readonly #health: Health;
  readonly #administration: Administration;
  /** What mails say that the daemon is doing, until it stops. */
  #doing: Exclude<AlertState, 'stopping'> = 'starting';

  constructor(config: DirectorConfig, start: DirectorStart) {
    this.#config = config;
    this.#mode = start.mode;
    this.#areChecksReady = start.areChecksReady;
    this.#reals = realServersOf(config.virtuals, new Map());
    this.#administration = createAdministration(start.administration ?? []);
    this.#schedule = createCheckSchedule(createPrng(start.seed));
    const face: TableKeeperFace = {
      emit: (effect) => this.#effects.push(effect),
      log: (level, code, text) => this.#log(level, code, text),
      alert: (event) => {
        this.#effects.push(...this.#alerts.tell(event, this.#alertState(), this.#steppedAt));
      },
    };
    this.#table = createTableKeeper(face);
    this.#health = createHealth({ ...face, wantPlan: (key) => this.#table.wantPlan(key) });
    this.#fallbacks.configure(config.virtuals);
  }

  step(now: Now, event: DirectorEvent): readonly DirectorEffect[] {
    this.#effects = [];
    this.#steppedAt = now.monotonic;
    if (this.#phase !== 'stopped') {
      this.#take(now, event);
      this.#advance(now.monotonic);
    }
    return this.#effects;
  }

  nextDeadline(): Instant | undefined {
    if (this.#phase === 'stopped') return undefined;
    const checks = this.#areChecksReady ? this.#schedule.next() : undefined;
    const rest = earliest(this.#deadlines.next(), this.#alerts.next(), this.#health.next());
    return earliest(rest, checks);
  }

  snapshot(): DirectorStatus {
    return directorStatus({
      mode: this.#mode,
      phase: this.#phase,
      isSettled: this.#isSettled,
      config: this.#config,
      reals: this.#reals,
      table: this.#table,
      checks: this.#schedule.counts(),
    });
  }

  #log(level: LogLevel, code: LogCode, text: string): void {
    this.#effects.push({ kind: 'log', line: logLine(level, code, text) });
  }

  #take(both: Now, event: DirectorEvent): void {
    const now = both.monotonic;
    switch (event.kind) {
      case 'started':
        this.#administer(this.#administration.hear([], both));
        if (this.#phase === 'running') this.#begin(now);
        return;
      case 'checks-ready':
        this.#areChecksReady = true;
        return;
      case 'table-read':
        this.#table.takeReading(event, now);
        if (event.answer.ok) this.#endDrains(now);
        else this.#deadlines.set('table-retry', after(now, TABLE_RETRY));
        return;
      case 'requests-applied':
        this.#table.takeOutcomes(event);
        if (!event.answer.ok) this.#deadlines.set('table-retry', after(now, TABLE_RETRY));
        return;
      case 'check-finished': {
        const finished = this.#schedule.finish(event.id, event.verdict, now);
        if (finished !== undefined) this.#takeFinished(finished, now);
        return;
      }
      case 'deadline-reached':
        this.#takeDeadlines(now);
        return;
      case 'config-changed':
        this.#reconfigure(event.config, event.id, now);
        return;
      case 'activated':
        this.#activate(event.id, now);
        return;
      case 'deactivated':
        this.#deactivate(event.id);
        return;
      case 'maintenance-changed':
        this.#schedule.hurry(this.#health.maintain(event.endpoints, now), now);
        return;
      case 'administered': {
        const { id, order } = event;
        const { isDone, text, changed } = this.#administration.order(order, this.#reals, both);
        if (isDone) this.#log('notice', 'administered', text);
        this.#administer(changed);
        this.#effects.push({ kind: 'answer', id, isDone, text });
        return;
      }
      case 'rehearsal-asked':
        this.#rehearse(event);
        return;
      case 'administration-heard':
        this.#administer(this.#administration.hear(event.entries, both), false);
        return;
      case 'servers-suspected':
        this.#schedule.suspect(suspectedKeys(this.#reals, event.names), now);
        return;
      case 'shutdown-asked':
        this.#shutDown(event.signal);
        return;
      default:
        unreachable(event);
    }
  }

  #rehearse(event: Extract<DirectorEvent, { readonly kind: 'rehearsal-asked' }>): void {
    const { id, config = this.#config, observed } = event;
    const isPatient = event.config !== undefined || this.#table.isPatient();
    const rehearsal = rehearse(config, {
      config: this.#config,
      reals: this.#reals,
      administration: this.#administration,
      observed,
      mode: isPatient ? 'settling' : 'steady',
    });
    this.#effects.push({ kind: 'rehearsed', id, rehearsal });
  }

  #begin(now: Instant): void {
    this.#table.configure(this.#config, this.#reals);
    this.#startChecks(now);
    this.#health.configure(this.#config.virtuals, this.#reals, now);
    if (this.#mode === 'active') this.#own(now);
  }

  /** From here on the table is ours to keep. */
  #own(now: Instant): void {
    this.#table.own();
    this.#deadlines.set('fallback-patience', after(now, FALLBACK_PATIENCE));
    this.#setRound(now);
  }

  #setRound(now: Instant): void {
    this.#deadlines.set('round', after(now, seconds(this.#config.checkIntervalSeconds)));
  }

  #startChecks(now: Instant): void {
    const pace = this.#mode === 'warm' ? this.#config.standbyPace : 1;
    const planned = [...plannedChecks(this.#config), ...plannedAgents(this.#config)];
    const dropped = this.#schedule.update(planned, pace, now);
    for (const id of dropped) this.#effects.push({ kind: 'cancel-check', id });
  }

  #takeFinished(finished: FinishedCheck, now: Instant): void {
    if (finished.purpose === 'agent') {
      this.#health.takeAgent(finished, now);
      return;
    }
    const hastened = this.#health.takeFinished(finished, now);
    if (hastened !== undefined) this.#schedule.hasten(finished.key, hastened, now);
  }

  /** Operators' words have changed, or real servers have. */
  #administer(changed: readonly AdministrationEntry[], isOwn = true): void {
    for (const real of this.#administration.apply(this.#reals)) this.#health.reconsider(real);
    if (changed.length === 0) return;
    const entries = this.#administration.entries();
    const news = isOwn ? changed : [];
    this.#effects.push({ kind: 'administration-changed', entries, news });
  }

  #endDrains(now: Instant): void {
    if (this.#mode === 'warm' || this.#phase !== 'running') return;
    const ended = this.#administration.endDrains(this.#reals, this.#table.model, now);
    for (const { text } of ended) this.#log('notice', 'drain-ended', text);
    this.#administer(ended.map(({ entry }) => entry));
  }

  #alertState(): AlertState {
    return this.#phase === 'running' ? this.#doing : 'stopping';
  }

  #takeDeadlines(now: Instant): void {
    for (const name of this.#deadlines.takeDue(now)) {
      if (name === 'fallback-patience') this.#table.endPatience();
      if (name === 'table-retry') this.#table.wantRead();
      if (name === 'round' && this.#mode === 'active' && this.#phase === 'running') {
        this.#table.startRound();
        this.#setRound(now);
      }
    }
    this.#effects.push(...this.#alerts.remind(this.#alertState(), now));
    for (const { id, finished } of this.#schedule.takeLate(now)) {
      this.#effects.push({ kind: 'cancel-check', id });
      this.#takeFinished(finished, now);
    }
  }

  #refusesAtEnd(id: number): boolean {
    if (this.#phase === 'running') return false;
    this.#effects.push({ kind: 'answer', id, isDone: false, text: 'the director is stopping' });
    return true;
  }

  #reconfigure(config: DirectorConfig, id: number, now: Instant): void {
    if (this.#refusesAtEnd(id)) return;
    this.#config = config;
    this.#reals = realServersOf(config.virtuals, this.#reals.byKey);
    this.#alerts.keepOnly(config.virtuals);
    this.#fallbacks.configure(config.virtuals);
    this.#doing = 'reloading';
    this.#table.configure(config, this.#reals);
    this.#administer([]);
    this.#startChecks(now);
    this.#health.configure(config.virtuals, this.#reals, now);
    this.#isSettled = this.#isSettled && areDecided(this.#reals);
    if (this.#mode === 'warm') {
      this.#effects.push({ kind: 'answer', id, isDone: true, text: 'reloaded' });
      return;
    }
    this.#table.adoptNext();
    this.#table.answerWhenConfirmed(id, 'reloaded', false);
    this.#deadlines.set('fallback-patience', after(now, FALLBACK_PATIENCE));
  }

  #activate(id: number, now: Instant): void {
    if (this.#refusesAtEnd(id)) return;
    if (this.#mode === 'warm') {
      this.#mode = 'active';
      this.#doing = 'starting';
      this.#own(now);
      this.#startChecks(now);
    }
    // One service that the kernel does not take must not keep a node from serving the others.
    this.#table.answerWhenConfirmed(id, 'active', true);
  }

  #deactivate(id: number): void {
    if (this.#phase !== 'running') {
      this.#effects.push({ kind: 'answer', id, isDone: true, text: 'stopping' });
      return;
    }
    // One that stands by may find what a killed predecessor left: that has to go as well.
    const wasOwned = this.#table.isOwned();
    if (!wasOwned) this.#table.own();
    this.#mode = 'warm';
    this.#isSettled = false;
    this.#fallbacks.forget();
    this.#deadlines.clear('round');
    this.#table.withdraw((refusal) => {
      const text = refusal ?? 'warm';
      this.#effects.push({ kind: 'answer', id, isDone: refusal === undefined, text });
      if (refusal === undefined || this.#mode === 'active') return;
      // What could not be withdrawn goes on being looked after, until somebody asks again.
      if (wasOwned) this.#resume(this.#steppedAt);
      else this.#table.letGo();
    });
  }

  #resume(now: Instant): void {
    this.#mode = 'active';
    this.#startChecks(now);
    this.#setRound(now);
  }

  #shutDown(signal: string): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    this.#signal = signal;
    for (const id of this.#schedule.stop()) this.#effects.push({ kind: 'cancel-check', id });
    this.#table.withdraw((refusal) => {
      if (refusal !== undefined) {
        this.#log('ERROR', 'table-fault', `The IPVS table was not withdrawn: ${refusal}`);
      }
      this.#exit();
    });
  }

  #exit(): void {
    assert(this.#phase === 'stopping', 'the end comes once, after a shutdown was asked for');
    this.#phase = 'stopped';
    const text = `Linux Director Daemon terminated on signal: ${this.#signal}`;
    this.#log('info', 'director-terminated', text);
    this.#effects.push({ kind: 'exit' });
  }

  /** What follows from the new state: requests to the kernel, checks that are due, answers. */
  #advance(now: Instant): void {
    this.#health.advance(this.#mode === 'active' && this.#phase === 'running', now);
    this.#table.advance();
    if (this.#phase !== 'running') return;
    const due = this.#areChecksReady ? this.#schedule.takeDue(now) : [];
    for (const { id, spec } of due) {
      this.#effects.push({ kind: 'run-check', id, spec });
    }
    if (this.#mode === 'active') {
      this.#effects.push(...this.#fallbacks.advance(this.#reals, this.#table.isPatient()));
    }
    const isAwaited = !this.#isSettled || this.#doing !== 'running';
    if (!isAwaited || !areDecided(this.#reals) || !this.#isTableDone()) return;
    this.#doing = 'running';
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#effects.push({ kind: 'settled' });
  }

  #isTableDone(): boolean {
    return this.#mode === 'warm' || this.#table.isQuiet();
  }
}
