// Web servers saturated by their clients: listen queues overflow, connections are taken after
// their SYN was sent again (after 1, 3 and 7 s, RFC 6298), so that a check runs out of time now and
// then. Both servers live all the time. The settings are those of the shipped example, and the same
// without the directives that ldirectord does not know.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createPrng, type Prng } from '#src/base/prng.js';
import type { CheckSpec } from '#src/checks/check-spec.js';
import type { DirectorConfig } from '#src/config/director-config.js';
import { healthDirectives } from '#src/config/director-health-directives.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { recordedNames } from '../conformance/ldirectord-names.js';
import { DirectorWorld, type ScriptedServer } from './director-world.js';

const example = readFileSync(
  new URL('../../../etc/ha.d.example/ldirectord.cf', import.meta.url),
  'utf8',
);

function parsed(text: string): DirectorConfig {
  const { config, diagnostics } = parseDirectorConfig(text, 'ldirectord.cf', recordedNames());
  assert.ok(config, JSON.stringify(diagnostics));
  return config;
}

const extensions = new RegExp(`^(${healthDirectives.map(([name]) => name).join('|')}) *=`);
const ours = parsed(example);
const original = parsed(
  example
    .split('\n')
    .filter((line) => !extensions.test(line))
    .join('\n'),
);

const MINUTES = 10;
const SEEDS = Array.from({ length: 5 }, (_, index) => index + 1);
/** Part of the connection attempts that find the listen queue full. */
const LOADS = [0.4, 0.5, 0.6];
const SYN_AT_MS = [0, 1000, 3000, 7000];

const isWeb = (spec: CheckSpec): boolean => 'port' in spec && spec.port === 80;

function answerMs(prng: Prng, fullPart: number): number {
  const tries = SYN_AT_MS.findIndex(() => prng.fraction() >= fullPart);
  // Taken: half a second of work on average, exponentially distributed.
  const workMs = -500 * Math.log(1 - prng.fraction());
  return (SYN_AT_MS[tries === -1 ? 3 : tries] ?? 0) + workMs;
}

interface Run {
  readonly world: DirectorWorld;
  timeouts: number;
}

function saturated(config: DirectorConfig, seed: number, fullPart: number): Run {
  const prng = createPrng(seed);
  const world = new DirectorWorld(config);
  const run: Run = { world, timeouts: 0 };
  world.judge = (): ScriptedServer => ({ isUp: true, delayMs: 5 });
  world.start();
  world.run(5000);
  world.log.length = 0;
  world.judge = (spec) => {
    if (!isWeb(spec)) return { isUp: true, delayMs: 5 };
    const delayMs = answerMs(prng, fullPart);
    if (delayMs < spec.timeout) return { isUp: true, delayMs };
    run.timeouts++;
    return { isUp: true, delayMs: undefined };
  };
  return run;
}

const quiescedIn = (world: DirectorWorld): number =>
  world.log.filter((line) => line.startsWith('Quiescent real server')).length;

test('saturated servers that live are quiesced by the original rule and not by ours', (context) => {
  for (const load of LOADS) {
    const counts = { original: 0, ours: 0, timeouts: 0 };
    for (const seed of SEEDS) {
      const before = saturated(original, seed, load);
      before.world.run(MINUTES * 60_000);
      const now = saturated(ours, seed, load);
      now.world.run(MINUTES * 60_000);
      assert.ok(quiescedIn(before.world) > 0, `load ${load}, seed ${seed}: the original rule held`);
      counts.original += quiescedIn(before.world);
      counts.ours += quiescedIn(now.world);
      counts.timeouts += now.timeouts;
    }
    const minutes = MINUTES * SEEDS.length;
    context.diagnostic(
      `queue full for ${100 * load} % of the attempts, ${minutes} min: quiesced ` +
        `${counts.original} times by the original rule, ${counts.ours} times by ours ` +
        `(${counts.timeouts} checks ran out of time)`,
    );
    // Six checks in a row that run out of time are chance alone only at the heaviest load.
    assert.ok(counts.ours <= (load > 0.5 ? counts.original / 100 : 0), `load ${load}`);
  }
});

test('a saturated server whose port closes is quiesced as soon by ours', () => {
  for (const config of [original, ours]) {
    const { world } = saturated(config, 3, 0.3);
    world.run(60_000);
    const busy = world.judge;
    world.judge = (spec) =>
      isWeb(spec) && 'address' in spec && spec.address === '192.168.0.1'
        ? { isUp: false, delayMs: 1 }
        : busy(spec);
    const closedAtMs = world.nowMs;
    const weightNow = (): number | undefined => world.status().virtuals[0]?.reals[0]?.weight;
    while (weightNow() !== 0 && world.nowMs < closedAtMs + 60_000) world.run(100);
    // One check may be under way until its limit; the next one is refused.
    assert.ok(world.nowMs - closedAtMs <= 6000, `${world.nowMs - closedAtMs} ms`);
  }
});

test('a server that never answers is quiesced after six of its limits', () => {
  const { world } = saturated(ours, 3, 0);
  world.run(10_000);
  const fast = world.judge;
  world.judge = (spec) =>
    isWeb(spec) && 'address' in spec && spec.address === '192.168.0.1'
      ? { isUp: false, delayMs: undefined }
      : fast(spec);
  const mutedAtMs = world.nowMs;
  const weightNow = (): number | undefined => world.status().virtuals[0]?.reals[0]?.weight;
  while (weightNow() !== 0 && world.nowMs < mutedAtMs + 120_000) world.run(100);
  const took = world.nowMs - mutedAtMs;
  // Limit, grace of the engine and the interval behind it, six times.
  assert.ok(took > 24_000 && took <= 6 * 5500 + 1000, `${took} ms`);
});

test('when every check of every server runs out of time, one stays in service', () => {
  const { world } = saturated(ours, 3, 0);
  world.judge = (spec) => ({ isUp: true, delayMs: isWeb(spec) ? undefined : 5 });
  world.run(120_000);
  const web = world.status().virtuals[0];
  const carriers = web?.reals.filter(({ weight }) => (weight ?? 0) > 0) ?? [];
  assert.equal(carriers.length, 1);
  assert.equal(carriers[0]?.isKept, true);
  assert.equal(web?.isFallbackActive, false);
});
