// Media between two hosts: each is a pair of one-way paths with their own faults. A broadcast
// medium also brings a host its own messages back. The serial cable carries lines, all else
// datagrams; bytes only, so that the real codecs are in play.

import type { Prng } from '#src/base/prng.js';
import type { MediumSpec } from '#src/cluster/cluster-config.js';
import type { Agenda } from './cluster-agenda.js';

export interface PathFaults {
  isCut: boolean;
  /** Shares of messages, 0 to 1. */
  loss: number;
  duplicate: number;
  /** One bit flipped. */
  corrupt: number;
  delayMin: number;
  delayMax: number;
}

export const soundPath = (): PathFaults => ({
  isCut: false,
  loss: 0,
  duplicate: 0,
  corrupt: 0,
  delayMin: 0.2,
  delayMax: 0.6,
});

export interface Delivery {
  readonly medium: string;
  readonly bytes: Uint8Array;
  /** Flipped or forged on its way: nobody may act on it. */
  readonly isForged: boolean;
}

export interface Network {
  readonly media: readonly MediumSpec[];
  path(from: string, to: string, medium: string): PathFaults;
  paths(): readonly PathFaults[];
  send(from: string, datagram: Uint8Array, line: Uint8Array): void;
  /** Whether anything gets through from one to the other. */
  hears(from: string, to: string): boolean;
  /** Called for every message sent; one that it refuses does not leave. */
  filter: (from: string, datagram: Uint8Array) => boolean;
}

export function createNetwork(
  hosts: readonly string[],
  media: readonly MediumSpec[],
  agenda: Agenda,
  prng: Prng,
  deliver: (to: string, delivery: Delivery) => void,
): Network {
  const table = new Map<string, PathFaults>();
  const name = (from: string, to: string, medium: string): string => `${from}>${to}@${medium}`;
  for (const from of hosts) {
    for (const to of hosts) {
      for (const { name: medium } of media) table.set(name(from, to, medium), soundPath());
    }
  }
  const path = (from: string, to: string, medium: string): PathFaults => {
    const found = table.get(name(from, to, medium));
    if (found === undefined) throw new Error(`no path ${name(from, to, medium)}`);
    return found;
  };
  const flipped = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    const at = prng.between(0, copy.length - 1);
    copy[at] = (copy[at] ?? 0) ^ (1 << prng.between(0, 7));
    return copy;
  };
  const carry = (to: string, faults: PathFaults, medium: string, bytes: Uint8Array): void => {
    if (faults.isCut || prng.fraction() < faults.loss) return;
    const isForged = prng.fraction() < faults.corrupt;
    const copies = prng.fraction() < faults.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = faults.delayMin + prng.fraction() * (faults.delayMax - faults.delayMin);
      const delivery = { medium, bytes: isForged ? flipped(bytes) : bytes, isForged };
      agenda.at(agenda.time() + delay, () => {
        if (!faults.isCut) deliver(to, delivery);
      });
    }
  };
  const network: Network = {
    media,
    path,
    paths: () => [...table.values()],
    filter: () => true,
    send: (from, datagram, line) => {
      if (!network.filter(from, datagram)) return;
      for (const medium of media) {
        const bytes = medium.kind === 'serial' ? line : datagram;
        for (const to of hosts) {
          if (to === from && medium.kind !== 'bcast') continue;
          carry(to, path(from, to, medium.name), medium.name, bytes);
        }
      }
    },
    hears: (from, to) =>
      media.some(({ name: medium }) => {
        const faults = path(from, to, medium);
        return !faults.isCut && faults.loss < 1;
      }),
  };
  return network;
}
