// Resources that a predecessor held and that haresources names no more.

import { logLine } from '../base/log-line.js';
import type { Daemon } from './daemon-parts.js';
import type { Will } from './will.js';

/** What a predecessor held and the files no longer name: nobody else would ever stop it. */
export async function stopForgotten(
  daemon: Daemon,
  predecessor: Will | undefined,
  renewWill: () => void,
): Promise<void> {
  const known = new Map(
    daemon.prepared.setup.cluster.groups.map((group) => [
      group.key,
      new Set(group.resources.map((resource) => resource.word)),
    ]),
  );
  for (const group of predecessor?.groups ?? []) {
    for (const { resource } of [...group.held].reverse()) {
      if (known.get(group.key)?.has(resource.word) === true) continue;
      const text = `no longer in haresources: stopping ${resource.word}`;
      daemon.prepared.log.write(logLine('notice', 'releasing-group', text));
      const { environment } = daemon.prepared;
      const outcome = await daemon.resources.runner.run(resource, 'stop', environment);
      daemon.held.note(group.key, resource, 'stop', outcome, undefined);
      renewWill();
    }
  }
}
