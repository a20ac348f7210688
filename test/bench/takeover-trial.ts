// One trial of a takeover: the active machine loses power while a client asks each 5 ms. Knows
// neither of the programs; a contender brings them.

import type { Host } from '../lab/host.js';
import { outageOf, Probe } from '../lab/probe.js';
import { nowMs, waitFor } from '../lab/wait.js';
import { round } from './figures.js';
import type { WireCapture } from './wire-capture.js';

export interface Contender {
  readonly peer: 'lubdub' | 'keepalived';
  readonly setting: string;
  readonly word: 'heartbeat' | 'vrrp';
  /** The machine that serves now, alone. */
  holder(): Promise<string | undefined>;
  /** Starts the program on a machine that has just come up. */
  start(host: Host): Promise<void>;
  /** Resolves when both machines have taken up their roles and the pair is at rest. */
  ready(): Promise<void>;
  explain(): string;
}

export interface Arena {
  readonly client: Host;
  readonly machines: readonly [Host, Host];
  readonly capture: WireCapture;
  /** First and last address of the service; the later one counts. */
  readonly asked: readonly string[];
  /** The device of the machines on the captured network, for their MAC. */
  readonly device: string;
  /** The address whose announcement is waited for on that network. */
  readonly announced: string;
  readonly probeLimitMs: number;
  readonly intervalMs: number;
  readonly waitMs: number;
}

export interface Measured {
  readonly outageMs: number;
  readonly detectionMs: number;
  readonly executionMs: number;
  readonly announcedMs: number;
}

function macOf(host: Host, device: string): string {
  return host.settings.interfaces.find((each) => each.device === device)?.mac ?? '';
}

async function rolesOf(arena: Arena, contender: Contender): Promise<[Host, Host]> {
  const name = await waitFor(
    `one holder of ${contender.peer}`,
    arena.waitMs,
    () => contender.holder(),
    () => contender.explain(),
  );
  const [first, second] = arena.machines;
  return first.name === name ? [first, second] : [second, first];
}

/** Takes the power of the active machine and measures; that machine stays off. */
async function measure(arena: Arena, contender: Contender): Promise<Measured & { lost: Host }> {
  const [active, standby] = await rolesOf(arena, contender);
  const { intervalMs, probeLimitMs: limitMs } = arena;
  const probes = await Promise.all(
    arena.asked.map((address) => Probe.start(arena.client, { address, intervalMs, limitMs })),
  );
  for (const probe of probes) await probe.waitForAnswers(20, arena.waitMs);
  arena.capture.clear();
  const faultMs = nowMs();
  await active.powerOff();
  for (const probe of probes) {
    await waitFor(
      'the first failure',
      arena.waitMs,
      () => probe.failuresSince(faultMs).length > 0,
      () => contender.explain(),
    );
    await probe.waitForAnswers(20, arena.waitMs);
    await probe.settle();
  }
  const mac = macOf(standby, arena.device);
  const wordMs = arena.capture.firstWord(mac, contender.word, faultMs);
  const announced = await waitFor(`an announcement of ${arena.announced}`, arena.waitMs, () =>
    arena.capture.firstAnnouncement(mac, arena.announced, faultMs),
  );
  if (wordMs === undefined) throw new Error(`no word of ${standby.name}\n${contender.explain()}`);
  const ends = probes.map((probe) => outageOf(probe.since(faultMs))?.untilMs ?? faultMs);
  for (const probe of probes) await probe.stop();
  const untilMs = Math.max(...ends);
  return {
    outageMs: round(untilMs - faultMs),
    detectionMs: round(wordMs - faultMs),
    executionMs: round(untilMs - wordMs),
    announcedMs: round(announced - wordMs),
    lost: active,
  };
}

/** Several trials; the machine that lost its power comes back as the standby each time. */
export async function playTrials(
  arena: Arena,
  contender: Contender,
  repeats: number,
  restore: (host: Host) => Promise<void>,
  onTrial: (measured: Measured) => void,
): Promise<void> {
  for (let turn = 0; turn < repeats; turn += 1) {
    await contender.ready();
    const { lost, ...measured } = await measure(arena, contender);
    onTrial(measured);
    if (turn + 1 === repeats) return;
    await lost.powerOn();
    await restore(lost);
    await contender.start(lost);
  }
}
