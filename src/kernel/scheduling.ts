// The scheduling class of one thread. Only the heartbeat worker's thread is raised: V8's helper
// threads keep normal priority, so raising the main thread gains nothing (measured).

import { failure, ok, type Result } from '../base/result.js';
import { type KernelCode, kernelFailure } from './errno.js';
import { openSys, type Sys } from './sys.js';

const SCHED_RR = 2;
/** Without it every script that the thread starts would run in real time as well. */
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
