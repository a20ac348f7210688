// `lubdub heartbeat`: start the keeper in the foreground or as a daemon, stop it, or clean up
// after a daemon that was killed together with its keeper.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { controlPath, type HeartbeatPaths, pathArguments } from '../heartbeat/paths.js';
import { monotonicMs } from '../runtime/clock.js';
import { askControl } from '../runtime/control-socket.js';

const keeperMain = fileURLToPath(new URL('../heartbeat/keeper-main.js', import.meta.url));

/** How long `heartbeat` without --foreground waits for the first beat. */
const START_WAIT_MS = 30_000;
/** heartbeat 3.0.6 gives a shutdown an hour before it gives up. */
const STOP_WAIT_MS = 3600_000;
const LOOK_INTERVAL_MS = 50;

export interface HeartbeatCommand extends HeartbeatPaths {
  readonly foreground?: boolean;
  readonly stop?: boolean;
  readonly release?: boolean;
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, LOOK_INTERVAL_MS);
  });

const LOOK_WAIT_MS = 5000;

/** One that is too busy to answer is there all the same. */
async function isThere(runDir: string): Promise<boolean> {
  const answer = await askControl(controlPath(runDir), { command: 'status' }, LOOK_WAIT_MS);
  return answer.ok || answer.code !== 'not-running';
}

/** 0 when the daemon has gone, or was not there. */
export async function stopHeartbeat(runDir: string): Promise<number> {
  const asked = await askControl(controlPath(runDir), { command: 'stop' }, 5000);
  if (!asked.ok && asked.code === 'not-running') {
    process.stderr.write('INFO: Heartbeat already stopped.\n');
    return 0;
  }
  if (!asked.ok) {
    process.stderr.write(`lubdub: the daemon cannot be asked to stop: ${asked.detail}\n`);
    return 1;
  }
  const until = monotonicMs() + STOP_WAIT_MS;
  while (await isThere(runDir)) {
    if (monotonicMs() > until) return 1;
    await pause();
  }
  return 0;
}

async function startDetached(paths: HeartbeatPaths): Promise<number> {
  if (await isThere(paths.runDir)) {
    process.stdout.write('heartbeat is running already\n');
    return 0;
  }
  const keeper = spawn(process.execPath, [keeperMain, ...pathArguments(paths)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let exitCode: number | undefined;
  keeper.once('exit', (code) => {
    exitCode = code ?? 1;
  });
  const until = monotonicMs() + START_WAIT_MS;
  while (exitCode === undefined && monotonicMs() < until) {
    if (await isThere(paths.runDir)) {
      keeper.unref();
      return 0;
    }
    await pause();
  }
  if (exitCode !== undefined) return exitCode;
  process.stderr.write(`lubdub: no heartbeat after ${START_WAIT_MS / 1000} s; see its log\n`);
  keeper.unref();
  return 1;
}

async function runForeground(paths: HeartbeatPaths): Promise<number> {
  process.env.LUBDUB_LOG_STDERR = '1';
  const { keepInThisProcess } = await import('../heartbeat/keeper-process.js');
  return keepInThisProcess(paths, undefined);
}

export async function runHeartbeatCommand(command: HeartbeatCommand): Promise<number> {
  const { configDir, stateDir, runDir } = command;
  const paths: HeartbeatPaths = { configDir, stateDir, runDir };
  if (command.stop === true) return stopHeartbeat(runDir);
  if (command.release === true) {
    const { releaseLeftOvers } = await import('../heartbeat/keeper-process.js');
    return releaseLeftOvers(paths);
  }
  return command.foreground === true ? runForeground(paths) : startDetached(paths);
}
