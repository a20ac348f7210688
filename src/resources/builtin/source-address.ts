// IPsrcaddr: what this director sends by itself, over the interface of a VIP, comes from the VIP:
// on the default routes over that interface, and on the route of the VIP's own network.

import type { BuiltInSpec } from '../../config/builtin-arguments.js';
import type { ResourceOutcome, ResourceVerb } from '../../config/resource-order.js';
import type { AddressTable, InterfaceAddress } from '../../kernel/addresses.js';
import { openRouteSources, type RouteSources } from '../../kernel/route-sources.js';
import { parseIp, samePrefix } from '../../wire/ip-address.js';
import type { SourcedRoute } from '../../wire/route-source.js';
import { done, failed, running, stopped } from './builtin.js';

type Spec = Extract<BuiltInSpec, { kind: 'source-address' }>;

const isOfNetwork = (route: SourcedRoute, address: string): boolean => {
  const network = parseIp(route.destination);
  const bytes = parseIp(address);
  if (network === undefined || bytes === undefined || route.prefixLength === 0) return false;
  return samePrefix(network, bytes, route.prefixLength);
};

/** The routes that are ours to change; the default ones first, which the service is about. */
function routesOf(
  sources: RouteSources,
  place: InterfaceAddress,
  routes: readonly SourcedRoute[],
): readonly SourcedRoute[] {
  const index = sources.indexOf(place.interfaceName);
  const here = routes.filter((route) => route.interfaceIndex === index);
  const ways = here.filter((route) => route.destination === '' && route.prefixLength === 0);
  return [...ways, ...here.filter((route) => isOfNetwork(route, place.address))];
}

export function runSourceAddress(
  { address }: Spec,
  verb: ResourceVerb,
  table: AddressTable,
): ResourceOutcome {
  const present = table.list();
  if (!present.ok) return failed(present.detail);
  const opened = openRouteSources();
  if (!opened.ok) return failed(opened.detail);
  const sources = opened.value;
  try {
    const routes = sources.list();
    if (!routes.ok) return failed(routes.detail);
    if (verb === 'stop') return stop(sources, address, routes.value, present.value);
    const place = present.value.find((each) => each.address === address);
    if (place === undefined) {
      if (verb === 'status') return stopped;
      return failed(`${address} is no address of this machine: put IPaddr before IPsrcaddr`);
    }
    const ours = routesOf(sources, place, routes.value);
    if (verb === 'status') {
      const isSet = ours.length > 0 && ours.every((route) => route.source === address);
      return isSet ? running : stopped;
    }
    return start(sources, address, ours, place.interfaceName);
  } finally {
    sources.close();
  }
}

function start(
  sources: RouteSources,
  address: string,
  routes: readonly SourcedRoute[],
  interfaceName: string,
): ResourceOutcome {
  if (routes.length === 0) return failed(`no route over ${interfaceName} needs a source address`);
  for (const route of routes) {
    if (route.source === address) continue;
    const set = sources.set(route, address);
    if (!set.ok) return failed(set.detail);
  }
  return done;
}

/**
 * The kernel's own choice again; for the network's route that is the first other address in it, as
 * the kernel writes there itself. An address that is gone took its routes along.
 */
function stop(
  sources: RouteSources,
  address: string,
  routes: readonly SourcedRoute[],
  present: readonly InterfaceAddress[],
): ResourceOutcome {
  for (const route of routes.filter((each) => each.source === address)) {
    const other = present.find(
      (each) =>
        each.address !== address &&
        sources.indexOf(each.interfaceName) === route.interfaceIndex &&
        isOfNetwork(route, each.address),
    );
    const set = sources.set(route, other?.address);
    if (!set.ok) return failed(set.detail);
  }
  return done;
}
