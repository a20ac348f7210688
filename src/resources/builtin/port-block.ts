// portblock: drops what comes in for some ports, so that clients try again instead of being refused
// while a group moves. `block` blocks while it runs, `unblock` while it does not.

import type { BuiltInSpec } from '../../config/builtin-arguments.js';
import type { ResourceOutcome } from '../../config/resource-order.js';
import { type BuiltInOrder, type BuiltInParts, done, failed, running, stopped } from './builtin.js';
import { dropTable, lookUpTable, putTable, tableName } from './nft.js';

type PortBlock = Extract<BuiltInSpec, { kind: 'port-block' }>;

export async function runPortBlock(
  spec: PortBlock,
  { word, verb }: BuiltInOrder,
  { markers }: BuiltInParts,
): Promise<ResourceOutcome> {
  // One table for the ports, not for the word: `block` and `unblock` speak of the same thing.
  const table = tableName('port', [spec.protocol, ...spec.ports]);
  if (verb === 'status') return status(spec, table, await markers.get(word));
  const isToBlock = (verb === 'start') === spec.isBlockedWhileRunning;
  const wasStarted = (await markers.get(word)) !== undefined;
  if (verb === 'start') await markers.set(word);
  const changed = isToBlock
    ? await putTable('inet', table, dropChain(spec))
    : await dropTable('inet', table);
  if (changed.ok || verb === 'start') {
    if (!changed.ok || verb === 'stop') await markers.clear(word);
    return changed.ok ? done : failed(changed.reason);
  }
  // Where there is no packet filter at all, what was never started is stopped.
  return wasStarted ? failed(changed.reason) : done;
}

/**
 * Before the administrator's own filter (priority 0), which would accept some of it. Connections of
 * this machine with itself are left alone, so that its health checks see the server.
 */
const dropChain = ({ protocol, ports }: PortBlock): string =>
  `chain input { type filter hook input priority -10; policy accept;\n` +
  `iifname != "lo" ${protocol} dport { ${ports.join(', ')} } drop\n}`;

/** Who never started it here does not run it, although the ports may be open as they should. */
async function status(
  spec: PortBlock,
  table: string,
  marker: string | undefined,
): Promise<ResourceOutcome> {
  const found = await lookUpTable('inet', table);
  if (typeof found === 'object') return failed(found.reason);
  const isAsStarted = (found === 'there') === spec.isBlockedWhileRunning;
  return isAsStarted && (spec.isBlockedWhileRunning || marker !== undefined) ? running : stopped;
}
