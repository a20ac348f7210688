// What the processes of a lab host have used so far: processor time with that of their ended
// children, and memory. The lab's own helpers on the host are left out.

import { readFileSync } from 'node:fs';
import type { Host } from '../lab/host.js';

/** Followers of the kernel's news, and what brings a command inside. */
export const labPattern: RegExp = /^(?:ip|nsenter|sh|sleep|setpriv)\b/;

const TICKS_A_SECOND = 100;

export interface HostUse {
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  readonly pssMiB: number;
}

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);

export function useOf(host: Host): HostUse {
  let [ticks, rssKiB, pssKiB] = [0, 0, 0];
  for (const { pid, command } of host.processes()) {
    if (labPattern.test(command)) continue;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime and cstime (proc(5)), counted from the third word on.
    for (const at of [11, 12, 13, 14]) ticks += Number(words[at]);
    const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    rssKiB += numberIn(memory, /^Rss:\s+(\d+)/m);
    pssKiB += numberIn(memory, /^Pss:\s+(\d+)/m);
  }
  return { cpuSeconds: ticks / TICKS_A_SECOND, rssMiB: rssKiB / 1024, pssMiB: pssKiB / 1024 };
}
