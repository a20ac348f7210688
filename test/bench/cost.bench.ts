// `npm run bench -- cost [--seconds N]`: what an idle pair at a keepalive of 100 ms costs, ours
// beside Debian's heartbeat 3.0.6 and keepalived, in one run: share of a core and context switches
// a second, of all processes of a node. One JSON line a node. docs/benchmarks.md has the method.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Host } from '../lab/host.js';
import { nowMs } from '../lab/wait.js';
import { type IdleSetting, withIdlePair } from './idle-pair.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    peers: { type: 'string', default: 'lubdub,heartbeat 3.0.6,keepalived' },
    threads: { type: 'boolean', default: false },
  },
});

/** Of the lab itself: followers of the kernel's news, and what brings a command inside. */
const labPattern = /^(?:ip|nsenter|sh|sleep|setpriv)\b/;

interface Used {
  readonly cpuNs: number;
  readonly switches: number;
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

/** By thread: `PID/TID name`. */
function usedBy(host: Host): Map<string, Used> {
  const used = new Map<string, Used>();
  for (const { pid, command } of host.processes()) {
    if (labPattern.test(command)) continue;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}`;
      const status = readFileSync(`${folder}/status`, 'latin1');
      const name = readFileSync(`${folder}/comm`, 'latin1').trim();
      used.set(`${pid}/${thread} ${name}`, {
        cpuNs: Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]),
        switches:
          numberIn(status, /^voluntary_ctxt_switches:\s+(\d+)/m) +
          numberIn(status, /^nonvoluntary_ctxt_switches:\s+(\d+)/m),
      });
    }
  }
  return used;
}

function difference(before: Map<string, Used>, now: Map<string, Used>, ms: number): Used {
  let [cpuNs, switches] = [0, 0];
  for (const [name, used] of now) {
    const then = before.get(name) ?? { cpuNs: 0, switches: 0 };
    cpuNs += used.cpuNs - then.cpuNs;
    switches += used.switches - then.switches;
    if (!values.threads || used.switches === then.switches) continue;
    const rate = ((used.switches - then.switches) * 1000) / ms;
    const percent = (used.cpuNs - then.cpuNs) / 1e4 / ms;
    process.stdout.write(`  ${name}: ${percent.toFixed(3)} %, ${rate.toFixed(1)}/s\n`);
  }
  return { cpuNs, switches };
}

async function measure(setting: IdleSetting): Promise<void> {
  await withIdlePair(setting, async ({ active, standby }) => {
    const hosts = { active, standby };
    const before = { active: usedBy(active), standby: usedBy(standby) };
    const sinceMs = nowMs();
    await sleep(Number(values.seconds) * 1000);
    for (const role of ['active', 'standby'] as const) {
      const ms = nowMs() - sinceMs;
      const { cpuNs, switches } = difference(before[role], usedBy(hosts[role]), ms);
      const line = {
        bench: 'cost',
        peer: setting.peer,
        keepaliveMs: setting.keepaliveMs,
        role,
        cpuPercent: Number((cpuNs / 1e4 / ms).toFixed(3)),
        switchesPerSecond: Number(((switches * 1000) / ms).toFixed(1)),
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}
try {
  for (const peer of ['keepalived', 'heartbeat 3.0.6', 'lubdub'] as const) {
    if (!values.peers.split(',').includes(peer)) continue;
    // As each is installed: heartbeat and ours in real time, keepalived not.
    const isRealtime = peer !== 'keepalived';
    await measure({ peer, keepaliveMs: 100, deadtimeMs: 1000, isRealtime });
  }
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
