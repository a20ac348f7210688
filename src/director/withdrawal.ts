// What leaves the table at the stop of a director, or when it hands its table over: the up real
// servers and the service of every virtual with cleanstop=yes, in this order. With cleanstop=no
// everything stays as it is.

import type { DirectorConfig, VirtualServiceConfig } from '../config/director-config.js';
import { type IpvsRequest, ipvsKeyText } from '../wire/ipvs-table.js';
import { bareDestination } from './plan.js';
import { destinationKey, realDestination } from './real-server-text.js';
import type { TableModel } from './table-model.js';

/**
 * Quiesced real servers and the fallback server vanish with the service and get no request of
 * their own, so that the log names the real servers that were up (ldirectord 4.12, recorded).
 */
export function withdrawal(
  config: DirectorConfig,
  isUp: (virtual: VirtualServiceConfig, realIndex: number) => boolean,
  model: TableModel,
): readonly IpvsRequest[] {
  const requests: IpvsRequest[] = [];
  for (const virtual of config.virtuals) {
    const { key } = virtual;
    if (!virtual.isCleanStop || !model.has(ipvsKeyText(key))) continue;
    const told = new Set<string>();
    virtual.reals.forEach((real, index) => {
      const name = destinationKey(realDestination(virtual, real));
      const there = model.destination(ipvsKeyText(key), name);
      if (there === undefined || told.has(name) || !isUp(virtual, index)) return;
      told.add(name);
      requests.push({ kind: 'delete-destination', key, destination: bareDestination(there) });
    });
    requests.push({ kind: 'delete-service', key });
  }
  return requests;
}
