// What another program did to one of our services, in words: which entry, from what to what. Who it
// was the kernel does not tell.

import type { IpvsDestination, IpvsService, ObservedService } from '../wire/ipvs-table.js';
import { destinationsEqual, servicesEqual } from './plan.js';
import { destinationKey } from './real-server-text.js';

export interface TableDifference {
  readonly serviceKey: string;
  /** Undefined when the service itself differs. */
  readonly destinationKey: string | undefined;
  readonly text: string;
}

type Facts = readonly (readonly [name: string, value: string])[];

const destinationFacts = (one: IpvsDestination): Facts => [
  ['weight', `${one.weight}`],
  ['forwarding', one.forwarding],
  ['upper threshold', `${one.upperThreshold}`],
  ['lower threshold', `${one.lowerThreshold}`],
];

const serviceFacts = (one: IpvsService): Facts => [
  ['scheduler', one.scheduler],
  ['persistence', one.persistenceSeconds === undefined ? 'none' : `${one.persistenceSeconds} s`],
  ['netmask', one.persistenceSeconds === undefined ? 'none' : `/${one.persistencePrefix}`],
  ['one-packet scheduling', one.isOnePacket ? 'yes' : 'no'],
  ['scheduler flags', `${one.schedulerFlags}`],
];

/** `weight 1 -> 77, forwarding masq -> gate`; what is the same is left out. */
function changeText(before: Facts, now: Facts): string {
  const changes = before.flatMap(([name, value], index) => {
    const other = now[index]?.[1] ?? value;
    return other === value ? [] : [`${name} ${value} -> ${other}`];
  });
  return changes.join(', ');
}

/** `weight 1, masq`. */
const shapeText = (one: IpvsDestination): string => `weight ${one.weight}, ${one.forwarding}`;

export const serviceAdded = (serviceKey: string, now: ObservedService): TableDifference => ({
  serviceKey,
  destinationKey: undefined,
  text: `virtual server ${serviceKey} was added (scheduler ${now.scheduler})`,
});

/** `known` is what the table was left as, `now` what is read. */
export function serviceDifferences(
  serviceKey: string,
  known: ObservedService,
  now: ObservedService | undefined,
): readonly TableDifference[] {
  const found: TableDifference[] = [];
  const note = (name: string | undefined, what: string): void => {
    const subject = name === undefined ? 'virtual server' : `real server ${name} of`;
    found.push({ serviceKey, destinationKey: name, text: `${subject} ${serviceKey} ${what}` });
  };
  if (now === undefined) {
    const count = known.destinations.length;
    note(undefined, `was removed (scheduler ${known.scheduler}, ${count} real servers)`);
    return found;
  }
  if (!servicesEqual(known, now)) {
    note(undefined, `was changed: ${changeText(serviceFacts(known), serviceFacts(now))}`);
  }
  const present = new Map(now.destinations.map((there) => [destinationKey(there), there]));
  for (const destination of known.destinations) {
    const name = destinationKey(destination);
    const there = present.get(name);
    present.delete(name);
    if (there === undefined) note(name, `was removed (${shapeText(destination)})`);
    else if (!destinationsEqual(destination, there)) {
      note(
        name,
        `was changed: ${changeText(destinationFacts(destination), destinationFacts(there))}`,
      );
    }
  }
  for (const [name, there] of present) note(name, `was added (${shapeText(there)})`);
  return found;
}
