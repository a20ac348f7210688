// Our director's daemon with everything of the real machine but the kernel's table, which is a
// model: for figures of checks on a kernel without IPVS.

import { ok } from '#src/base/result.js';
import { daemonMain } from '#src/ldirectord/daemon.js';
import { realMachine } from '#src/ldirectord/machine.js';
import { FakeIpvs } from '../simulation/fake-ipvs.js';

const kernel = new FakeIpvs();
await daemonMain(process.argv.slice(2), {
  ...realMachine,
  openTable: () =>
    ok({
      read: () => ok(kernel.read()),
      apply: (requests) => ok(kernel.apply(requests)),
      close: () => undefined,
    }),
});
