// What runs beside the cluster once it can be heard: the client interface and the programs of
// `respawn` lines. Neither can hold up the daemon: what fails is logged and left out.

import { rm, writeFile } from 'node:fs/promises';
import { logLine } from '../base/log-line.js';
import { type Children, startChildren } from './children.js';
import { classicPlaces, pidText } from './classic-places.js';
import { type ClientApi, type ClientNotice, openClientApi } from './client-api.js';
import type { Daemon } from './daemon-parts.js';

export interface Beside {
  /** Every node was heard or is dead: to be called once. */
  open(): void;
  take(notice: ClientNotice): void;
  close(): Promise<void>;
}

export interface BesideHooks {
  /** Hands over and stops, for good. */
  readonly stop: () => void;
  readonly endMachine: () => void;
}

async function judgeVitalLoss(daemon: Daemon, hooks: BesideHooks, command: string): Promise<void> {
  const { log, config } = daemon.prepared;
  const say = (text: string): void => log.write(logLine('CRIT', 'vital-child-lost', text));
  if (config.stopFailure === 'reboot') {
    say(`the failfast program ${command} ended: resetting this machine`);
    hooks.endMachine();
    return;
  }
  const { cluster } = await daemon.thread.snapshot();
  const isPeerActive = cluster.nodes.some(
    (node) => !node.isLocal && node.kind === 'normal' && node.state === 'active',
  );
  if (isPeerActive) {
    say(`the failfast program ${command} ended: handing over and stopping`);
    hooks.stop();
  } else {
    say(`the failfast program ${command} ended and no other node is active: this node goes on`);
  }
}

async function writePid(daemon: Daemon): Promise<void> {
  const { pid } = classicPlaces(daemon.paths.runDir);
  await writeFile(pid, pidText(process.ppid)).catch((cause: unknown) => {
    daemon.prepared.log.write(logLine('WARN', 'pid-not-written', String(cause)));
  });
}

export function createBeside(daemon: Daemon, hooks: BesideHooks): Beside {
  const { log, config, environment } = daemon.prepared;
  let api: ClientApi | undefined;
  let children: Children | undefined;
  let opening: Promise<void> = Promise.resolve();

  const openAll = async (): Promise<void> => {
    api = await openClientApi(daemon);
    // Without it these places may be another heartbeat's.
    if (api !== undefined) await writePid(daemon);
    children = await startChildren({
      programs: config.children,
      environment,
      runDir: daemon.paths.runDir,
      say: (level, code, text) => log.write(logLine(level, code, text)),
      onVitalLost: (command) => void judgeVitalLoss(daemon, hooks, command),
    });
  };
  return {
    open: () => {
      opening = openAll().catch((cause: unknown) => {
        log.write(logLine('ERROR', 'clients-closed', `clients cannot be served: ${String(cause)}`));
      });
    },
    take: (notice) => api?.take(notice),
    close: async () => {
      await opening;
      await children?.stop();
      if (api === undefined) return;
      await api.close();
      const places = classicPlaces(daemon.paths.runDir);
      for (const path of [places.register, places.pid]) await rm(path, { force: true });
    },
  };
}
