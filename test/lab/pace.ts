// How slow this machine is. The lab runs natively and in an emulated machine that is fifteen to
// thirty times slower; limits are scaled by what is measured, never by where we think we are.

import { run } from './process.js';
import { nowMs } from './wait.js';

/** A Node.js process starts and ends in this time on the machine the limits were chosen on. */
const usualStartMs = 60;
const paceMax = 10;

let measured: Promise<number> | undefined;

async function measure(): Promise<number> {
  const spans: number[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const from = nowMs();
    await run([process.execPath, '-e', '0']);
    spans.push(nowMs() - from);
  }
  return Math.min(paceMax, Math.max(1, Math.min(...spans) / usualStartMs));
}

/** One on an ordinary machine, larger on a slower one. Measured once. */
export function pace(): Promise<number> {
  measured ??= measure();
  return measured;
}
