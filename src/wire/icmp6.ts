// Neighbour discovery of IPv6 (RFC 4861 sections 4.3 and 4.4): the unsolicited advertisement that
// an address is now at this hardware address, the question who has one, and what others advertise.
// The checksum is the kernel's work on a raw socket.

import { failure, ok, type Result } from '../base/result.js';
import { formatIp, parseIpv6 } from './ip-address.js';
import { formatMac, parseMac } from './rtnetlink.js';

export type Icmp6Code = 'truncated' | 'not-advertisement' | 'bad-value';

export const ADVERTISEMENT_BYTES = 32;
const ND_NEIGHBOR_SOLICIT = 135;
const ND_NEIGHBOR_ADVERT = 136;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;
const OPT_SOURCE_LINKADDR = 1;
const OPT_TARGET_LINKADDR = 2;
/** Ethernet and IPv6 headers. */
const ADVERTISEMENT_AT = 54;

export interface NeighbourAdvertisement {
  readonly target: string;
  readonly mac: string;
  /** A router that says it is none is dropped from its clients' lists of default routers. */
  readonly isRouter: boolean;
  readonly isSolicited: boolean;
  readonly isOverride: boolean;
}

export function emitAdvertisement(
  advertisement: NeighbourAdvertisement,
): Result<Uint8Array, Icmp6Code> {
  const target = parseIpv6(advertisement.target);
  const mac = parseMac(advertisement.mac);
  if (target === undefined || mac === undefined) {
    return failure('bad-value', `${advertisement.target} ${advertisement.mac}`);
  }
  const bytes = new Uint8Array(ADVERTISEMENT_BYTES);
  bytes[0] = ND_NEIGHBOR_ADVERT;
  bytes[4] =
    (advertisement.isRouter ? FLAG_ROUTER : 0) |
    (advertisement.isSolicited ? FLAG_SOLICITED : 0) |
    (advertisement.isOverride ? FLAG_OVERRIDE : 0);
  bytes.set(target, 8);
  // The option's length is in units of 8 bytes.
  bytes.set([OPT_TARGET_LINKADDR, 1], 24);
  bytes.set(mac, 26);
  return ok(bytes);
}

/** Reads an advertisement whose first option is the target's hardware address, as ours are. */
export function parseAdvertisement(bytes: Uint8Array): Result<NeighbourAdvertisement, Icmp6Code> {
  if (bytes.length < ADVERTISEMENT_BYTES) return failure('truncated', `${bytes.length} bytes`);
  if (bytes[0] !== ND_NEIGHBOR_ADVERT || bytes[1] !== 0) return failure('not-advertisement');
  if (bytes[24] !== OPT_TARGET_LINKADDR || bytes[25] !== 1) {
    return failure('bad-value', 'no target hardware address');
  }
  const flags = bytes[4] ?? 0;
  return ok({
    target: formatIp(bytes.subarray(8, 24)) ?? '',
    mac: formatMac(bytes.subarray(26, 32)),
    isRouter: (flags & FLAG_ROUTER) !== 0,
    isSolicited: (flags & FLAG_SOLICITED) !== 0,
    isOverride: (flags & FLAG_OVERRIDE) !== 0,
  });
}

/** Asks who has `target`; the answer goes to `mac`. */
export function emitSolicitation(target: string, mac: string): Result<Uint8Array, Icmp6Code> {
  const targetBytes = parseIpv6(target);
  const macBytes = parseMac(mac);
  if (targetBytes === undefined || macBytes === undefined) {
    return failure('bad-value', `${target} ${mac}`);
  }
  const bytes = new Uint8Array(ADVERTISEMENT_BYTES);
  bytes[0] = ND_NEIGHBOR_SOLICIT;
  bytes.set(targetBytes, 8);
  bytes.set([OPT_SOURCE_LINKADDR, 1], 24);
  bytes.set(macBytes, 26);
  return ok(bytes);
}

/** The group that every holder of `address` listens to (RFC 4291 section 2.7.1). */
export function solicitedNodeGroup(address: string): string | undefined {
  const bytes = parseIpv6(address);
  if (bytes === undefined) return undefined;
  const [high = 0, middle = 0, low = 0] = bytes.subarray(13);
  const hex = (value: number): string => value.toString(16);
  return `ff02::1:ff${hex(high).padStart(2, '0')}:${hex(middle * 256 + low)}`;
}

/**
 * Who advertises what, in a whole Ethernet frame. A solicited advertisement may leave the hardware
 * address out: then the sender of the frame has it.
 */
export function parseAdvertisementFrame(
  frame: Uint8Array,
): Result<{ readonly target: string; readonly mac: string }, Icmp6Code> {
  if (frame.length < ADVERTISEMENT_AT + 24) return failure('truncated', `${frame.length} bytes`);
  const bytes = frame.subarray(ADVERTISEMENT_AT);
  if (bytes[0] !== ND_NEIGHBOR_ADVERT || bytes[1] !== 0) return failure('not-advertisement');
  const target = formatIp(bytes.subarray(8, 24)) ?? '';
  const hasOption = bytes.length >= ADVERTISEMENT_BYTES && bytes[24] === OPT_TARGET_LINKADDR;
  const mac = hasOption ? bytes.subarray(26, 32) : frame.subarray(6, 12);
  return ok({ target, mac: formatMac(mac) });
}
