// `node dist/test/lab/replay/main.js [--shard I/N] [--at-once N] [--out FILE] [NAME…]`: plays
// recorded scenarios where IPVS is, several at once, and writes what was found.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RecordedCase, recordedCases } from '../../conformance/ldirectord-recorded.js';
import { pace } from '../pace.js';
import { nowMs } from '../wait.js';
import { Place } from './place.js';
import { Play } from './play.js';
import { shardOf } from './shard.js';
import { AHEAD, Shell } from './shell.js';

export interface Outcome {
  readonly area: string;
  readonly name: string;
  readonly complaints: readonly string[];
  readonly seconds: number;
}

async function playOne(
  recorded: RecordedCase,
  folder: string,
  outside: Shell,
  slowness: number,
): Promise<readonly string[]> {
  rmSync(join(folder, recorded.name), { recursive: true, force: true });
  const place = new Place(recorded, folder, outside);
  const play = new Play(recorded, place, slowness);
  try {
    await place.build();
    return await play.run();
  } catch (fault) {
    return [`not played to the end: ${fault instanceof Error ? fault.stack : String(fault)}`];
  } finally {
    await play.end().catch(() => undefined);
    await place.close();
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      shard: { type: 'string', default: '0/1' },
      'at-once': { type: 'string', default: '8' },
      out: { type: 'string' },
    },
  });
  const [index = 0, count = 1] = values.shard.split('/').map(Number);
  const wanted = recordedCases.filter(
    ({ name, area }) =>
      positionals.length === 0 || positionals.includes(name) || positionals.includes(area),
  );
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  const slowness = Math.max(1, (await pace()) / 2);
  const outside = new Shell();
  const outcomes = new Map<string, Outcome>();
  setPriority(-AHEAD);
  const playAll = async (queue: RecordedCase[], atOnce: number): Promise<void> => {
    const next = async (): Promise<void> => {
      for (let recorded = queue.shift(); recorded !== undefined; recorded = queue.shift()) {
        const from = nowMs();
        const complaints = await playOne(recorded, folder, outside, slowness);
        const seconds = Math.round((nowMs() - from) / 100) / 10;
        const { area, name } = recorded;
        outcomes.set(name, { area, name, complaints, seconds });
        console.log(`${complaints.length === 0 ? 'ok' : 'NOT OK'} ${area} ${name} (${seconds} s)`);
        for (const each of complaints) console.log(`  ${each}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  };
  const cases = shardOf(wanted, index, count);
  await playAll([...cases], Number(values['at-once']));
  // Many at once starve each other on a slow machine, and a check that is late is a failed check.
  // What failed is played once more with nothing beside it; that result counts.
  const again = cases.filter(({ name }) => (outcomes.get(name)?.complaints.length ?? 1) > 0);
  if (again.length > 0) console.log(`once more: ${again.map(({ name }) => name).join(' ')}`);
  await playAll(again, 1);
  await outside.close();
  rmSync(folder, { recursive: true, force: true });
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify([...outcomes.values()]));
}

await main();
