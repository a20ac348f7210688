// The scenario's common ground: what every step may use, how a step says what it saw, and the
// loop that plays steps one after the other and keeps their figures.

import assert from 'node:assert/strict';
import type { ArpCapture } from '../arp-capture.js';
import type { HeartbeatProgram } from '../heartbeat-program.js';
import { type Outage, outageOf, type Probe } from '../probe.js';
import { type TableService, tableOf } from '../servers.js';
import { nowMs, waitFor } from '../wait.js';
import { insideVip, outsideVip, type ThesisCluster } from './cluster.js';

export type Figures = Readonly<Record<string, number | string | boolean>>;

export interface Step {
  readonly name: string;
  readonly title: string;
  play(scenario: Scenario): Promise<Figures>;
}

export interface Scenario {
  readonly cluster: ThesisCluster;
  /** Asks the service address on the grid of the figures, through all steps. */
  readonly probe: Probe;
  /** What the client hears on the outer network, and a real server on the inner one. */
  readonly outsideArp: ArpCapture;
  readonly insideArp: ArpCapture;
  /** How much slower than usual this machine is. */
  readonly pace: number;
  /** Dead time the directors are configured with. */
  readonly deadtimeMs: number;
  say(text: string): void;
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly figures: Figures;
  readonly error?: string;
}

/** The director that holds the service alone; fails when none or both do. */
export async function theHolder(scenario: Scenario): Promise<HeartbeatProgram> {
  const holders = await scenario.cluster.holders();
  const [name] = holders;
  assert.equal(holders.length, 1, `one holder, not: ${holders.join(' and ') || 'none'}`);
  return scenario.cluster.director(name ?? '');
}

export function explainBoth({ cluster }: Scenario): string {
  return [...cluster.directors.values()].map((each) => each.explain()).join('\n');
}

/** Waits until `name` alone holds every address of the service. */
export async function waitForHolder(
  scenario: Scenario,
  name: string,
  limitMs: number,
): Promise<void> {
  await waitFor(
    `${name} to hold the service alone`,
    limitMs,
    async () => {
      const [holders, touching] = [
        await scenario.cluster.holders(),
        await scenario.cluster.touching(),
      ];
      return holders.length === 1 && holders[0] === name && touching.length === 1;
    },
    () => explainBoth(scenario),
  );
}

export async function waitForTable(
  scenario: Scenario,
  director: HeartbeatProgram,
  expected: readonly TableService[],
  limitMs: number,
): Promise<void> {
  let last: TableService[] = [];
  const wanted = JSON.stringify(expected);
  await waitFor(
    `${director.host.name}'s table to be as expected`,
    limitMs,
    async () => {
      last = await tableOf(director.host);
      return JSON.stringify(last) === wanted;
    },
    () => `wanted ${wanted}\nfound  ${JSON.stringify(last)}\n${explainBoth(scenario)}`,
  );
}

/** Waits until the service answers steadily and both real servers take part. */
export async function waitForService(scenario: Scenario, limitMs: number): Promise<void> {
  await scenario.probe.waitForAnswers(20, limitMs);
  const from = nowMs();
  await waitFor('both real servers to answer', limitMs, () => {
    const by = scenario.probe.answererSince(from);
    return by.has('penguin1') && by.has('penguin2');
  });
}

/** The client's kernel and the real servers' must send to the MAC of the one that holds. */
export async function expectArp(scenario: Scenario, holder: string): Promise<void> {
  const { cluster } = scenario;
  const wanted = cluster.outsideMac(holder);
  await waitFor(
    `the client to send ${outsideVip} to ${holder} (${wanted})`,
    5000 * scenario.pace,
    async () => (await cluster.client.neighbour(outsideVip)) === wanted,
    () => JSON.stringify(scenario.outsideArp.frames.slice(-12)),
  );
}

/** Both forms of the announcement, from the right sender, on both sides, since the moment. */
export async function expectAnnouncements(
  scenario: Scenario,
  holder: string,
  sinceMs: number,
  least: number,
): Promise<number> {
  const mac = scenario.cluster.outsideMac(holder);
  const outside = (kind: 'request' | 'reply'): number =>
    scenario.outsideArp
      .announcements(outsideVip, sinceMs)
      .filter((each) => each.kind === kind && each.sourceMac === mac).length;
  const inside = (): number => scenario.insideArp.announcements(insideVip, sinceMs).length;
  await waitFor(
    `${least} announcements in each form from ${holder}`,
    15_000 * scenario.pace,
    () => outside('request') >= least && outside('reply') >= least && inside() >= 2 * least,
    () => `${outside('request')} requests, ${outside('reply')} replies, ${inside()} inside`,
  );
  return outside('request') + outside('reply');
}

/**
 * Plays `fault` while the client asks each 5 ms. Outside of measured faults an emulated machine
 * is asked less often, because the client alone would take most of its processors.
 */
export async function asked5ms<T>(scenario: Scenario, fault: () => Promise<T>): Promise<T> {
  scenario.probe.askEvery(5);
  try {
    return await fault();
  } finally {
    scenario.probe.askEvery(scenario.probe.settings.intervalMs);
  }
}

/** The outage since a moment, once every question asked until now was answered or given up. */
export async function outageSince(scenario: Scenario, sinceMs: number): Promise<Outage> {
  await scenario.probe.settle();
  return (
    outageOf(scenario.probe.since(sinceMs)) ?? {
      ms: 0,
      fromMs: sinceMs,
      untilMs: sinceMs,
      failed: 0,
    }
  );
}

/** Fails when a question asked since the moment got no answer. */
export async function expectNoFailure(scenario: Scenario, sinceMs: number): Promise<number> {
  await scenario.probe.settle();
  const failures = scenario.probe.failuresSince(sinceMs);
  assert.deepEqual(failures.slice(0, 5), [], `${failures.length} questions got no answer`);
  return scenario.probe.since(sinceMs).length;
}

export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Plays the steps in order; after a failed one the rest cannot mean anything and is left. */
export async function playSteps(
  scenario: Scenario,
  steps: readonly Step[],
  onResult: (step: Step, result: StepResult) => void,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const from = nowMs();
    scenario.say(`== ${step.title}`);
    try {
      const figures = await step.play(scenario);
      results.push({ name: step.name, ok: true, ms: round(nowMs() - from), figures });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const ms = round(nowMs() - from);
      results.push({ name: step.name, ok: false, ms, figures: {}, error: text });
    }
    const last = results.at(-1);
    if (last !== undefined) onResult(step, last);
    if (last?.ok !== true) break;
  }
  return results;
}
