// How scripts and the daemon speak to each other: events go to the scripts of rc.d, messages come
// in by the FIFO. Both are opened after the first beat; a cluster needs neither.

import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logLine } from '../base/log-line.js';
import type { Daemon } from './daemon-parts.js';
import { fifoPath, helpersPath } from './paths.js';
import { createRcScripts } from './rc-scripts.js';
import { openScriptFifo } from './script-fifo.js';
import { scriptHelpers } from './script-helpers.js';

const compatFolder = fileURLToPath(new URL('../compat/', import.meta.url));

/** Links, because npm packs none: their names have no suffix, which Node.js needs in a file's. */
async function linkHelpers(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [name, file] of Object.entries(scriptHelpers)) {
    await rm(join(folder, name), { force: true });
    await symlink(join(compatFolder, file), join(folder, name));
  }
}

export interface ScriptDoors {
  notify(type: string, environment: Readonly<Record<string, string>>): void;
  close(): void;
}

export function openScriptDoors(daemon: Daemon): ScriptDoors {
  const { prepared, paths, thread } = daemon;
  const { log, environment, stockScripts } = prepared;
  const scripts = createRcScripts(paths.configDir, environment, log.write);
  if (stockScripts.length > 0) {
    const text = `rc.d: ${stockScripts.join(' ')} of heartbeat are not run: their work is built in`;
    log.write(logLine('info', 'rc-script', text));
  }
  void linkHelpers(helpersPath(paths.runDir)).catch((cause: unknown) => {
    const text = `scripts find no helpers of ours: ${String(cause)}`;
    log.write(logLine('WARN', 'fifo', text));
  });
  let close = (): void => undefined;
  let isClosed = false;
  const path = fifoPath(paths.stateDir);
  const refused = (reason: string): void =>
    log.write(logLine('WARN', 'fifo', `${path}: not a message: ${reason}`));
  void openScriptFifo(
    path,
    (message) => thread.offer({ kind: 'message-offered', message }),
    refused,
  ).then((opened) => {
    if (!opened.ok) {
      const text = `scripts cannot send messages: ${opened.detail}`;
      log.write(logLine('WARN', 'fifo', text));
    } else if (isClosed) opened.value.close();
    else close = opened.value.close;
  });
  return {
    notify: scripts.notify,
    close: () => {
      isClosed = true;
      close();
    },
  };
}
