// The script of the daemon's process: nothing but the start.

import { daemonMain } from './daemon.js';

await daemonMain(process.argv.slice(2));
