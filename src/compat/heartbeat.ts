#!/usr/bin/env node
// The classic command `heartbeat` with the options of 3.0.6 (recorded). What stands for its inner
// workings is taken with a word; what would mean another thing than it says is refused.

import { runHeartbeatCommand, stopHeartbeat } from '../bin/heartbeat-command.js';
import { clientParameters } from '../clients/client-parameters.js';
import { describeDiagnostics } from '../config/diagnostic.js';
import { haDirectives } from '../config/ha-directives.js';
import { apiVersion } from '../heartbeat/client-api.js';
import { localNodeName } from '../heartbeat/local-node.js';
import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { loadHaFiles } from '../runtime/load-files.js';
import { parseOptions } from './getopt.js';

const paths = {
  ...defaultPaths,
  configDir: process.env.LUBDUB_CONFIG_DIR ?? defaultPaths.configDir,
  runDir: process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir,
  stateDir: process.env.LUBDUB_STATE_DIR ?? defaultPaths.stateDir,
};

const EXIT_USAGE = 2;
const EXIT_STOPPED = 3;
const EXIT_CONFIGURATION = 6;

const usage = `
Usage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]
	-C only valid with -R
	-r is mutually exclusive with -R
`;

const complain = (text: string): void => void process.stderr.write(`${text}\n`);

async function askStatus(): Promise<JsonObject | undefined> {
  const answer = await askControl(controlPath(paths.runDir), { command: 'status' }, 5000);
  return answer.ok ? answer.value : undefined;
}

async function printStatus(): Promise<number> {
  const status = await askStatus();
  if (status === undefined) {
    process.stdout.write('heartbeat is stopped. No process\n');
    return EXIT_STOPPED;
  }
  const node = String(status.node);
  const pid = String(status.keeperPid);
  process.stdout.write(`heartbeat OK [pid ${pid} et al] is running on ${node} [${node}]...\n`);
  return 0;
}

/** The daemon judges its files and has a successor take changed ones over. */
async function reload(): Promise<number> {
  const status = await askStatus();
  if (status === undefined) {
    complain('heartbeat is stopped. No process');
    return 1;
  }
  const keeper = Number(status.keeperPid);
  if (!Number.isInteger(keeper) || keeper <= 1) return 1;
  complain(`info: Signalling heartbeat pid ${keeper} to reread config files`);
  process.kill(keeper, 'SIGHUP');
  return 0;
}

/** What the files say, defaults filled in; false when they have errors. */
async function printConfiguration(): Promise<boolean> {
  const node = await localNodeName(paths.configDir);
  const { files, diagnostics } = await loadHaFiles(paths.configDir, node);
  if (files === undefined) {
    complain(describeDiagnostics(diagnostics));
    complain('ERROR: Configuration error, heartbeat not started.');
    return false;
  }
  const { config } = files;
  const values = clientParameters(config.parameters, config, config.autoFailback, apiVersion);
  const purposes = new Map(haDirectives.map(({ name, purpose }) => [name, purpose]));
  const lines = Object.entries(values)
    .filter(([name]) => purposes.has(name))
    .map(([name, value]) => `${name}\t${value}\t#\t${purposes.get(name) ?? ''}`);
  const nodes = config.nodeOrder.map((name) => `node ${name}\t#\t current status: init`);
  const head = `#\n#\tLinux-HA heartbeat configuration (on ${node})\n#`;
  process.stdout.write(`${[head, ...lines, '#', ...nodes].join('\n')}\n`);
  return true;
}

function printDefaults(): number {
  for (const { name, default: value, purpose } of haDirectives) {
    process.stdout.write(`${name}\t${value}\t#\t${purpose}\n`);
  }
  return 0;
}

/** Taken, because start scripts write them, and said so, because they change nothing here. */
const inert: readonly (readonly [letter: string, instead: string])[] = [
  ['d', 'write "debug 1" in ha.cf'],
  ['l', 'write "realtime off" in ha.cf'],
];

async function run(words: readonly string[]): Promise<number> {
  const { given, faults } = parseOptions(process.argv[1] ?? 'heartbeat', 'dDkMrRsvWlVfC:', words);
  for (const fault of faults) complain(fault);
  const isRestart = given.has('R');
  const isWrong = (given.has('C') && !isRestart) || (given.has('r') && isRestart);
  if (faults.length > 0 || isWrong) {
    process.stderr.write(usage);
    return EXIT_USAGE;
  }
  if (given.has('V')) {
    process.stdout.write(`${apiVersion}\n`);
    return 0;
  }
  if (given.has('k')) return stopHeartbeat(paths.runDir);
  if (given.has('s')) return printStatus();
  if (given.has('r')) return reload();
  if (given.has('D') || given.has('W')) return printDefaults();
  if (given.has('M')) {
    complain('heartbeat: -M is not possible: the groups of haresources are always managed');
    return 1;
  }
  if (isRestart && (await askStatus()) !== undefined) {
    complain('ERROR: Heartbeat already running; heartbeat -r takes changed files over');
    return 1;
  }
  for (const [letter, instead] of inert) {
    if (given.has(letter)) complain(`heartbeat: -${letter} has no effect: ${instead}`);
  }
  if (given.has('v') && !(await printConfiguration())) return EXIT_CONFIGURATION;
  return runHeartbeatCommand({ ...paths, foreground: given.has('f') });
}

process.exitCode = await run(process.argv.slice(2));
