// Which real servers somebody speaks against from outside the checks: the kernel that lost a way to
// them, or a connection that broke. It is only a reason to check.

import { checkPort } from './check-target.js';
import type { RealServers } from './real-server.js';
import { endpointText } from './real-server-text.js';

/** `names` are addresses or endpoints as they are checked; undefined: all. */
export function suspectedKeys(
  reals: RealServers,
  names: ReadonlySet<string> | undefined,
): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const [key, { virtual, config }] of reals.byKey) {
    const { family, address } = config;
    const endpoint = (): string =>
      endpointText({ family, address, port: checkPort(virtual, config) });
    if (names === undefined || names.has(address) || names.has(endpoint())) keys.add(key);
  }
  return keys;
}
