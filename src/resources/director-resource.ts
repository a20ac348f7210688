// The built-in `ldirectord` resource. For every ldirectord.cf that haresources names, a health
// checker runs warm from the start of heartbeat: it checks the real servers at a slower pace and
// leaves the kernel's table alone. `start` then only tells it to load a table already proven, which
// takes milliseconds; starting a process and checking first would take seconds.

import { type ChildProcess, spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LogLine, logLine } from '../base/log-line.js';
import type { ResourceGroup, ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { withdrawTable } from './table-withdrawal.js';

export interface DirectorResources {
  /** Starts a warm checker for each ldirectord resource, unless one runs already. */
  prepare(groups: readonly ResourceGroup[]): void;
  run(resource: ResourceSpec, verb: ResourceVerb): Promise<ResourceOutcome>;
  /** The checkers' own status reports. */
  report(): Promise<readonly JsonObject[]>;
  /** Has each checker tell the other node what it knows. */
  share(): void;
  /** Brings what the checker of that instance on the other node said. */
  hear(instance: string, said: JsonObject): void;
  /** Ends the checkers that were started warm and are not active. */
  end(): Promise<void>;
}

export interface DirectorParts {
  readonly configDir: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly log: (line: LogLine) => void;
}

const directorMain = fileURLToPath(new URL('../ldirectord/director-main.js', import.meta.url));

const DEFAULT_CONFIG = 'ldirectord.cf';
/** Loading the table: one batch to the kernel, and the first checks where none were made before. */
const MOVE_WAIT_MS = 60_000;
const STATUS_WAIT_MS = 2_000;
/** A checker that was just started needs this long to answer at most (an emulated machine). */
const APPEAR_WAIT_MS = 60_000;
const APPEAR_LOOK_MS = 20;
/** A warm checker that ends is started again after this, doubled up to the limit. */
const RESTART_FIRST_MS = 1_000;
const RESTART_LONGEST_MS = 60_000;

/** A checker that outlived our predecessor is looked at this often. */
const ADOPTED_LOOK_MS = 3_000;

interface Checker {
  readonly config: string;
  readonly socket: string;
  process: ChildProcess | undefined;
  restartWait: number;
  timer: NodeJS.Timeout | undefined;
  /** The engine ordered `start` and not yet `stop`: after a death it is to be active again. */
  isWanted: boolean;
}

interface State extends DirectorParts {
  readonly checkers: Map<string, Checker>;
  isEnding: boolean;
}

const pause = (span: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, span);
  });

const failed = (reason: string): ResourceOutcome => ({ kind: 'failed', exitCode: 1, reason });

/** The instance is the last part of the file's name as written, as ldirectord has it. */
function checkerOf(state: State, resource: ResourceSpec): Checker {
  const config = resource.args[0] ?? DEFAULT_CONFIG;
  const known = state.checkers.get(config);
  if (known !== undefined) return known;
  const socket = join(state.runDir, `ldirectord.${basename(config)}.sock`);
  const checker: Checker = {
    config,
    socket,
    process: undefined,
    restartWait: RESTART_FIRST_MS,
    timer: undefined,
    isWanted: false,
  };
  state.checkers.set(config, checker);
  return checker;
}

const ask = (checker: Checker, command: string, wait: number): ReturnType<typeof askControl> =>
  askControl(checker.socket, { command }, wait);

function spawnChecker(state: State, checker: Checker): void {
  if (checker.process !== undefined) return;
  const { configDir, runDir, stateDir } = state;
  const places = ['--config-dir', configDir, '--run-dir', runDir, '--state-dir', stateDir];
  const args = [checker.config, ...places, '--warm'];
  // A process group and a life of its own: it must outlive a daemon that is killed, because the
  // daemon's successor goes on with it.
  const child = spawn(process.execPath, [directorMain, ...args], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  checker.process = child;
  const gone = (why: string): void => {
    if (checker.process !== child) return;
    checker.process = undefined;
    if (!state.isEnding) restartLater(state, checker, why);
  };
  child.once('error', (cause) => gone(cause.message));
  child.once('exit', (code, signal) => gone(signal ?? `exit code ${code}`));
}

function restartLater(state: State, checker: Checker, why: string): void {
  const wait = checker.restartWait;
  checker.restartWait = Math.min(RESTART_LONGEST_MS, wait * 2);
  const text = `ldirectord ${checker.config} ended (${why}): started again in ${wait} ms`;
  state.log(logLine('ERROR', 'director-died', text));
  checker.timer = setTimeout(() => {
    checker.timer = undefined;
    if (state.isEnding) return;
    // What the dead one had loaded is still in the kernel; the new one adopts and checks it.
    if (checker.isWanted) void reactivate(state, checker);
    else spawnChecker(state, checker);
  }, wait);
  checker.timer.unref();
}

async function reactivate(state: State, checker: Checker): Promise<void> {
  const trouble = await ensureRunning(state, checker);
  // The order may have been taken back while the new one came up.
  if (!checker.isWanted) return;
  const outcome = trouble === undefined ? await activate(state, checker) : failed(trouble);
  if (outcome.kind === 'failed') state.log(logLine('ERROR', 'director-died', outcome.reason));
}

/** One that was running before us is no child of ours: its end is seen by asking. */
function watchAdopted(state: State, checker: Checker): void {
  const timer = setInterval(async () => {
    if (state.isEnding || checker.process !== undefined) return clearInterval(timer);
    const answer = await ask(checker, 'status', STATUS_WAIT_MS);
    if (answer.ok || answer.code !== 'not-running' || state.isEnding) return undefined;
    clearInterval(timer);
    restartLater(state, checker, 'nobody answers');
    return undefined;
  }, ADOPTED_LOOK_MS);
  timer.unref();
}

/** Waits until the checker answers; starts one when none does. */
async function ensureRunning(state: State, checker: Checker): Promise<string | undefined> {
  const first = await ask(checker, 'status', STATUS_WAIT_MS);
  if (first.ok) return undefined;
  spawnChecker(state, checker);
  const looks = APPEAR_WAIT_MS / APPEAR_LOOK_MS;
  for (let look = 0; look < looks; look++) {
    await pause(APPEAR_LOOK_MS);
    const answer = await ask(checker, 'status', STATUS_WAIT_MS);
    if (answer.ok) return undefined;
    if (checker.process === undefined && checker.timer !== undefined) {
      return `ldirectord ${checker.config} does not start: see its log, or lubdub check`;
    }
  }
  return `ldirectord ${checker.config} does not answer`;
}

async function activate(state: State, checker: Checker): Promise<ResourceOutcome> {
  // The ordinary case is one question and one answer; only without an answer is more done.
  const first = await ask(checker, 'activate', MOVE_WAIT_MS);
  if (first.ok) return outcomeOf(checker, first.value);
  const trouble = await ensureRunning(state, checker);
  if (trouble !== undefined) return failed(trouble);
  const second = await ask(checker, 'activate', MOVE_WAIT_MS);
  return second.ok ? outcomeOf(checker, second.value) : failed(second.detail);
}

function outcomeOf(checker: Checker, answer: JsonObject): ResourceOutcome {
  if (answer.ok === true) {
    checker.restartWait = RESTART_FIRST_MS;
    return { kind: 'done' };
  }
  return failed(`ldirectord ${checker.config}: ${String(answer.error)}`);
}

async function deactivate(state: State, checker: Checker): Promise<ResourceOutcome> {
  const answer = await ask(checker, 'deactivate', MOVE_WAIT_MS);
  if (answer.ok) return outcomeOf(checker, answer.value);
  if (answer.code !== 'not-running') return failed(answer.detail);
  // Nobody answers: what a killed checker left in the kernel is taken out here.
  const withdrawn = await withdrawTable(state.configDir, checker.config);
  if (!withdrawn.ok) return failed(`ldirectord ${checker.config}: ${withdrawn.detail}`);
  if (withdrawn.value > 0) {
    const left = `${withdrawn.value} services that a dead ldirectord had left`;
    const text = `took ${left} out of the table`;
    state.log(logLine('WARN', 'table-withdrawn', text));
  }
  return { kind: 'done' };
}

async function run(
  state: State,
  resource: ResourceSpec,
  verb: ResourceVerb,
): Promise<ResourceOutcome> {
  const checker = checkerOf(state, resource);
  if (verb === 'start') {
    checker.isWanted = true;
    return activate(state, checker);
  }
  if (verb === 'stop') {
    checker.isWanted = false;
    return deactivate(state, checker);
  }
  const answer = await ask(checker, 'status', STATUS_WAIT_MS);
  const isActive = answer.ok && answer.value.mode === 'active';
  if (isActive) checker.isWanted = true;
  return isActive ? { kind: 'running' } : { kind: 'stopped' };
}

async function reportOf(checker: Checker): Promise<JsonObject> {
  const answer = await ask(checker, 'status', STATUS_WAIT_MS);
  const report = answer.ok ? answer.value : { mode: 'not running', services: [] };
  return { ...report, config: checker.config, isWanted: checker.isWanted };
}

export function createDirectorResources(parts: DirectorParts): DirectorResources {
  const state: State = { ...parts, checkers: new Map(), isEnding: false };
  const isDirector = (resource: ResourceSpec): boolean => resource.script === 'ldirectord';
  return {
    prepare: (groups) => {
      for (const resource of groups.flatMap((group) => group.resources).filter(isDirector)) {
        const checker = checkerOf(state, resource);
        void ask(checker, 'status', STATUS_WAIT_MS).then((answer) => {
          if (answer.ok) watchAdopted(state, checker);
          else spawnChecker(state, checker);
        });
      }
    },
    run: (resource, verb) => run(state, resource, verb),
    report: () => Promise.all([...state.checkers.values()].map(reportOf)),
    // One that is not running yet shares when it starts.
    share: () => {
      for (const checker of state.checkers.values()) {
        void ask(checker, 'share-administration', STATUS_WAIT_MS);
      }
    },
    hear: (instance, said) => {
      for (const { config, socket } of state.checkers.values()) {
        if (basename(config) !== instance) continue;
        void askControl(socket, { ...said, command: 'hear-administration' }, STATUS_WAIT_MS);
      }
    },
    end: async () => {
      state.isEnding = true;
      await Promise.all(
        [...state.checkers.values()].map(async (checker) => {
          clearTimeout(checker.timer);
          if (!checker.isWanted) await ask(checker, 'stop', STATUS_WAIT_MS);
        }),
      );
    },
  };
}
