// Which interface a new address belongs to, where the configuration does not say (as the original
// resource script finds it: by the network the address lies in). Pure reading of a list.

import { parseIp, samePrefix } from '../wire/ip-address.js';
import type { InterfaceAddress } from './addresses.js';

export interface FoundInterface {
  readonly interfaceName: string;
  readonly prefixLength: number;
  /** The broadcast address of that network on the interface, where it has one. */
  readonly broadcast?: string;
}

/**
 * The interface that has an address in whose network `address` lies, and that network's prefix;
 * of several the longest prefix counts. Undefined when there is none: the address then needs an
 * interface in the configuration. An entry for `address` itself is not looked at.
 */
export function findInterface(
  address: string,
  present: readonly InterfaceAddress[],
): FoundInterface | undefined {
  const bytes = parseIp(address);
  if (bytes === undefined) return undefined;
  let best: InterfaceAddress | undefined;
  for (const candidate of present) {
    if (candidate.address === address || candidate.interfaceName === 'lo') continue;
    const other = parseIp(candidate.address);
    if (other === undefined || !samePrefix(bytes, other, candidate.prefixLength)) continue;
    if (best === undefined || candidate.prefixLength > best.prefixLength) best = candidate;
  }
  if (best === undefined) return undefined;
  const { interfaceName, prefixLength, broadcast } = best;
  return { interfaceName, prefixLength, ...(broadcast === undefined ? {} : { broadcast }) };
}
