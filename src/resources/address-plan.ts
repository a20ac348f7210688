// What an IPaddr line comes to in the kernel: interface, prefix, broadcast and label, where the
// line leaves them open. Changes nothing.

import type { IpaddrArguments } from '../config/ipaddr-arguments.js';
import type { AddressTable, InterfaceAddress } from '../kernel/addresses.js';

/** IFNAMSIZ - 1 (linux/if.h): the longest label. */
const LABEL_CHARACTERS_MAX = 15;

/** The network part of an IPv4 address with all host bits set. */
function broadcastOf(address: string, prefixLength: number): string {
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const hostBits = 32 - prefixLength;
  const last = bits - (bits % 2 ** hostBits) + (2 ** hostBits - 1);
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.');
}

/** The labels that are taken, for choosing several in a row. */
export interface LabelBook {
  readonly taken: Set<string | undefined>;
  /** The first number that may be free, by interface. */
  readonly next: Map<string, number>;
}

export function openLabelBook(present: readonly InterfaceAddress[]): LabelBook {
  return { taken: new Set(present.map(({ label }) => label)), next: new Map() };
}

/** IPaddr names its alias `nic:N` with the first free N (recorded); IPaddr2 names none. */
function chooseLabel(
  book: LabelBook,
  script: string,
  interfaceName: string,
  wanted: IpaddrArguments,
): string | undefined {
  if (wanted.label !== undefined) return wanted.label;
  if (script !== 'IPaddr' || wanted.family === 6) return undefined;
  let number = book.next.get(interfaceName) ?? 0;
  while (book.taken.has(`${interfaceName}:${number}`)) number++;
  book.next.set(interfaceName, number + 1);
  const label = `${interfaceName}:${number}`;
  return label.length <= LABEL_CHARACTERS_MAX ? label : undefined;
}

export function describe(vip: InterfaceAddress): string {
  const label = vip.label === undefined ? '' : ` as ${vip.label}`;
  return `${vip.address}/${vip.prefixLength} on ${vip.interfaceName}${label}`;
}

/** The address to have, or why there cannot be one. */
export function planAddress(
  table: Pick<AddressTable, 'placeOf'>,
  book: LabelBook,
  script: string,
  wanted: IpaddrArguments,
): InterfaceAddress | string {
  // Asked only where the word leaves it open: a hundred VIPs that say it need no hundred look-ups.
  const isOpen = wanted.interfaceName === undefined || wanted.prefixLength === undefined;
  const place = isOpen ? table.placeOf(wanted.address) : undefined;
  const interfaceName = wanted.interfaceName ?? place?.interfaceName;
  if (interfaceName === undefined) {
    const { address } = wanted;
    return `no interface is on a network with ${address}: name one, as in ${address}/24/eth0`;
  }
  const widest = wanted.family === 4 ? 32 : 128;
  const prefixLength = wanted.prefixLength ?? place?.prefixLength ?? widest;
  const label = chooseLabel(book, script, interfaceName, wanted);
  const broadcast =
    wanted.family === 6
      ? undefined
      : (wanted.broadcast ??
        (prefixLength < 31 ? broadcastOf(wanted.address, prefixLength) : undefined));
  return {
    family: wanted.family,
    address: wanted.address,
    prefixLength,
    interfaceName,
    ...(label === undefined ? {} : { label }),
    ...(broadcast === undefined ? {} : { broadcast }),
  };
}
