// What outcomes of checks mean for the real servers that live by them: verdicts, the lines about
// them, who is kept in service by the floor of the pool, whose weight still rises. Several services
// may share a check; each judges its outcome by its own limits. It knows nothing of the table but
// which services have to be planned anew.

import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import { type Duration, earliest, type Instant, seconds } from '../base/time.js';
import { type CheckVerdict, cleanReason, down, up } from '../checks/check-verdict.js';
import type { VirtualServiceConfig } from '../config/director-config.js';
import { ipvsKeyText } from '../wire/ipvs-table.js';
import {
  afterAgentFailure,
  afterAgentWord,
  agentLetsIn,
  agentNews,
  agentText,
  isOtherEffect,
  readAgentWord,
} from './agent.js';
import type { AlertEvent } from './alerts.js';
import { alwaysUpReason } from './check-plan.js';
import type { FinishedCheck } from './check-schedule.js';
import type { DirectorEffect } from './director-event.js';
import { createMaintenance, MAINTENANCE_REASON, type Maintenance } from './maintenance.js';
import { monitorLine } from './monitor-line.js';
import { floorOf, keptOf } from './pool-floor.js';
import { isInDoubt, type RealServer, type RealServers, takeVerdict } from './real-server.js';
import { endpointText, realKey } from './real-server-text.js';
import { nextRampAt, rampWeight } from './slow-start.js';

export interface HealthFace {
  emit(effect: DirectorEffect): void;
  log(level: LogLevel, code: LogCode, text: string): void;
  alert(event: AlertEvent): void;
  /** What is wanted of the table for this service has changed. */
  wantPlan(serviceKey: string): void;
}

export interface Health {
  /** Takes the real servers of a configuration. Those that need no check are up at once. */
  configure(virtuals: readonly VirtualServiceConfig[], reals: RealServers, now: Instant): void;
  /** Returns the interval until the next run while one of the real servers is in doubt. */
  takeFinished(finished: FinishedCheck, now: Instant): Duration | undefined;
  /** Takes what the agent of real servers said, or that it said nothing. */
  takeAgent(finished: FinishedCheck, now: Instant): void;
  /** Takes the endpoints that are out of service; returns whose check is due now. */
  maintain(endpoints: ReadonlySet<string>, now: Instant): ReadonlySet<string>;
  /** An operator or its agent said something of it: the floor and the table look at it anew. */
  reconsider(real: RealServer): void;
  /** What follows from new verdicts and from the time. `isServing`: the table is ours. */
  advance(isServing: boolean, now: Instant): void;
  next(): Instant | undefined;
}

export const createHealth = (face: HealthFace): Health => new Judge(face);

class Judge implements Health {
  readonly #face: HealthFace;
  readonly #maintenance: Maintenance = createMaintenance();
  #reals: RealServers = { byKey: new Map(), of: () => undefined };
  #virtuals: ReadonlyMap<string, VirtualServiceConfig> = new Map();
  /** Services whose floor has to be looked at. */
  readonly #dirty = new Set<string>();
  /** Keys of real servers that people were told are kept. */
  readonly #told = new Set<string>();
  /** Real servers whose weight rises, with their next step. */
  readonly #rising = new Map<string, Instant>();
  #isServing = false;

  constructor(face: HealthFace) {
    this.#face = face;
  }

  configure(virtuals: readonly VirtualServiceConfig[], reals: RealServers, now: Instant): void {
    this.#reals = reals;
    this.#virtuals = new Map(virtuals.map((virtual) => [ipvsKeyText(virtual.key), virtual]));
    for (const key of this.#told) if (!reals.byKey.has(key)) this.#told.delete(key);
    this.#maintenance.apply(reals, now);
    this.#rising.clear();
    for (const real of reals.byKey.values()) this.#followRamp(real, now);
    for (const key of this.#virtuals.keys()) this.#dirty.add(key);
    for (const virtual of virtuals) {
      const reason = alwaysUpReason(virtual);
      if (reason === undefined) continue;
      for (const config of virtual.reals) {
        const real = reals.of(virtual, config);
        if (real !== undefined) this.#judge(real, up(reason), now);
      }
    }
  }

  takeFinished(finished: FinishedCheck, now: Instant): Duration | undefined {
    let fastest: number | undefined;
    for (const key of finished.realKeys) {
      const real = this.#reals.byKey.get(key);
      if (real === undefined) continue;
      real.checkedAt = now;
      real.checkTook = finished.took;
      this.#judge(real, finished.verdict, now);
      const { fastIntervalSeconds } = real.virtual.health;
      if (fastIntervalSeconds === undefined || !isInDoubt(real)) continue;
      fastest = Math.min(fastest ?? fastIntervalSeconds, fastIntervalSeconds);
    }
    return fastest === undefined ? undefined : seconds(fastest);
  }

  takeAgent({ verdict, realKeys }: FinishedCheck, now: Instant): void {
    const { answer = '' } = verdict;
    const word = verdict.isUp ? readAgentWord(answer) : undefined;
    const fault = verdict.isUp ? cleanReason(`no word is known in "${answer}"`) : verdict.reason;
    for (const key of realKeys) {
      const real = this.#reals.byKey.get(key);
      if (real === undefined) continue;
      const before = real.agent;
      const after = word === undefined ? afterAgentFailure(before) : afterAgentWord(before, word);
      real.agent = after;
      if (agentLetsIn(before) && !agentLetsIn(after)) real.agentOutSince = now;
      const where = `${endpointText(real.config)} (${real.virtual.name})`;
      const news = agentNews(before, after, where, fault);
      if (news !== undefined) this.#face.log(news.level, news.code, news.text);
      if (isOtherEffect(before, after)) this.reconsider(real);
    }
  }

  #judge(real: RealServer, given: CheckVerdict, now: Instant): void {
    const isHeld = this.#maintenance.holds(real);
    const words = (): CheckVerdict => ({ ...down(MAINTENANCE_REASON), answer: MAINTENANCE_REASON });
    const verdict = isHeld ? words() : given;
    const { virtual, config } = real;
    if (virtual.monitorFile !== undefined) {
      const text = monitorLine(virtual, config, verdict);
      this.#face.emit({ kind: 'note-check', file: virtual.monitorFile, text });
    }
    if (isHeld) return;
    const { verdict: before, lastFailure } = real;
    for (const { code, text } of takeVerdict(real, verdict, now)) {
      this.#face.log('info', code, text);
    }
    // Most checks change nothing, and planning for each would be most of the work.
    if (real.verdict !== before) this.#takeChange(real, now);
    else if (real.lastFailure !== lastFailure) this.#dirty.add(ipvsKeyText(virtual.key));
  }

  #takeChange(real: RealServer, now: Instant): void {
    const key = ipvsKeyText(real.virtual.key);
    this.#dirty.add(key);
    this.#face.wantPlan(key);
    this.#followRamp(real, now);
  }

  maintain(endpoints: ReadonlySet<string>, now: Instant): ReadonlySet<string> {
    const { taken, released } = this.#maintenance.take(endpoints, this.#reals, now);
    for (const real of taken) this.#takeChange(real, now);
    for (const real of released) {
      const reason = alwaysUpReason(real.virtual);
      if (reason !== undefined) this.#judge(real, up(reason), now);
    }
    return new Set(released.map((real) => realKey(real.virtual, real.config)));
  }

  reconsider(real: RealServer): void {
    const key = ipvsKeyText(real.virtual.key);
    this.#dirty.add(key);
    this.#face.wantPlan(key);
  }

  advance(isServing: boolean, now: Instant): void {
    for (const [key, at] of [...this.#rising]) {
      const real = this.#reals.byKey.get(key);
      if (at <= now && real !== undefined) this.#followRamp(real, now);
    }
    if (!isServing) this.#told.clear();
    // Who takes the table over has not told anybody yet.
    if (isServing && !this.#isServing) {
      for (const key of this.#virtuals.keys()) this.#dirty.add(key);
    }
    this.#isServing = isServing;
    for (const key of this.#dirty) this.#keepFloor(key);
    this.#dirty.clear();
  }

  /** Sets the weight of the moment; none when the real server does not rise (any more). */
  #followRamp(real: RealServer, now: Instant): void {
    const key = realKey(real.virtual, real.config);
    const span = seconds(real.virtual.health.slowStartSeconds ?? 0);
    const since = real.verdict === 'up' && span > 0 ? real.rampedSince : undefined;
    const { weight } = real.config;
    const next = since === undefined ? undefined : nextRampAt(weight, since, span, now);
    const before = real.rampedWeight;
    if (since === undefined || next === undefined) {
      this.#rising.delete(key);
      real.rampedWeight = undefined;
    } else {
      this.#rising.set(key, next);
      real.rampedWeight = rampWeight(weight, since, span, now);
    }
    if (real.rampedWeight !== before) this.#face.wantPlan(ipvsKeyText(real.virtual.key));
  }

  #keepFloor(serviceKey: string): void {
    const virtual = this.#virtuals.get(serviceKey);
    if (virtual === undefined) return;
    const reals = virtual.reals.flatMap((config) => this.#reals.of(virtual, config) ?? []);
    const kept = keptOf(virtual, reals);
    for (const real of reals) {
      const isKept = kept.has(real);
      if (real.isKept !== isKept) this.#face.wantPlan(serviceKey);
      real.isKept = isKept;
      if (this.#isServing) this.#tellKept(real, virtual);
    }
  }

  #tellKept(real: RealServer, virtual: VirtualServiceConfig): void {
    const key = realKey(virtual, real.config);
    if (this.#told.has(key) === real.isKept) return;
    const name = endpointText(real.config);
    const where = `${name} (${virtual.name})`;
    if (real.isKept) {
      this.#told.add(key);
      const subject = `Kept real server: ${where} (down, but minpool is ${floorOf(virtual)})`;
      const why = real.verdict === 'up' ? (agentText(real.agent) ?? '') : real.reason;
      this.#face.log('WARN', 'real-kept', `${subject}: ${why}`);
      this.#face.alert({ virtual, subject, real: name, isLoss: true });
      return;
    }
    this.#told.delete(key);
    const isUp = real.verdict === 'up' && agentLetsIn(real.agent);
    const subject = `No longer kept real server: ${where}`;
    this.#face.log(
      'info',
      'real-kept-no-longer',
      `${subject}: ${isUp ? real.reason : 'enough are up'}`,
    );
    // One that leaves the service is told of when the kernel has confirmed that.
    if (isUp) this.#face.alert({ virtual, subject, real: name, isLoss: false });
  }

  next(): Instant | undefined {
    return earliest(...this.#rising.values());
  }
}
