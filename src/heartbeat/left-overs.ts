// Addresses of haresources that are in the kernel at a start although no predecessor says that it
// held them: somebody else put them there, or the will of a killed daemon is lost. Who serves by
// now is not known, so nobody does here until the pair has agreed.

import { logLine } from '../base/log-line.js';
import { isAddressScript } from '../config/resource-kind.js';
import type { Daemon } from './daemon-parts.js';
import type { Will } from './will.js';

/** To be called before the first beat. */
export function removeLeftOvers(daemon: Daemon, predecessor: Will | undefined): void {
  const inherited = new Set(
    predecessor?.groups.flatMap((group) => group.held.map(({ resource }) => resource.word)),
  );
  const { addresses } = daemon.resources;
  for (const { resources } of daemon.prepared.setup.cluster.groups) {
    for (const resource of resources) {
      if (!isAddressScript(resource.script) || inherited.has(resource.word)) continue;
      if (addresses.run([resource], 'status').outcomes[0]?.kind !== 'running') continue;
      const vip = addresses.heldBy(resource);
      const [outcome] = addresses.run([resource], 'stop').outcomes;
      const what = `${vip?.address} was left over on ${vip?.interfaceName}`;
      const line =
        outcome?.kind === 'failed'
          ? logLine('ERROR', 'left-over-removed', `${what}: ${outcome.reason}`)
          : logLine('WARN', 'left-over-removed', `${what}: removed`);
      daemon.prepared.log.write(line);
    }
  }
}
