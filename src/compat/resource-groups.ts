// What the helpers for scripts share: the groups of haresources, and their resources as the daemon
// would run them, asked or moved from outside of it.

import { join } from 'node:path';
import { parseHaresources } from '../config/haresources.js';
import type { ResourceGroup, ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import { localNodeName } from '../heartbeat/local-node.js';
import { controlPath, defaultPaths, scriptFolders } from '../heartbeat/paths.js';
import { openAddressTable } from '../kernel/addresses.js';
import { openAnnouncer } from '../kernel/announcer.js';
import { stateDirOf } from '../ldirectord/instance.js';
import { createAddressResources } from '../resources/address-resource.js';
import { createDirectorResources } from '../resources/director-resource.js';
import { createResourceRunner } from '../resources/resource-runner.js';
import { askControl } from '../runtime/control-socket.js';
import { readConfigFile } from '../runtime/load-files.js';

export interface Groups {
  readonly localNode: string;
  readonly stateDir: string;
  readonly all: readonly ResourceGroup[];
  run(resource: ResourceSpec, verb: ResourceVerb): Promise<ResourceOutcome>;
  /** Of a word as written in haresources, or of any other. */
  isRunning(word: string): Promise<boolean>;
  isDaemonRunning(): Promise<boolean>;
  close(): void;
}

const STATUS_WAIT_MS = 2000;

function specOf(word: string): ResourceSpec {
  const isAddress = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/.test(word);
  const [script = '', ...args] = isAddress ? ['IPaddr', word] : word.split('::');
  return { script, args, word };
}

export async function openGroups(): Promise<Groups> {
  const configDir = process.env.HA_DIR ?? defaultPaths.configDir;
  const runDir = process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir;
  const stateDir = stateDirOf(process.env.LUBDUB_STATE_DIR, runDir);
  const { text } = await readConfigFile(join(configDir, 'haresources'), 'utf8', true);
  const all = parseHaresources(text ?? '', 'haresources').config ?? [];
  const table = openAddressTable();
  const announcer = openAnnouncer();
  if (!table.ok || !announcer.ok) {
    const reason = table.ok ? (announcer.ok ? '' : announcer.detail) : table.detail;
    throw new Error(`cannot reach the kernel's addresses: ${reason}`);
  }
  const log = (): void => undefined;
  const addresses = createAddressResources({
    table: table.value,
    announcer: announcer.value,
    log,
  });
  const runner = createResourceRunner({
    addresses,
    directors: createDirectorResources({ configDir, runDir, stateDir, log }),
    table: table.value,
    announcer: announcer.value,
    runDir,
    scriptFolders: scriptFolders(configDir),
    log,
  });
  const environment: Record<string, string> = { HA_DIR: configDir, OCF_ROOT: '/usr/lib/ocf' };
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('HA_') && value !== undefined) environment[name] = value;
  }
  const run = (resource: ResourceSpec, verb: ResourceVerb): Promise<ResourceOutcome> =>
    runner.run(resource, verb, environment);
  return {
    localNode: await localNodeName(configDir),
    stateDir: defaultPaths.stateDir,
    all,
    run,
    isRunning: async (word) => {
      const known = all.flatMap((group) => group.resources).find((each) => each.word === word);
      return (await run(known ?? specOf(word), 'status')).kind === 'running';
    },
    isDaemonRunning: async () =>
      (await askControl(controlPath(runDir), { command: 'status' }, STATUS_WAIT_MS)).ok,
    close: () => {
      addresses.close();
      announcer.value.close();
      table.value.close();
    },
  };
}
