// The keeper as a process: where its lines go, and the two ways to run it. Lines go to standard
// error and, once a daemon told where, to the heartbeat's log file.

import { appendFile } from 'node:fs/promises';
import type { LogLine } from '../base/log-line.js';
import { heartbeatForm, type LineForm } from '../runtime/log-form.js';
import { runKeeper } from './keeper.js';
import { lockRunDir } from './keeper-lock.js';
import { localNodeName } from './local-node.js';
import type { HeartbeatPaths } from './paths.js';
import { isHolding, readWill } from './will.js';

const formOf = async (configDir: string): Promise<LineForm> =>
  heartbeatForm(await localNodeName(configDir), process.pid);

interface KeeperLog {
  say(line: LogLine, logfile: string | undefined): void;
  /** Resolves when every line is written. */
  flush(): Promise<void>;
}

function openKeeperLog(form: LineForm): KeeperLog {
  let written: Promise<void> = Promise.resolve();
  return {
    say: (line, logfile) => {
      const text = `${form(line, new Date())}\n`;
      process.stderr.write(text);
      if (logfile === undefined) return;
      // A log that cannot be written is no reason to stop keeping; stderr has the line.
      written = written.then(() => appendFile(logfile, text)).catch(() => undefined);
    },
    flush: () => written,
  };
}

const EXIT_FAILED = 1;

/** Says why the run directory cannot be had; undefined when it is ours now. */
function refusal(runDir: string): string | undefined {
  const locked = lockRunDir(runDir);
  if (locked.ok) return undefined;
  return locked.code === 'running'
    ? `heartbeat is running already (${runDir} is in use)`
    : `cannot use the run directory: ${locked.detail}`;
}

/** Resolves with the exit code when the daemon has stopped for good. */
export async function keepInThisProcess(
  paths: HeartbeatPaths,
  orphanPid: number | undefined,
): Promise<number> {
  const why = refusal(paths.runDir);
  if (why !== undefined) {
    process.stderr.write(`lubdub: ${why}\n`);
    return EXIT_FAILED;
  }
  const log = openKeeperLog(await formOf(paths.configDir));
  const exitCode = await runKeeper({ paths, orphanPid, say: log.say });
  await log.flush();
  return exitCode;
}

/** 0 when nothing is held any more, 1 when the log says what is. */
export async function releaseLeftOvers(paths: HeartbeatPaths): Promise<number> {
  const why = refusal(paths.runDir);
  if (why !== undefined) {
    process.stderr.write(`lubdub: ${why}\n`);
    return EXIT_FAILED;
  }
  const will = await readWill(paths.runDir);
  if (will === undefined || !isHolding(will)) return 0;
  const log = openKeeperLog(await formOf(paths.configDir));
  const say = (line: LogLine): void => log.say(line, will.logfile);
  const { releaseWill } = await import('./release.js');
  const isReleased = await releaseWill(paths, will, undefined, say);
  await log.flush();
  return isReleased ? 0 : EXIT_FAILED;
}
