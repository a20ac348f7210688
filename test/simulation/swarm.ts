// The swarm command: many seeds, one line for each that fails, with all that is needed to see it.
//   node dist/test/simulation/swarm.js --seeds 1000 --from 1 [--hand-over] [--log]

import { playHandOver, playSeed } from './cluster-swarm.js';

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  return Number.isSafeInteger(value) ? value : otherwise;
}

const from = option('from', 1);
const seeds = option('seeds', 100);
const isLogWanted = process.argv.includes('--log');
const isHandOver = process.argv.includes('--hand-over');
let failed = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const run = isHandOver ? playHandOver(seed) : playSeed(seed);
  if (run.faults.length > 0) failed++;
  if (run.faults.length === 0 && !isLogWanted) continue;
  console.log(`seed ${seed} ${JSON.stringify(run.options)}`);
  for (const line of run.story) console.log(`  ${line}`);
  for (const line of run.faults) console.log(`  FAULT ${line}`);
  if (!isLogWanted) continue;
  for (const host of run.world.hosts) for (const line of host.log) console.log(host.name, line);
}
console.log(`${seeds - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
