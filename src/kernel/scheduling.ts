// The scheduling of one thread. The heartbeat worker's runs in real time; the main thread, which
// carries a takeover out, stays in the ordinary class and goes before other programs there. Neither
// waits for V8's helper threads (see `engineFlags` of the keeper), which have normal priority.

import { setPriority } from 'node:os';
import { failure, ok, type Result } from '../base/result.js';
import { type KernelCode, kernelFailure } from './errno.js';
import { openSys, type Sys } from './sys.js';

const SCHED_OTHER = 0;
const SCHED_RR = 2;
/** Without it every script that the thread starts would have its priority as well. */
const SCHED_RESET_ON_FORK = 0x4000_0000;

/**
 * Puts the calling thread alone under SCHED_RR|SCHED_RESET_ON_FORK with priority 1 to 99. Fails
 * with `no-permission` without CAP_SYS_NICE or RLIMIT_RTPRIO; see sched(7).
 */
export function raiseThisThread(priority: number, given?: Sys): Result<void, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  if (!Number.isInteger(priority) || priority < 1 || priority > 99) {
    return failure('refused', `priority ${priority} is not one of 1 to 99`);
  }
  // Process id 0 is the calling thread, not the process.
  const result = sys.value.schedSetscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, priority);
  return result < 0 ? kernelFailure(-result, `SCHED_RR priority ${priority}`) : ok(undefined);
}

/**
 * Lets the calling thread alone go before ordinary programs, by a nice value of -20 to -1; what it
 * starts has 0 again. Fails with `no-permission` without CAP_SYS_NICE or RLIMIT_NICE.
 */
export function favourThisThread(nice: number, given?: Sys): Result<void, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const result = sys.value.schedSetscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
  if (result < 0) return kernelFailure(-result, 'SCHED_RESET_ON_FORK');
  try {
    setPriority(0, nice);
    return ok(undefined);
  } catch (cause) {
    return failure('no-permission', `nice ${nice}: ${String(cause)}`);
  }
}
