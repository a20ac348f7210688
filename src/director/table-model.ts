// What the director believes the kernel's table to be: what was read last, with the requests that
// the kernel has confirmed since. Comparing it with the next reading shows what others did to our
// services.

import { unreachable } from '../base/assert.js';
import {
  type IpvsRequest,
  type IpvsService,
  ipvsKeyText,
  type ObservedDestination,
  type ObservedService,
} from '../wire/ipvs-table.js';
import { destinationKey } from './real-server-text.js';
import { serviceAdded, serviceDifferences, type TableDifference } from './table-difference.js';

interface ModelService {
  service: IpvsService;
  readonly destinations: Map<string, ObservedDestination>;
}

export interface TableModel {
  /** Takes a reading; everything known before is forgotten. */
  load(services: readonly ObservedService[]): void;
  /** Takes over a request that the kernel confirmed. */
  confirm(request: IpvsRequest): void;
  /** Those with these keys, or all. */
  services(keys?: ReadonlySet<string>): readonly ObservedService[];
  has(serviceKey: string): boolean;
  destination(serviceKey: string, destinationKey: string): ObservedDestination | undefined;
  /** What is different in a new reading, for the services in the scope. */
  differences(
    reading: readonly ObservedService[],
    scope: ReadonlySet<string>,
  ): readonly TableDifference[];
}

const NO_CONNECTIONS = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };

export function createTableModel(): TableModel {
  const table = new Map<string, ModelService>();
  const load = (services: readonly ObservedService[]): void => {
    table.clear();
    for (const { destinations, ...service } of services) {
      const byKey = destinations.map((there) => [destinationKey(there), there] as const);
      table.set(ipvsKeyText(service.key), { service, destinations: new Map(byKey) });
    }
  };
  const services = (keys?: ReadonlySet<string>): readonly ObservedService[] => {
    const found: ObservedService[] = [];
    for (const key of keys ?? table.keys()) {
      const entry = table.get(key);
      if (entry === undefined) continue;
      found.push({ ...entry.service, destinations: [...entry.destinations.values()] });
    }
    return found;
  };
  return {
    load,
    confirm: (request) => confirm(table, request),
    services,
    has: (serviceKey) => table.has(serviceKey),
    destination: (serviceKey, name) => table.get(serviceKey)?.destinations.get(name),
    differences: (reading, scope) => {
      const readingByKey = new Map(reading.map((one) => [ipvsKeyText(one.key), one]));
      const found: TableDifference[] = [];
      for (const known of services()) {
        const key = ipvsKeyText(known.key);
        if (scope.has(key)) found.push(...serviceDifferences(key, known, readingByKey.get(key)));
      }
      for (const [key, there] of readingByKey) {
        if (scope.has(key) && !table.has(key)) found.push(serviceAdded(key, there));
      }
      return found;
    },
  };
}

function confirm(table: Map<string, ModelService>, request: IpvsRequest): void {
  switch (request.kind) {
    case 'add-service':
      table.set(ipvsKeyText(request.service.key), {
        service: request.service,
        destinations: new Map(),
      });
      return;
    case 'edit-service': {
      const entry = table.get(ipvsKeyText(request.service.key));
      if (entry !== undefined) entry.service = request.service;
      return;
    }
    case 'delete-service':
      table.delete(ipvsKeyText(request.key));
      return;
    case 'add-destination':
    case 'edit-destination': {
      const destinations = table.get(ipvsKeyText(request.key))?.destinations;
      const name = destinationKey(request.destination);
      const counters = destinations?.get(name) ?? NO_CONNECTIONS;
      destinations?.set(name, { ...NO_CONNECTIONS, ...counters, ...request.destination });
      return;
    }
    case 'delete-destination':
      table.get(ipvsKeyText(request.key))?.destinations.delete(destinationKey(request.destination));
      return;
    default:
      unreachable(request);
  }
}
