// The keeper process: carries out what the keeper engine orders. While its child lives it opens
// nothing and computes nothing; what it may need in the second after a death is loaded before, but
// not before the child: whoever starts a heartbeat waits for the beat.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LogLine, logLine } from '../base/log-line.js';
import { millis } from '../base/time.js';
import {
  type ChildEnd,
  createKeeperEngine,
  type KeeperEffect,
  type KeeperEvent,
  type KeeperStatus,
} from '../cluster/keeper-engine.js';
import { monotonicMs, readNow } from '../runtime/clock.js';
import { type Driver, runEngine } from '../runtime/driver.js';
import { exitCodes, type FromDaemon, type ToDaemon, type Voice } from './keeper-messages.js';
import { localNodeName } from './local-node.js';
import { type HeartbeatPaths, pathArguments } from './paths.js';
import { openServiceManager } from './service-manager.js';
import { isHolding, readWill, type Will } from './will.js';

const EXIT_FAILED = 1;
/** How often broken files are looked at again while a daemon waits for its successor. */
const FILES_LOOK_MS = 5000;
/** A killed process is gone within milliseconds, on a busy machine within some ten of them. */
const ORPHAN_LOOK_MS = 2;
const ORPHAN_END_MS = 200;

const daemonMain = fileURLToPath(new URL('./daemon-main.js', import.meta.url));

/**
 * Of V8, for a thread that runs in real time. Its collections do not wait for helper threads, which
 * have no such priority and starve beside busy programs, and it does not collect only to become
 * smaller: that was a fifth of an idle pair's cost in its first minute.
 */
const engineFlags = ['--single-threaded-gc', '--no-memory-reducer'];

interface Child {
  readonly process: ChildProcess;
  isLoaded: boolean;
  /** Resolves when it is loaded, or has ended before that. */
  readonly settled: Promise<void>;
  /** Sent as soon as it is loaded. */
  go: ToDaemon | undefined;
}

interface Keeper {
  readonly paths: HeartbeatPaths;
  readonly say: (line: LogLine) => void;
  child: Child | undefined;
  successor: Child | undefined;
  will: Will | undefined;
  /** Of the last daemon that had good files. */
  voice: Voice | undefined;
  logfile: string | undefined;
  driver: Driver<KeeperEvent, KeeperStatus> | undefined;
  onLeft: (code: number) => void;
}

/** Half of all modules, so that it is loaded beside a daemon that beats. */
const loadRelease = (): Promise<typeof import('./release.js')> => import('./release.js');

const tell = (child: Child, message: ToDaemon): void => {
  if (child.process.connected) child.process.send(message);
};

function spawnDaemon(keeper: Keeper, how: 'first' | 'successor'): Child {
  const role = how === 'successor' ? ['--successor'] : [];
  const words = [...engineFlags, daemonMain, ...pathArguments(keeper.paths), ...role];
  const started = spawn(process.execPath, words, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const child: Child = { process: started, isLoaded: false, settled, go: undefined };
  started.on('message', (message: FromDaemon) => {
    if (message.kind === 'loaded') settle();
  });
  started.once('exit', () => settle());
  started.on('message', (message: FromDaemon) => onMessage(keeper, child, message));
  // Also told when a message or signal could not be delivered; only without a pid is it the end.
  started.on('error', (cause) => {
    if (started.pid !== undefined) return;
    settle();
    onEnded(keeper, child, 1, cause.message);
  });
  started.once('exit', (code, signal) => {
    onEnded(keeper, child, code, signal === null ? `exit code ${code}` : `killed by ${signal}`);
  });
  return child;
}

function onMessage(keeper: Keeper, child: Child, message: FromDaemon): void {
  switch (message.kind) {
    case 'loaded':
      child.isLoaded = true;
      if (child.go !== undefined) tell(child, child.go);
      child.go = undefined;
      return;
    case 'beating':
      void loadRelease();
      keeper.driver?.offer({ kind: 'child-beating' });
      return;
    case 'voice':
      keeper.voice = message.voice;
      return;
    case 'will': {
      keeper.will = message.will;
      keeper.logfile = message.will.logfile;
      const deadtime = millis(message.will.deadtimeMs);
      keeper.driver?.offer({ kind: 'will-changed', isHolding: isHolding(message.will), deadtime });
      return;
    }
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function onEnded(keeper: Keeper, child: Child, code: number | null, reason: string): void {
  if (child === keeper.successor) keeper.successor = undefined;
  if (child !== keeper.child) return;
  keeper.child = undefined;
  keeper.driver?.offer({ kind: 'child-ended', end: childEnd(code, reason) });
}

function childEnd(code: number | null, reason: string): ChildEnd {
  switch (code) {
    case exitCodes.stopped:
      return { kind: 'stopped' };
    case exitCodes.restartWanted:
      return { kind: 'restart-wanted' };
    case exitCodes.successionWanted:
      return { kind: 'succession-wanted' };
    case exitCodes.refused:
      return { kind: 'refused', exitCode: exitCodes.refused };
    default:
      return { kind: 'died', reason };
  }
}

function startChild(keeper: Keeper, isAdopting: boolean): void {
  const child = keeper.successor ?? spawnDaemon(keeper, 'first');
  keeper.successor = undefined;
  keeper.child = child;
  const go: ToDaemon = { kind: 'go', predecessor: isAdopting ? keeper.will : undefined };
  if (child.isLoaded) tell(child, go);
  else child.go = go;
}

function carryOut(keeper: Keeper, effect: KeeperEffect): void {
  switch (effect.kind) {
    case 'start-child':
      startChild(keeper, effect.isAdopting);
      return;
    case 'prepare-successor':
      keeper.successor ??= spawnDaemon(keeper, 'successor');
      return;
    case 'kill-child':
      keeper.child?.process.kill('SIGKILL');
      return;
    case 'ask-child-to-stop':
      if (keeper.child !== undefined) tell(keeper.child, { kind: 'stop' });
      return;
    case 'release':
      void release(keeper);
      return;
    case 'log':
      keeper.say(effect.line);
      return;
    case 'exit':
      leave(keeper, effect.code);
      return;
  }
}

async function release(keeper: Keeper): Promise<void> {
  // The child must be dead before its addresses go, or it would put them back.
  const child = keeper.child?.process;
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve));
  }
  if (keeper.will !== undefined) {
    const { releaseWill } = await loadRelease();
    await releaseWill(keeper.paths, keeper.will, keeper.voice, keeper.say);
  }
  keeper.will = undefined;
  keeper.driver?.offer({ kind: 'release-finished' });
}

function leave(keeper: Keeper, code: number): void {
  keeper.driver?.stop();
  keeper.successor?.process.kill('SIGKILL');
  keeper.onLeft(code);
}

export interface KeeperStart {
  readonly paths: HeartbeatPaths;
  /** A running daemon that lost its keeper. */
  readonly orphanPid: number | undefined;
  readonly say: (line: LogLine, logfile: string | undefined) => void;
}

/** Runs until the daemon stopped for good; resolves with the exit code. */
export async function runKeeper(start: KeeperStart): Promise<number> {
  const will = await readWill(start.paths.runDir);
  const keeper: Keeper = {
    paths: start.paths,
    say: (line) => start.say(line, keeper.logfile),
    child: undefined,
    successor: undefined,
    will,
    voice: undefined,
    logfile: will?.logfile,
    driver: undefined,
    onLeft: () => undefined,
  };
  // A keeper that waits or releases without a daemon does its duty.
  openServiceManager().watch(() => keeper.child === undefined);
  const { orphanPid } = start;
  if (orphanPid !== undefined && !(await succeedOrphan(keeper, orphanPid))) return EXIT_FAILED;
  const isAdopting = orphanPid !== undefined;
  if (!isAdopting && keeper.will !== undefined && isHolding(keeper.will)) {
    // Daemon and keeper were killed together; who serves by now is not known, so nobody here.
    const text = 'a daemon of this boot was killed with its keeper: giving up what it held';
    keeper.say(logLine('WARN', 'left-overs-released', text));
    const { releaseWill } = await loadRelease();
    await releaseWill(keeper.paths, keeper.will, keeper.voice, keeper.say);
    keeper.will = undefined;
  }
  const driver = runEngine<KeeperEvent, KeeperEffect, KeeperStatus>(
    createKeeperEngine(),
    (effect) => carryOut(keeper, effect),
    readNow,
  );
  keeper.driver = driver;
  const signalled = (): void => driver.offer({ kind: 'stop-asked' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, signalled);
  }
  process.on('SIGHUP', () => keeper.child?.process.kill('SIGHUP'));
  if (isAdopting && keeper.will !== undefined) {
    const deadtime = millis(keeper.will.deadtimeMs);
    driver.offer({ kind: 'will-changed', isHolding: isHolding(keeper.will), deadtime });
  }
  const left = new Promise<number>((resolve) => {
    keeper.onLeft = resolve;
  });
  driver.offer({ kind: 'started', isAdopting });
  return left;
}

/**
 * Ends a daemon that lost its keeper, as soon as its successor is loaded and would be allowed to
 * start. Until then the orphan goes on beating and serving. False when there is no succeeding it.
 */
async function succeedOrphan(keeper: Keeper, orphanPid: number): Promise<boolean> {
  const child = spawnDaemon(keeper, 'successor');
  keeper.successor = child;
  await child.settled;
  if (!child.isLoaded || keeper.will === undefined) {
    const why = child.isLoaded ? 'it left no will' : 'its successor cannot be loaded';
    const text = `daemon ${orphanPid} without keeper cannot be succeeded: ${why}`;
    keeper.say(logLine('CRIT', 'orphan-not-succeeded', text));
    return false;
  }
  const { judgeFiles } = await import('./preparation.js');
  const node = await localNodeName(keeper.paths.configDir);
  let isSaid = false;
  for (;;) {
    const judged = await judgeFiles(keeper.paths, node);
    if (judged.ok || !isAlive(orphanPid)) break;
    const what = `daemon ${orphanPid} goes on without keeper until they are`;
    const text = `the files are not valid: ${what}`;
    if (!isSaid) keeper.say(logLine('CRIT', 'orphan-not-succeeded', text));
    isSaid = true;
    await pause(FILES_LOOK_MS);
  }
  killQuietly(orphanPid);
  await waitForEnd(orphanPid);
  // What it did while we waited is in its last will.
  keeper.will = (await readWill(keeper.paths.runDir)) ?? keeper.will;
  return true;
}

/** Until its sockets and the lock of its serial lines are free; its parent may never reap it. */
async function waitForEnd(pid: number): Promise<void> {
  const until = monotonicMs() + ORPHAN_END_MS;
  while (monotonicMs() < until) {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    if (stat === undefined || /\) [ZX] /.test(stat)) return;
    await pause(ORPHAN_LOOK_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
