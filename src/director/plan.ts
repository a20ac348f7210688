// From the table that is to the table that is wanted: the ordered requests that lead there. Order
// is what this file owns: a service before its destinations, additions before removals, weight 0
// before removals, so that no state on the way leaves clients of a service that has up servers
// with nobody to go to. Services outside the scope do not exist for it.

import {
  type IpvsDestination,
  type IpvsRequest,
  type IpvsService,
  ipvsKeyText,
  type ObservedDestination,
  type ObservedService,
} from '../wire/ipvs-table.js';
import type { DesiredService, DesiredTable } from './desired-table.js';
import { destinationKey } from './real-server-text.js';

export const servicesEqual = (a: IpvsService, b: IpvsService): boolean =>
  a.scheduler === b.scheduler &&
  a.persistenceSeconds === b.persistenceSeconds &&
  (a.persistenceSeconds === undefined || a.persistencePrefix === b.persistencePrefix) &&
  a.isOnePacket === b.isOnePacket &&
  a.schedulerFlags === b.schedulerFlags;

/**
 * Some kernels report a destination on this very host as `local`, whatever it was added as; it is
 * served the same way.
 */
export const destinationsEqual = (a: IpvsDestination, b: IpvsDestination): boolean =>
  a.weight === b.weight &&
  a.upperThreshold === b.upperThreshold &&
  a.lowerThreshold === b.lowerThreshold &&
  (a.forwarding === b.forwarding || a.forwarding === 'local' || b.forwarding === 'local');

/** `scope`: keys of the services of the present and of the former configuration. */
export function plan(
  desired: DesiredTable,
  observed: readonly ObservedService[],
  scope: ReadonlySet<string>,
): readonly IpvsRequest[] {
  const present = new Map<string, ObservedService>();
  for (const service of observed) present.set(ipvsKeyText(service.key), service);
  const requests: IpvsRequest[] = [];
  const wanted = new Set<string>();
  for (const service of desired) {
    const key = ipvsKeyText(service.service.key);
    wanted.add(key);
    requests.push(...planService(service, present.get(key)));
  }
  for (const [key, service] of present) {
    if (scope.has(key) && !wanted.has(key)) {
      requests.push({ kind: 'delete-service', key: service.key });
    }
  }
  return requests;
}

function planService(
  desired: DesiredService,
  observed: ObservedService | undefined,
): readonly IpvsRequest[] {
  const { service } = desired;
  const { key } = service;
  const first: IpvsRequest[] = [];
  const raised: IpvsRequest[] = [];
  const quiesced: IpvsRequest[] = [];
  const removed: IpvsRequest[] = [];
  if (observed === undefined) first.push({ kind: 'add-service', service });
  else if (!servicesEqual(service, observed)) first.push({ kind: 'edit-service', service });

  const present = new Map<string, ObservedDestination>();
  for (const destination of observed?.destinations ?? []) {
    present.set(destinationKey(destination), destination);
  }
  for (const { destination, isOptional } of desired.destinations) {
    const there = present.get(destinationKey(destination));
    present.delete(destinationKey(destination));
    const into = destination.weight > 0 ? raised : quiesced;
    if (there === undefined) {
      if (!isOptional) into.push({ kind: 'add-destination', key, destination });
    } else if (!destinationsEqual(destination, there)) {
      into.push({ kind: 'edit-destination', key, destination });
    }
  }
  for (const [name, there] of present) {
    if (desired.keepsOthers || desired.untouched.has(name)) continue;
    const destination = bareDestination(there);
    removed.push({ kind: 'delete-destination', key, destination });
  }
  return [...first, ...raised, ...quiesced, ...removed];
}

/** Without the counters. */
export const bareDestination = (observed: ObservedDestination): IpvsDestination => ({
  family: observed.family,
  address: observed.address,
  port: observed.port,
  forwarding: observed.forwarding,
  weight: observed.weight,
  upperThreshold: observed.upperThreshold,
  lowerThreshold: observed.lowerThreshold,
});

/** A text that is equal for equal requests; for status and for the log of refusals. */
export function requestText(request: IpvsRequest): string {
  switch (request.kind) {
    case 'add-service':
    case 'edit-service':
      return `${request.kind} ${ipvsKeyText(request.service.key)} ${request.service.scheduler}`;
    case 'delete-service':
      return `${request.kind} ${ipvsKeyText(request.key)}`;
    default: {
      const { destination, key } = request;
      const where = `${ipvsKeyText(key)} ${destinationKey(destination)}`;
      return `${request.kind} ${where} ${destination.forwarding} ${destination.weight}`;
    }
  }
}

export const requestKey = (request: IpvsRequest): string =>
  ipvsKeyText(
    request.kind === 'add-service' || request.kind === 'edit-service'
      ? request.service.key
      : request.key,
  );
