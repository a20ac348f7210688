// The programs of `respawn` and `failfast` lines: started as their user when the cluster can be
// heard, started again when they end, ended in reverse order at a stop (heartbeat 3.0.6, recorded).
// No shell has a part in it. ipfail is built into the daemon and never started here.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import { createRespawnRule, RESTART_AFTER_MS, type RespawnRule } from '../clients/respawn-rule.js';
import type { ChildProgram } from '../config/ha-clients.js';
import { isBuiltIn } from '../config/ha-clients.js';
import { type Account, readAccounts } from '../runtime/accounts.js';
import { monotonicMs } from '../runtime/clock.js';
import { endLeftChildren, noteChildren, signalGroup } from './left-children.js';

/** Each program's time to end after its signal. */
const STOP_WAIT_MS = 5000;

export interface ChildrenSetting {
  readonly programs: readonly ChildProgram[];
  readonly environment: Readonly<Record<string, string>>;
  readonly runDir: string;
  readonly say: (level: LogLevel, code: LogCode, text: string) => void;
  /** A `failfast` program ended; the verdict on the node is the caller's. */
  readonly onVitalLost: (command: string) => void;
}

interface Child {
  readonly program: ChildProgram;
  readonly account: Account;
  /** As heartbeat 3.0.6 names it in the log. */
  readonly command: string;
  readonly rule: RespawnRule;
  process: ChildProcess | undefined;
  startedAt: number;
  timer: NodeJS.Timeout | undefined;
}

export interface Children {
  stop(): Promise<void>;
}

interface Family {
  readonly setting: ChildrenSetting;
  readonly children: Child[];
  noting: Promise<void>;
  isStopping: boolean;
}

function note(family: Family): void {
  const pids = family.children.flatMap(({ process }) => process?.pid ?? []);
  family.noting = family.noting.then(() =>
    noteChildren(family.setting.runDir, pids).catch((cause: unknown) => {
      const text = `the programs that run beside the daemon cannot be noted: ${String(cause)}`;
      family.setting.say('WARN', 'child-not-startable', text);
    }),
  );
}

function startChild(family: Family, child: Child): void {
  if (family.isStopping) return;
  const { program, account, command } = child;
  const { say, environment } = family.setting;
  const started = spawn(program.path, program.args, {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: account.home, ...environment },
    uid: account.uid,
    gid: account.gid,
    stdio: 'ignore',
    // Its own process group, so that what it starts ends with it.
    detached: true,
  });
  child.process = started;
  child.startedAt = monotonicMs();
  started.once('error', (cause) => {
    if (started.pid !== undefined) return;
    say('ERROR', 'child-not-startable', `Client child command [${command}]: ${cause.message}`);
    onEnded(family, child, 127, null);
  });
  started.once('exit', (code, signal) => onEnded(family, child, code, signal));
  if (started.pid === undefined) return;
  const who = `as uid ${account.uid}  gid ${account.gid} (pid ${started.pid})`;
  say('info', 'child-started', `Starting "${command}" ${who}`);
  note(family);
}

function onEnded(
  family: Family,
  child: Child,
  code: number | null,
  signal: NodeJS.Signals | null,
): void {
  const { say, onVitalLost } = family.setting;
  const { command, program } = child;
  const pid = child.process?.pid;
  child.process = undefined;
  note(family);
  const how = signal === null ? `exited with return code ${code}` : `killed by signal ${signal}`;
  const level = family.isStopping || code === 0 ? 'info' : 'WARN';
  say(level, 'child-ended', `Managed ${command} process ${pid ?? ''} ${how}.`);
  if (family.isStopping) return;
  const verdict = child.rule.ended(code ?? undefined, monotonicMs() - child.startedAt);
  if (verdict === 'asked-not-to') return;
  if (program.isVital) onVitalLost(command);
  if (verdict === 'too-fast') {
    say('ERROR', 'child-given-up', `Client ${command} "respawning too fast"`);
    return;
  }
  say('ERROR', 'child-ended', `Respawning client "${command}":`);
  child.timer = setTimeout(() => startChild(family, child), RESTART_AFTER_MS);
}

async function endChild(family: Family, child: Child): Promise<void> {
  clearTimeout(child.timer);
  const { process: running, command } = child;
  if (running?.pid === undefined) return;
  const { pid } = running;
  const text = `killing ${command} process group ${pid} with signal`;
  family.setting.say('info', 'child-killed', `${text} 15`);
  const ended = new Promise<'ended'>((resolve) => running.once('exit', () => resolve('ended')));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), STOP_WAIT_MS);
  });
  signalGroup(pid, 'SIGTERM');
  if ((await Promise.race([ended, late])) === 'late') {
    family.setting.say('WARN', 'child-killed', `${text} 9`);
    signalGroup(pid, 'SIGKILL');
    await ended;
  }
  clearTimeout(timer);
}

/** Starts them in the order of the file; a program that cannot be started holds up no other. */
export async function startChildren(setting: ChildrenSetting): Promise<Children> {
  const left = await endLeftChildren(setting.runDir);
  if (left > 0) {
    const text = `killing ${left} programs that a former daemon left running with signal 15`;
    setting.say('WARN', 'child-killed', text);
  }
  const programs = setting.programs.filter((program) => !isBuiltIn(program));
  const accounts = await readAccounts(
    programs.map((program) => program.user),
    [],
  );
  const family: Family = { setting, children: [], noting: Promise.resolve(), isStopping: false };
  for (const program of programs) {
    const account = accounts.user(program.user);
    const command = [program.path, ...program.args].join(' ');
    const isExecutable = await access(program.path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (account === undefined || !isExecutable) {
      const why = isExecutable ? `has no user ${program.user} here` : 'is not executable';
      setting.say('ERROR', 'child-not-startable', `Client child command [${command}] ${why}`);
      continue;
    }
    const rule = createRespawnRule();
    const child = { ...{ program, account, command, rule }, process: undefined, startedAt: 0 };
    family.children.push({ ...child, timer: undefined });
  }
  for (const child of family.children) startChild(family, child);
  return {
    stop: async () => {
      family.isStopping = true;
      for (const child of [...family.children].reverse()) await endChild(family, child);
      await family.noting;
    },
  };
}
