// Entry of a keeper without a terminal: started by `lubdub heartbeat`, or by a daemon whose keeper
// died (`--succeed PID`).

import { parseArgs } from 'node:util';
import { endProcess } from '../kernel/end-process.js';
import { keepInThisProcess } from './keeper-process.js';
import { defaultPaths } from './paths.js';

const { values } = parseArgs({
  options: {
    'config-dir': { type: 'string', default: defaultPaths.configDir },
    'state-dir': { type: 'string', default: defaultPaths.stateDir },
    'run-dir': { type: 'string', default: defaultPaths.runDir },
    succeed: { type: 'string' },
  },
});
const orphanPid = values.succeed === undefined ? undefined : Number(values.succeed);
const exitCode = await keepInThisProcess(
  {
    configDir: values['config-dir'],
    stateDir: values['state-dir'],
    runDir: values['run-dir'],
  },
  orphanPid,
);
endProcess(exitCode);
