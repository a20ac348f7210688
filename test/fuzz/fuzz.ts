// The fuzzer as a program: `npm run fuzz -- --seconds N [--seed S] [--target NAME]`. Prints the
// seed first, so that a failure can be had again; ends with 1 at the first failure.

import { parseArgs } from 'node:util';
import { fuzzTarget } from './fuzz-run.js';
import { createTargets } from './targets.js';

/** Targets take turns of this length, so that a short run reaches all of them. */
const turnMs = 1000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    target: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const firstSeed = Number(values.seed);
const targets = createTargets().filter(
  (each) => values.target === undefined || each.name === values.target,
);
if (!(seconds > 0) || !Number.isInteger(firstSeed) || targets.length === 0) {
  const names = createTargets().map((each) => each.name);
  console.error(`usage: fuzz --seconds N [--seed S] [--target ${names.join('|')}]`);
  process.exit(2);
}

console.log(`seed ${firstSeed}, ${seconds} s over ${targets.map((each) => each.name).join(', ')}`);
const sums = new Map(targets.map((each) => [each.name, { inputs: 0, slowestMs: 0 }]));
const endAt = performance.now() + seconds * 1000;
let seed = firstSeed;
while (performance.now() < endAt) {
  for (const target of targets) {
    const left = endAt - performance.now();
    if (left <= 0) break;
    const span = Math.min(turnMs, Math.max(50, left / targets.length));
    const { inputs, slowestMs } = fuzzTarget(target, seed, span);
    const sum = sums.get(target.name);
    if (sum === undefined) continue;
    sum.inputs += inputs;
    sum.slowestMs = Math.max(sum.slowestMs, slowestMs);
  }
  seed++;
}
for (const [name, { inputs, slowestMs }] of sums) {
  console.log(`${name.padEnd(12)} ${inputs} inputs, slowest ${slowestMs.toFixed(1)} ms`);
}
