// `npm run bench -- false-alarms [--seconds N]`: four busy loops on the machine, and how often a
// pair takes a living peer for dead meanwhile: ours in real time and without, heartbeat 3.0.6
// and keepalived, all at once, so that each has the same seconds. One JSON line a setting.
// docs/benchmarks.md has the method.

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Program } from '../lab/process.js';
import { type IdleSetting, withIdlePair } from './idle-pair.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    loops: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
  },
});

type Row = readonly [IdleSetting['peer'], number, number, boolean];

/** Peer, keepalive, dead time (three adverts and a bit of keepalived), real time. */
const rows: readonly Row[] = [
  ['lubdub', 20, 100, true],
  ['lubdub', 10, 40, true],
  ['lubdub', 5, 20, true],
  ['lubdub', 100, 500, false],
  ['heartbeat 3.0.6', 20, 100, true],
  ['heartbeat 3.0.6', 100, 500, true],
  ['keepalived', 10, 36, true],
  ['keepalived', 10, 36, false],
];

const seconds = Number(values.seconds);
const START_SPACING_MS = 4000;

/** Resolves for all when the last one waits. */
function gather(count: number): () => Promise<void> {
  let missing = count;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    missing--;
    if (missing === 0) open();
    return gate;
  };
}

async function beBusy(): Promise<void> {
  const loop = ['sh', '-c', 'while :; do :; done'];
  const loops = Array.from({ length: Number(values.loops) }, () => new Program(loop));
  await sleep(seconds * 1000);
  for (const each of loops) await each.stop('SIGKILL');
  // What was late is written by then.
  await sleep(1000);
}

function print(setting: IdleSetting, result: Readonly<Record<string, number | string>>): void {
  const machine = { seconds, loops: Number(values.loops), cores: availableParallelism() };
  const line = { bench: 'false-alarms', ...setting, ...machine, ...result };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(): Promise<void> {
  const wanted = rows.filter(([peer]) => peer.includes(values.only));
  const settled = gather(wanted.length);
  let busy: Promise<void> | undefined;
  const measure = async (row: Row, at: number): Promise<void> => {
    const [peer, keepaliveMs, deadtimeMs, isRealtime] = row;
    const setting: IdleSetting = { peer, keepaliveMs, deadtimeMs, isRealtime };
    let isSettled = false;
    // Sixteen daemons that start at once on two cores starve one another.
    await sleep(at * START_SPACING_MS);
    try {
      await withIdlePair(setting, async (pair) => {
        isSettled = true;
        await settled();
        const before = pair.falseDeaths();
        busy ??= beBusy();
        await busy;
        print(setting, { falseDeaths: pair.falseDeaths() - before });
      });
    } catch (error) {
      // The others are measured all the same.
      if (!isSettled) void settled();
      print(setting, { failed: String(error).slice(-1500) });
      process.exitCode = 1;
    }
  };
  process.exitCode = 0;
  await Promise.all(wanted.map(measure));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  await main();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
