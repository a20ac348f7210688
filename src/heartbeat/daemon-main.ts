// Entry of the daemon process, the keeper's child. It loads everything and then waits for the
// keeper's word, so that a successor that was prepared begins within milliseconds.

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { endProcess } from '../kernel/end-process.js';
import { startBeatThread } from './beat-thread.js';
import { runDaemon } from './daemon.js';
import { exitCodes, type FromDaemon, type ToDaemon } from './keeper-messages.js';
import { defaultPaths, type HeartbeatPaths, pathArguments } from './paths.js';
import { startKeeper } from './start-keeper.js';
import { rehearseStart } from './start-rehearsal.js';

const { values } = parseArgs({
  options: {
    'config-dir': { type: 'string', default: defaultPaths.configDir },
    'state-dir': { type: 'string', default: defaultPaths.stateDir },
    'run-dir': { type: 'string', default: defaultPaths.runDir },
    successor: { type: 'boolean', default: false },
  },
});
const paths: HeartbeatPaths = {
  configDir: values['config-dir'],
  stateDir: values['state-dir'],
  runDir: values['run-dir'],
};

// What has not run for some collections of garbage would be compiled anew when it runs: a takeover
// comes after weeks in which nothing of it was needed.
setFlagsFromString('--no-flush-bytecode');

const tellKeeper = (message: FromDaemon): void => {
  if (process.connected) process.send?.(message);
};

process.on('uncaughtException', (cause) => {
  process.stderr.write(`lubdub heartbeat: ${String(cause.stack ?? cause)}\n`);
  endProcess(1);
});

// What a list of processes shows: which one serves and which one waits.
process.title = 'lubdub heartbeat successor';
// Until the daemon takes signals itself they must not end it: a reload may be asked at any time.
process.on('SIGHUP', () => undefined);
const thread = startBeatThread();
let hasBegun = false;
process.on('message', (message: ToDaemon) => {
  if (message.kind === 'go' && !hasBegun) {
    hasBegun = true;
    process.title = 'lubdub heartbeat daemon';
    runDaemon(paths, message.predecessor, thread, { tellKeeper, exit: endProcess }).catch(
      (cause: unknown) => {
        process.stderr.write(`lubdub heartbeat: ${String(cause)}\n`);
        endProcess(1);
      },
    );
  }
  if (message.kind === 'stop') {
    if (hasBegun) process.kill(process.pid, 'SIGTERM');
    else endProcess(exitCodes.stopped);
  }
});
// Without its keeper nobody would release what this process holds should it die. Where a service
// manager watches, it does what the unit says; else a new keeper is started, whose child succeeds
// this process as after a death. A successor that waits has nothing to do any more.
process.on('disconnect', () => {
  if (!hasBegun) endProcess(exitCodes.stopped);
  else if (process.env.NOTIFY_SOCKET !== undefined) process.kill(process.pid, 'SIGTERM');
  else {
    startKeeper(['--succeed', String(process.pid), ...pathArguments(paths)], (why) => {
      // Nobody would release what this process holds should it die: it steps down in order.
      process.stderr.write(`lubdub heartbeat: no keeper can be had (${why}): stepping down\n`);
      process.kill(process.pid, 'SIGTERM');
    });
  }
});
// A first start has nobody to wait for, and does at once what a rehearsal would.
const rehearsed = values.successor ? rehearseStart(paths, thread) : undefined;
Promise.all([thread.loaded, rehearsed]).then(
  () => tellKeeper({ kind: 'loaded' }),
  (cause: unknown) => {
    process.stderr.write(`lubdub heartbeat: ${String(cause)}\n`);
    endProcess(1);
  },
);
