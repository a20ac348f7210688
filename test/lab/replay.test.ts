// The scenarios recorded from ldirectord 4.12 over a kernel's table, replayed against the built
// daemon over a kernel's table: every step has to end as recorded, or as
// ldirectord-differences.ts says. They are played in two user-mode kernels side by side where this
// one has no IPVS, or in the emulated machine where such kernels do not run.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differences } from '../conformance/ldirectord-differences.js';
import { recordedCases } from '../conformance/ldirectord-recorded.js';
import { hasIpvs } from './ipvs.js';
import { boundToUs, Program } from './process.js';
import type { Outcome } from './replay/main.js';
import { runInUml, umlWorks } from './uml.js';
import { runInVm } from './vm.js';

const player = fileURLToPath(new URL('./replay/main.js', import.meta.url));
/** Each scenario mostly waits; more at once than this only makes the starts slower. */
const AT_ONCE = 7;
const LIMIT_MS = 20 * 60_000;

const outcomes = new Map<string, Outcome>();
const folder = mkdtempSync(join(tmpdir(), `lubdub-${process.pid}-replay-`));

type Runner = (argv: readonly string[], out: string) => Promise<unknown>;

const onLine = (line: string): void => {
  if (line.startsWith('NOT OK')) console.log(line);
};

const hereItself: Runner = (argv) => new Program(boundToUs(argv), process.env, onLine).ended;
const inUml: Runner = (argv, out) => runInUml(argv, { out, onLine, limitMs: LIMIT_MS });
const inVm: Runner = (argv, out) => runInVm(argv, { out, onLine, limitMs: LIMIT_MS });

/** How to run the player, in how many machines, and where it sees their folder. */
async function chooseMachines(): Promise<{ runner: Runner; count: number; out?: string }> {
  if (await hasIpvs()) return { runner: hereItself, count: 1 };
  if (await umlWorks()) return { runner: inUml, count: 2, out: '/out' };
  return { runner: inVm, count: 1, out: '/out' };
}

before(async () => {
  const { runner, count, out } = await chooseMachines();
  const shards = Array.from({ length: count }, async (_, index) => {
    const own = join(folder, String(index));
    mkdirSync(own);
    const file = join(out ?? own, 'outcomes.json');
    const words = ['--shard', `${index}/${count}`, '--at-once', String(AT_ONCE), '--out', file];
    await runner([process.execPath, player, ...words], own);
    const text = readFileSync(join(own, 'outcomes.json'), 'utf8');
    // Written by our own player.
    for (const each of JSON.parse(text) as Outcome[]) outcomes.set(each.name, each);
  });
  await Promise.all(shards);
});

after(() => {
  for (const area of new Set(recordedCases.map((each) => each.area))) {
    const all = [...outcomes.values()].filter((each) => each.area === area);
    const failed = all.filter((each) => each.complaints.length > 0).length;
    console.log(`replay: ${area}: ${all.length - failed} passed, ${failed} failed`);
  }
  rmSync(folder, { recursive: true, force: true });
});

for (const area of new Set(recordedCases.map((each) => each.area))) {
  describe(`${area}, as recorded`, () => {
    for (const { name } of recordedCases.filter((each) => each.area === area)) {
      const claim = differences[name]?.claim;
      test(claim === undefined ? name : `${name}: ${claim}`, () => {
        const outcome = outcomes.get(name);
        assert.ok(outcome, 'was not played');
        assert.equal(outcome.complaints.join('\n'), '');
      });
    }
  });
}

test('every recorded fault of the original is decided', () => {
  const faults = recordedCases.filter((each) => each.peer_bug === true).map(({ name }) => name);
  const undecided = faults.filter((name) => differences[name] === undefined);
  assert.deepEqual(undecided, []);
});
