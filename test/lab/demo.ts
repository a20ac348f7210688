// `npm run demo [-- --json]`: plays the thesis cluster, tells of every step with times and ends
// with a table of the figures; with --json one JSON object is the last line. Without IPVS in
// this kernel it plays in the emulated machine.

import { hasIpvs, here, runWherePossible, type Where } from './ipvs.js';
import { playThesis, thesisSteps } from './thesis/play.js';
import type { StepResult } from './thesis/scenario.js';
import { nowMs } from './wait.js';

const machineLimitMs = 25 * 60_000;
const isJson = process.argv.includes('--json');
const beganMs = nowMs();

function say(text: string): void {
  const seconds = ((nowMs() - beganMs) / 1000).toFixed(3).padStart(8);
  process.stdout.write(`[${seconds}] ${text}\n`);
}

function printTable(results: readonly StepResult[]): void {
  process.stdout.write('\n');
  for (const each of results) {
    const figures = Object.entries(each.figures).map(([name, value]) => `${name} ${value}`);
    const ok = each.ok ? 'ok    ' : 'FAILED';
    process.stdout.write(`${ok}  ${each.name.padEnd(18)} ${figures.join(', ')}\n`);
  }
  for (const each of results) {
    if (each.error !== undefined) process.stdout.write(`\n${each.name}: ${each.error}\n`);
  }
}

async function play(where: Where): Promise<number> {
  const results = await playThesis({
    say,
    onResult: (_step, result) =>
      say(result.ok ? `held (${result.ms} ms)` : `FAILED: ${result.error?.split('\n')[0]}`),
  });
  const ok = results.length === thesisSteps.length && results.every((each) => each.ok);
  printTable(results);
  process.stdout.write(ok ? '\nall steps held\n' : '\nnot all steps held\n');
  if (isJson) {
    const steps = results.map(({ figures, ...rest }) => ({ ...rest, ...figures }));
    process.stdout.write(`${JSON.stringify({ ok, where, steps })}\n`);
  }
  return ok ? 0 : 1;
}

async function main(): Promise<number> {
  if (await hasIpvs()) return play(here);
  if (here === 'vm') throw new Error('the emulated machine has no IPVS');
  process.stdout.write('no IPVS in this kernel: playing in an emulated machine, which is slow\n');
  const { code } = await runWherePossible([process.execPath, ...process.argv.slice(1)], {
    limitMs: machineLimitMs,
    onLine: (line) => process.stdout.write(`${line}\n`),
  });
  return code;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  process.exitCode = await main();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  if (isJson) process.stdout.write(`${JSON.stringify({ ok: false, where: here, steps: [] })}\n`);
  process.exitCode = 1;
}
// Watches and captures would keep the process; the cluster is closed by now.
process.exit();
