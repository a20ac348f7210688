#!/usr/bin/env node
// The classic command cl_respawn: keeps one program running, without a daemon. The program ends it
// by the agreed exit code, a signal ends both.

import { type ChildProcess, spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createRespawnRule, LAST_EXIT_CODE } from '../clients/respawn-rule.js';
import { pidText } from '../heartbeat/classic-places.js';
import { monotonicMs } from '../runtime/clock.js';
import { logAs } from './classic-log.js';
import { parseOptions } from './getopt.js';

const EXIT_USAGE = 2;
/** A program that ends at once must not keep a processor busy, as it does with 3.0.6's. */
const START_SPACING_MS = 1000;
/** Time that a program gets to end when its keeper is told to. */
const STOP_WAIT_MS = 5000;

const usage = `Usage cl_respawn [<options>] <monitored_program> [<arg1>] [<arg2>] ...
Options are as below:
-m magic_exit_code
	When monitored_program exit as this magic_exit_code, then cl_respawn
	will not try to respawn it.
-i interval
	Set the interval(ms) of application hearbeat or plumbing its client.
-w warntime
	Set the warning time (ms) of application heartbeat.
-p pidfile
	Set the name of a pid file to use.
-r	Recover itself from crash. Only called by other monitor programs like	recovery manager.
-l	List the program monitored by cl_respawn.
	Notice: do not support yet.
-h	Display this simple help.

`;

interface Running {
  child: ChildProcess | undefined;
  isStopping: boolean;
}

const pause = (span: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, span);
  });

/** Runs the program once; the exit code, undefined after a signal. */
function runOnce(running: Running, path: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { stdio: 'inherit' });
    running.child = child;
    child.once('error', (cause) => {
      logAs('cl_respawn', 'ERROR', `the program ${path} cannot be started: ${cause.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit code is ${code}` : `killed by ${signal}`;
      logAs('cl_respawn', 'info', `process ${path}[${child.pid}] exited, and its ${how}`);
      resolve(code ?? 128);
    });
  });
}

async function keep(
  running: Running,
  lastExitCode: number,
  words: readonly string[],
): Promise<void> {
  const [path = '', ...args] = words;
  const rule = createRespawnRule(lastExitCode);
  for (;;) {
    const startedAt = monotonicMs();
    const exitCode = await runOnce(running, path, args);
    const ran = monotonicMs() - startedAt;
    if (running.isStopping) return;
    if (rule.ended(exitCode, ran) === 'asked-not-to') {
      const why = 'since we got the magic exit code.';
      logAs('cl_respawn', 'info', `Don't restart the monitored program ${path}, ${why}`);
      return;
    }
    if (ran < START_SPACING_MS) await pause(START_SPACING_MS - ran);
    if (running.isStopping) return;
  }
}

/** Options stand before the program; what stands behind it is the program's own. */
function splitWords(words: readonly string[]): readonly [readonly string[], readonly string[]] {
  let at = 0;
  while (words[at]?.startsWith('-') === true) {
    const takesValue = /^-[a-zA-Z]*[miwp]$/.test(words[at] ?? '');
    at += takesValue ? 2 : 1;
  }
  return [words.slice(0, at), words.slice(at)];
}

async function run(words: readonly string[]): Promise<number> {
  const [before, program] = splitWords(words);
  const { given, faults } = parseOptions('cl_respawn', 'm:i:w:p:lrh', before);
  const [fault] = faults;
  if (fault !== undefined) {
    process.stderr.write(`${fault}\n`);
    logAs('cl_respawn', 'ERROR', 'getopt returnedcharacter code ?.');
  }
  const isHelp = given.has('h') || given.has('l');
  if (fault !== undefined || isHelp || program.length === 0) {
    process.stdout.write(usage);
    return fault === undefined && isHelp ? 0 : EXIT_USAGE;
  }
  const pidFile = given.get('p');
  if (pidFile !== undefined) await writeFile(pidFile, pidText(process.pid));
  const running: Running = { child: undefined, isStopping: false };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      running.isStopping = true;
      running.child?.kill(signal);
      setTimeout(() => running.child?.kill('SIGKILL'), STOP_WAIT_MS).unref();
    });
  }
  const code = given.get('m');
  await keep(running, code === undefined ? LAST_EXIT_CODE : Number.parseInt(code, 10), program);
  if (pidFile !== undefined) await rm(pidFile, { force: true });
  return 0;
}

process.exitCode = await run(process.argv.slice(2));
