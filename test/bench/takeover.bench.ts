// `npm run bench -- takeover [--vips 1,10,100] [--repeats N] [--only host|table]`: how long a
// client is without service when the active director loses power, beside keepalived in the same
// run. One JSON line a trial, then a table of medians. docs/benchmarks.md has the method.

import { parseArgs } from 'node:util';
import { hasIpvs, here, runWherePossible } from '../lab/ipvs.js';
import { type Trial, tableText } from './figures.js';
import { benchPairs } from './takeover-pair.js';
import { benchTables } from './takeover-table.js';

const machineLimitMs = 25 * 60_000;

const { values } = parseArgs({
  options: {
    vips: { type: 'string', default: '1,10,100' },
    repeats: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const repeats = Number(values.repeats);

async function pairs(): Promise<Trial[]> {
  return benchPairs({
    settings: [
      { name: '20/100 ms', keepalive: '20ms', deadtimeMs: 100 },
      { name: '100/1000 ms', keepalive: '100ms', deadtimeMs: 1000 },
    ],
    advertSeconds: ['0.01', '0.1'],
    vips: values.vips.split(',').map(Number),
    repeats,
  });
}

function isTrial(value: unknown): value is Trial {
  return typeof value === 'object' && value !== null && 'bench' in value;
}

/** Here when the kernel has IPVS, else by this same program in an emulated machine. */
async function tables(): Promise<Trial[]> {
  if (await hasIpvs()) return benchTables(repeats, here);
  const trials: Trial[] = [];
  const script = process.argv[1] ?? '';
  const argv = [process.execPath, script, '--only', 'table', '--repeats', String(repeats)];
  const { code } = await runWherePossible(argv, {
    limitMs: machineLimitMs,
    onLine: (line) => {
      process.stdout.write(`${line}\n`);
      const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
      if (isTrial(value)) trials.push(value);
    },
  });
  if (code !== 0) throw new Error(`the benchmark in the machine ended with ${code}`);
  return trials;
}

async function main(): Promise<void> {
  const trials: Trial[] = [];
  if (values.only !== 'table') trials.push(...(await pairs()));
  if (values.only !== 'host') trials.push(...(await tables()));
  process.stdout.write(`\n${tableText(trials, 'keepalived')}`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
// Captures and followers would keep the process; the labs are closed by now.
process.exit();
