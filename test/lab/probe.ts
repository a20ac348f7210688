// Runs the asking client on a host and turns its answers into figures: who answered, what
// failed, and how long the service was out.

import { fileURLToPath } from 'node:url';
import type { Host } from './host.js';
import type { Program } from './process.js';
import { nowMs, waitFor } from './wait.js';

export interface Answer {
  readonly atMs: number;
  readonly tookMs: number;
  /** Who answered; undefined when nobody did. */
  readonly by?: string;
  readonly failure?: string;
}

export interface Outage {
  /** From the first question that got no answer to the first answered one after the last. */
  readonly ms: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly failed: number;
}

export interface ProbeSettings {
  readonly address: string;
  readonly port?: number;
  readonly intervalMs?: number;
  readonly limitMs?: number;
}

const clientPath = fileURLToPath(new URL('./probe-client.js', import.meta.url));
const startMs = 60_000;

function parseAnswer(line: string): Answer | undefined {
  const match = /^(\d[\d.]*) ([\d.]+) (.*)$/.exec(line);
  const [, at, took, answer] = match ?? [];
  if (at === undefined || took === undefined || answer === undefined) return undefined;
  const base = { atMs: Number(at), tookMs: Number(took) };
  return answer.startsWith('!') ? { ...base, failure: answer.slice(1) } : { ...base, by: answer };
}

/**
 * One outage over all failures of the answers: a takeover that flickers counts as long as it
 * flickered. Undefined when nothing failed.
 */
export function outageOf(answers: readonly Answer[]): Outage | undefined {
  const sorted = answers.toSorted((a, b) => a.atMs - b.atMs);
  const failed = sorted.filter((each) => each.failure !== undefined);
  const [first] = failed;
  const last = failed.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const next = sorted.find((each) => each.failure === undefined && each.atMs > last.atMs);
  const untilMs = next === undefined ? Number.POSITIVE_INFINITY : next.atMs + next.tookMs;
  return { ms: untilMs - first.atMs, fromMs: first.atMs, untilMs, failed: failed.length };
}

export class Probe {
  readonly answers: Answer[] = [];
  readonly settings: Required<ProbeSettings>;
  private readonly program: Program;

  private constructor(host: Host, settings: Required<ProbeSettings>) {
    this.settings = settings;
    this.program = host.start(
      [
        ...[process.execPath, clientPath, settings.address, String(settings.port)],
        ...[String(settings.intervalMs), String(settings.limitMs)],
      ],
      (line) => {
        const answer = parseAnswer(line);
        if (answer !== undefined) this.answers.push(answer);
      },
    );
  }

  static async start(host: Host, settings: ProbeSettings): Promise<Probe> {
    const probe = new Probe(host, { port: 80, intervalMs: 5, limitMs: 300, ...settings });
    await waitFor('the client to ask', startMs, () => probe.program.output.includes('asking'));
    return probe;
  }

  /** Asks on another grid from now on. */
  askEvery(intervalMs: number): void {
    this.program.child.stdin?.write(`${intervalMs}\n`);
  }

  /** Answers to questions asked at or after `sinceMs`, in the order of asking. */
  since(sinceMs: number): Answer[] {
    return this.answers.filter((each) => each.atMs >= sinceMs).toSorted((a, b) => a.atMs - b.atMs);
  }

  failuresSince(sinceMs: number): Answer[] {
    return this.since(sinceMs).filter((each) => each.failure !== undefined);
  }

  /** Names of those who answered since. */
  answererSince(sinceMs: number): Set<string> {
    return new Set(this.since(sinceMs).flatMap((each) => (each.by === undefined ? [] : [each.by])));
  }

  /** Waits for `count` answers in a row, all asked from now on. */
  async waitForAnswers(count: number, limitMs: number, what = 'answers'): Promise<void> {
    const from = nowMs();
    await waitFor(
      `${count} ${what} in a row from ${this.settings.address}`,
      limitMs,
      () => {
        const last = this.since(from).slice(-count);
        return last.length === count && last.every((each) => each.failure === undefined);
      },
      () => JSON.stringify(this.since(from).slice(-5)),
    );
  }

  /** Waits until every question asked before now has been answered or given up. */
  async settle(): Promise<void> {
    const from = nowMs();
    await waitFor('open questions to end', this.settings.limitMs + 30_000, () =>
      this.answers.some((each) => each.atMs + each.tookMs > from + this.settings.limitMs),
    );
  }

  async stop(): Promise<void> {
    this.program.child.stdin?.end();
    await this.program.ended;
  }
}
