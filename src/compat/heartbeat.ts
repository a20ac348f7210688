#!/usr/bin/env node
// The classic command `heartbeat` with the options of 3.0.6 that still mean something.

import { parseArgs } from 'node:util';
import { runHeartbeatCommand, stopHeartbeat } from '../bin/heartbeat-command.js';
import { controlPath, defaultPaths } from '../heartbeat/paths.js';
import { askControl, type JsonObject } from '../runtime/control-socket.js';
import { version } from '../runtime/version.js';

const paths = {
  ...defaultPaths,
  runDir: process.env.LUBDUB_RUN_DIR ?? defaultPaths.runDir,
  stateDir: process.env.LUBDUB_STATE_DIR ?? defaultPaths.stateDir,
};

const usage = 'usage: heartbeat [-dfklMrsvDRVW] [-C resources]\n';

async function askStatus(): Promise<JsonObject | undefined> {
  const answer = await askControl(controlPath(paths.runDir), { command: 'status' }, 5000);
  return answer.ok ? answer.value : undefined;
}

/** As 3.0.6: 0 and one line when running, 3 when stopped. */
async function printStatus(): Promise<number> {
  const status = await askStatus();
  if (status === undefined) {
    process.stdout.write('heartbeat is stopped. No process\n');
    return 3;
  }
  const node = String(status.node);
  const pid = String(status.pid);
  process.stdout.write(`heartbeat OK [pid ${pid} et al] is running on ${node} [${node}]...\n`);
  return 0;
}

/** The daemon reads its files at start; a reload is a restart that keeps what is held. */
async function reload(): Promise<number> {
  const status = await askStatus();
  if (status === undefined) {
    process.stderr.write('heartbeat is stopped. No process\n');
    return 1;
  }
  const keeper = Number(status.keeperPid);
  if (Number.isInteger(keeper) && keeper > 1) process.kill(keeper, 'SIGHUP');
  return 0;
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    strict: true,
    options: {
      debug: { type: 'boolean', short: 'd', multiple: true },
      foreground: { type: 'boolean', short: 'f' },
      stop: { type: 'boolean', short: 'k' },
      'no-realtime': { type: 'boolean', short: 'l' },
      'no-resources': { type: 'boolean', short: 'M' },
      reload: { type: 'boolean', short: 'r' },
      status: { type: 'boolean', short: 's' },
      verbose: { type: 'boolean', short: 'v' },
      defaults: { type: 'boolean', short: 'D' },
      restart: { type: 'boolean', short: 'R' },
      version: { type: 'boolean', short: 'V' },
      wiki: { type: 'boolean', short: 'W' },
      resources: { type: 'string', short: 'C' },
    },
  });
  if (values.version === true) {
    process.stdout.write(`3.0.6 (Lubdub ${version})\n`);
    return 0;
  }
  if (values.status === true) return printStatus();
  if (values.stop === true) return stopHeartbeat(paths.runDir);
  if (values.reload === true) return reload();
  return runHeartbeatCommand({ ...paths, foreground: values.foreground === true });
}

try {
  process.exitCode = await run();
} catch (cause) {
  process.stderr.write(`heartbeat: ${cause instanceof Error ? cause.message : cause}\n${usage}`);
  process.exitCode = 1;
}
