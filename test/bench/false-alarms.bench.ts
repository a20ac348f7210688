// `npm run bench -- false-alarms [--seconds N]`: four busy loops on the machine, and how often a
// pair takes a living peer for dead meanwhile: ours in real time and without, heartbeat 3.0.6
// and keepalived, in one run. One JSON line a setting. docs/benchmarks.md has the method.

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

async function measure([peer, keepaliveMs, deadtimeMs, isRealtime]: Row): Promise<void> {
  const setting: IdleSetting = { peer, keepaliveMs, deadtimeMs, isRealtime };
  const falseDeaths = await withIdlePair(setting, async (pair) => {
    const loops = Array.from(
      { length: Number(values.loops) },
      () => new Program(['sh', '-c', 'while :; do :; done']),
    );
    await sleep(Number(values.seconds) * 1000);
    for (const loop of loops) await loop.stop('SIGKILL');
    // What was late is written by then.
    await sleep(1000);
    return pair.falseDeaths();
  });
  const line = {
    bench: 'false-alarms',
    ...setting,
    seconds: Number(values.seconds),
    loops: Number(values.loops),
    cores: availableParallelism(),
    falseDeaths,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  for (const row of rows) if (row[0].includes(values.only)) await measure(row);
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
