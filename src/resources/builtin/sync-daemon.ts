// LVSSyncDaemonSwap: the director that balances tells its connections (master), the one that stands
// by listens (backup), so that a takeover does not cut them.

import { type LogLine, logLine } from '../../base/log-line.js';
import { type BuiltInSpec, parseBuiltIn } from '../../config/builtin-arguments.js';
import type { ResourceGroup } from '../../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../../config/resource-order.js';
import { openSyncDaemons, type SyncDaemons } from '../../kernel/ipvs-daemons.js';
import type { SyncDaemon } from '../../wire/ipvs-daemon.js';
import { done, failed, running, stopped } from './builtin.js';

type Spec = Extract<BuiltInSpec, { kind: 'sync-daemon' }>;

/** What is to run while the resource runs here, and while it does not. */
export function wantedDaemons(spec: Spec, isRunning: boolean): readonly SyncDaemon[] {
  const { role, interfaceName, syncId, backupId } = spec;
  if (backupId !== undefined) {
    const backup: SyncDaemon = { role: 'backup', interfaceName, syncId: backupId };
    return isRunning ? [{ role: 'master', interfaceName, syncId }, backup] : [backup];
  }
  const other = role === 'master' ? 'backup' : 'master';
  return [{ role: isRunning ? role : other, interfaceName, syncId }];
}

const isSame = (a: SyncDaemon, b: SyncDaemon): boolean =>
  a.role === b.role && a.interfaceName === b.interfaceName && a.syncId === b.syncId;

/** Ends what is not wanted before it starts what is: the kernel runs one of each role. */
function arrange(daemons: SyncDaemons, wanted: readonly SyncDaemon[]): string | undefined {
  const present = daemons.list();
  if (!present.ok) return present.detail;
  for (const each of present.value) {
    if (wanted.some((one) => isSame(one, each))) continue;
    const ended = daemons.end(each.role);
    if (!ended.ok) return ended.detail;
  }
  for (const each of wanted) {
    if (present.value.some((one) => isSame(one, each))) continue;
    const started = daemons.start(each);
    if (!started.ok) return started.detail;
  }
  return undefined;
}

export function runSyncDaemon(spec: Spec, verb: ResourceVerb): ResourceOutcome {
  const opened = openSyncDaemons();
  // Without IPVS nothing can run, and a stop has nothing to do.
  if (!opened.ok)
    return verb === 'start' ? failed(opened.detail) : verb === 'stop' ? done : stopped;
  const daemons = opened.value;
  try {
    if (verb !== 'status') {
      const trouble = arrange(daemons, wantedDaemons(spec, verb === 'start'));
      return trouble === undefined ? done : failed(trouble);
    }
    const present = daemons.list();
    if (!present.ok) return failed(present.detail);
    const wanted = wantedDaemons(spec, true);
    const isRunning = wanted.every((one) => present.value.some((each) => isSame(one, each)));
    return isRunning ? running : stopped;
  } finally {
    daemons.close();
  }
}

/** At the start of this node: until it takes the resource it listens, unless it runs already. */
export function prepareSyncDaemons(
  groups: readonly ResourceGroup[],
  log: (line: LogLine) => void,
): void {
  for (const { script, args } of groups.flatMap((group) => group.resources)) {
    const spec = script === 'LVSSyncDaemonSwap' ? parseBuiltIn(script, args) : undefined;
    if (spec?.ok !== true || spec.value.kind !== 'sync-daemon') continue;
    if (runSyncDaemon(spec.value, 'status').kind === 'running') continue;
    const outcome = runSyncDaemon(spec.value, 'stop');
    if (outcome.kind === 'failed') log(logLine('WARN', 'sync-daemon', outcome.reason));
  }
}
