// Whether a VIP is in the kernel as it was put there, and how it is put back. An address of the
// same text with another prefix or label on the same interface is what somebody made of ours.

import { ok, type Result } from '../base/result.js';
import type { AddressTable, InterfaceAddress } from '../kernel/addresses.js';
import type { KernelCode } from '../kernel/errno.js';

/** The kernel gives an IPv4 address without a label that of its interface. */
const labelOf = ({ family, label, interfaceName }: InterfaceAddress): string =>
  family === 6 ? '' : (label ?? interfaceName);

export const isSamePlace = (vip: InterfaceAddress, other: InterfaceAddress): boolean =>
  vip.address === other.address && vip.interfaceName === other.interfaceName;

export const isAsPut = (vip: InterfaceAddress, other: InterfaceAddress): boolean =>
  isSamePlace(vip, other) &&
  vip.prefixLength === other.prefixLength &&
  labelOf(vip) === labelOf(other);

/** In words; undefined when the address is in its place and nothing else stands in for it. */
export function displacement(
  vip: InterfaceAddress,
  listed: readonly InterfaceAddress[],
): string | undefined {
  const there = listed.filter((each) => isSamePlace(vip, each));
  const changed = there.find((each) => !isAsPut(vip, each));
  if (changed !== undefined) {
    const { address, prefixLength } = changed;
    const label = labelOf(changed) === labelOf(vip) ? '' : ` as ${labelOf(changed)}`;
    return `was changed by somebody to ${address}/${prefixLength}${label}`;
  }
  return there.length === 0 ? `was removed from ${vip.interfaceName} by somebody` : undefined;
}

/** Afterwards the address is as it was put, and alone in its place. */
export function putBack(
  table: AddressTable,
  vip: InterfaceAddress,
  listed: readonly InterfaceAddress[],
): Result<void, KernelCode> {
  const strays = listed.filter((each) => isSamePlace(vip, each) && !isAsPut(vip, each));
  table.removeMany(strays);
  const added = table.add(vip);
  return added.ok ? ok(undefined) : added;
}
