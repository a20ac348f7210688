// The process that `ldirectord start` leaves behind, and that heartbeat starts to stand by. A
// starter that waits gets told how far it has come; without one the log is told.

import { parseArgs } from 'node:util';
import { logLine } from '../base/log-line.js';
import { endProcess } from '../kernel/end-process.js';
import { openDirectorLog } from './director-log.js';
import { type DirectorMachine, type DirectorNews, EXIT_FAILED } from './director-machine.js';
import { findConfig, type Instance, instanceOf, stateDirOf } from './instance.js';
import { logfileOf } from './logfile.js';
import { realMachine } from './machine.js';
import { runDirector } from './run-director.js';

/** Runs until the director has stopped, then ends the process. */
export async function daemonMain(
  argv: readonly string[],
  machine: DirectorMachine = realMachine,
): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      'config-dir': { type: 'string', default: '' },
      'run-dir': { type: 'string', default: '' },
      'state-dir': { type: 'string' },
      warm: { type: 'boolean', default: false },
    },
  });
  const runDir = values['run-dir'];
  const stateDir = stateDirOf(values['state-dir'], runDir);
  const places = { configDir: values['config-dir'], runDir, stateDir };
  const instance = instanceOf(positionals[0], places);
  const configPath = await findConfig(instance, places);
  process.chdir('/');
  // The starter may be gone: then nobody wants to know.
  process.on('disconnect', () => undefined);
  const tell = (news: DirectorNews): void => {
    if (process.connected) process.send?.(news, () => undefined);
  };
  const exitCode =
    configPath === undefined
      ? EXIT_FAILED
      : await runDirector(
          {
            instance,
            configPath,
            isForeground: false,
            isDebug: false,
            isWarm: values.warm,
            takesSignals: true,
            tell: (news) => {
              tell(news);
              if (news.kind === 'failed') void logFailure(instance, configPath, news.lines);
            },
          },
          machine,
        );
  if (configPath === undefined) {
    const lines = [`Config file ${instance.config} not found`];
    tell({ kind: 'failed', exitCode, lines });
    await logFailure(instance, '', lines);
  }
  // A word on the channel or to the log may still be on its way.
  setTimeout(() => endProcess(exitCode), exitCode === 0 ? 0 : 200);
}

/** heartbeat starts directors without a channel: the log must say why one does not come up. */
async function logFailure(
  instance: Instance,
  configPath: string,
  lines: readonly string[],
): Promise<void> {
  if (process.connected) return;
  const logfile = await logfileOf(configPath);
  const log = openDirectorLog(instance.name, { kind: 'configured', logfile }, 'info');
  for (const text of lines) log.write(logLine('ERROR', 'start-failed', text));
  await log.flush();
}
