// What `lubdub check` finds out about this machine and the pair: heartbeat paths that are not
// there, timers too late for the dead time, files that are not in force or differ from the peer's.
// It looks and asks, and changes nothing.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createSink,
  type Diagnostic,
  type DiagnosticSink,
  wholeFile,
} from '../config/diagnostic.js';
import type { HaConfig } from '../config/ha-config.js';
import { configHashOf } from '../heartbeat/config-hash.js';
import { controlPath } from '../heartbeat/paths.js';
import { monotonicMs } from '../runtime/clock.js';
import { askControl, type JsonObject, type JsonValue } from '../runtime/control-socket.js';
import type { HaFiles } from '../runtime/load-files.js';

const daemonMs = 2000;
/** Long enough for some hundred looks; a busy moment shows in it. */
const timingMs = 500;
const timingStepMs = 5;
/** Above this dead time no machine that runs at all is too late. */
const timingMattersMs = 1000;

export interface Machine {
  readonly configDir: string;
  readonly runDir: string;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export async function judgeMachine(
  files: HaFiles,
  machine: Machine,
): Promise<readonly Diagnostic[]> {
  const sink = createSink(join(machine.configDir, 'ha.cf'), []);
  await judgePaths(files.config, sink);
  await judgeTiming(files.config, sink);
  await judgeDaemon(files, machine, sink);
  return sink.all;
}

async function judgePaths(config: HaConfig, sink: DiagnosticSink): Promise<void> {
  const seen = new Set<string>();
  for (const medium of config.media) {
    const name = medium.kind === 'serial' ? medium.path : medium.interfaceName;
    if (seen.has(name)) continue;
    seen.add(name);
    const path = medium.kind === 'serial' ? name : join('/sys/class/net', name);
    if (await isThere(path)) continue;
    const what = medium.kind === 'serial' ? 'device' : 'interface';
    sink.warning('missing-interface', wholeFile, `this machine has no ${what} ${name}`, {
      hint: `${medium.kind}: the name of one that it has; it is used when it appears`,
    });
  }
}

/** The longest that a timer of this process came too late within the span. */
async function worstLatenessMs(spanMs: number): Promise<number> {
  const until = monotonicMs() + spanMs;
  let worst = 0;
  for (let at = monotonicMs(); at < until; at = monotonicMs()) {
    await new Promise((resolve) => setTimeout(resolve, timingStepMs));
    worst = Math.max(worst, monotonicMs() - at - timingStepMs);
  }
  return worst;
}

async function judgeTiming(config: HaConfig, sink: DiagnosticSink): Promise<void> {
  const { deadtime, keepalive } = config;
  if (deadtime >= timingMattersMs) return;
  const worst = await worstLatenessMs(timingMs);
  // Two beats in a row may be late, and one may be lost.
  const needed = 2 * (keepalive + worst);
  if (needed <= deadtime) return;
  const facts = `up to ${worst.toFixed(1)} ms late within ${timingMs} ms`;
  sink.warning('slow-timing', wholeFile, `timers of this machine were ${facts}`, {
    hint: `deadtime ${deadtime}ms is short for it: at least ${Math.ceil(needed)}ms`,
  });
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without a running daemon there is nothing to compare with, which is no fault. */
async function judgeDaemon(files: HaFiles, machine: Machine, sink: DiagnosticSink): Promise<void> {
  const answer = await askControl(controlPath(machine.runDir), { command: 'status' }, daemonMs);
  if (!answer.ok || answer.value.ok !== true) return;
  const status = answer.value;
  if (status.configHash !== configHashOf(files)) {
    sink.warning('not-in-force', wholeFile, 'the running daemon has read other files than these', {
      hint: 'reload it: systemctl reload lubdub-heartbeat, or heartbeat -r',
    });
  }
  const nodes = Array.isArray(status.nodes) ? status.nodes : [];
  for (const node of nodes.filter(isObject)) {
    if (!isObject(node.agreement) || node.state === 'dead') continue;
    judgeAgreement(String(node.name), node.agreement, sink);
  }
}

function judgeAgreement(name: string, agreement: JsonObject, sink: DiagnosticSink): void {
  const differ = (what: string, hint: string): void =>
    sink.warning('peer-differs', wholeFile, `${what} on node ${name}`, { hint });
  if (agreement.isClusterSame === false) {
    differ('other nodes, times or auto_failback in ha.cf', 'make ha.cf agree on both nodes');
  }
  if (agreement.areResourcesSame === false) {
    differ('other groups in haresources', 'copy one file to the other node');
  }
  if (Array.isArray(agreement.sharedKeys) && agreement.sharedKeys.length === 0) {
    differ('no key of authkeys is the same', 'copy one file to the other node');
  }
}
