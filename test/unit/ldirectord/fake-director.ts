// The daemon's process over a model of the kernel's table, for tests of the commands. Its path
// holds the word by which the pid file's process is known.

import { daemonMain } from '#src/ldirectord/daemon.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';
import { fakeMachine } from './fixture.js';

await daemonMain(process.argv.slice(2), fakeMachine(new FakeIpvs()));
