// Addresses, links and neighbours of rtnetlink (linux/if_addr.h, linux/if_link.h,
// linux/neighbour.h) as values. Knows nothing of sockets; attributes it has no use for are
// skipped, so newer kernels are read as well.

import { concatBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { formatIp, parseIp } from './ip-address.js';
import {
  attributeTable,
  buildAttribute,
  hostIsLittleEndian,
  type NetlinkCode,
  readText,
  readU8,
  readU32,
  u8,
  u16,
  u32,
  viewOf,
  zeroEnded,
} from './netlink.js';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_GETROUTE = 26;
export const RTM_DELROUTE = 25;
export const RTM_NEWNEIGH = 28;
export const RTM_GETNEIGH = 30;

export const AF_INET = 2;
export const AF_INET6 = 10;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
/** INFINITY_LIFE_TIME. */
const FOREVER = 0xffff_ffff;
export const IFA_F_NODAD = 0x02;
export const IFA_F_NOPREFIXROUTE = 0x200;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_CARRIER = 33;
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x1_0000;

const RTM_F_FIB_MATCH = 0x2000;
const RTN_UNICAST = 1;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_VIA = 18;

const NDA_DST = 1;
const NDA_LLADDR = 2;

/** One address as rtnetlink tells it. */
export interface RtAddress {
  readonly family: 4 | 6;
  readonly prefixLength: number;
  /** All 32 bits: IFA_FLAGS where the kernel sent it. */
  readonly flags: number;
  readonly scope: number;
  readonly interfaceIndex: number;
  /** The own address, not the peer's, of a point-to-point interface. Canonical text. */
  readonly address: string;
  readonly label?: string;
  readonly broadcast?: string;
  /** The kernel removes the address by itself after so long; left out never. */
  readonly validSeconds?: number;
}

export interface RtLink {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_*: 1 is Ethernet. */
  readonly hardwareType: number;
  /** Lower-case hex with colons; empty when there is none or it is all zero. */
  readonly mac: string;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
}

export interface RtNeighbour {
  readonly interfaceIndex: number;
  readonly address: string;
  /** NUD_* bits: 0x02 reachable, 0x04 stale, 0x08 delay, 0x10 probe, 0x20 failed. */
  readonly state: number;
  /** Empty while unresolved. */
  readonly mac: string;
}

/** What the routing table says of one destination. */
export interface RtRoute {
  readonly interfaceIndex: number;
  /** Of the route that was chosen, not of the question. */
  readonly prefixLength: number;
  /** To a host of the segment, without a gateway. */
  readonly isDirect: boolean;
}

export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** 6 bytes; undefined unless `text` is six pairs of hexadecimal digits with colons. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

const familyNumber = (family: 4 | 6): number => (family === 4 ? AF_INET : AF_INET6);

/** The payload of RTM_NEWADDR and RTM_DELADDR. */
export function emitAddress(address: RtAddress): Result<Uint8Array, NetlinkCode> {
  const bytes = parseIp(address.address);
  if (bytes === undefined || bytes.length !== (address.family === 4 ? 4 : 16)) {
    return failure('bad-value', `address ${address.address}`);
  }
  const head = new Uint8Array(8);
  head.set([familyNumber(address.family), address.prefixLength & 0xff, address.flags & 0xff]);
  head[3] = address.scope & 0xff;
  head.set(u32(address.interfaceIndex), 4);
  const parts = [head, buildAttribute(IFA_LOCAL, bytes), buildAttribute(IFA_ADDRESS, bytes)];
  if (address.label !== undefined) parts.push(buildAttribute(IFA_LABEL, zeroEnded(address.label)));
  if (address.broadcast !== undefined) {
    const broadcast = parseIp(address.broadcast);
    if (broadcast === undefined || broadcast.length !== 4) {
      return failure('bad-value', `broadcast ${address.broadcast}`);
    }
    parts.push(buildAttribute(IFA_BROADCAST, broadcast));
  }
  if (address.validSeconds !== undefined) {
    // Preferred for as long as it is valid: at its end it goes, it does not fade.
    const lifetime = u32(Math.min(address.validSeconds, FOREVER));
    parts.push(buildAttribute(IFA_CACHEINFO, concatBytes(lifetime, lifetime, u32(0), u32(0))));
  }
  if (address.flags > 0xff) parts.push(buildAttribute(IFA_FLAGS, u32(address.flags)));
  return ok(concatBytes(...parts));
}

export function parseAddress(payload: Uint8Array): Result<RtAddress, NetlinkCode> {
  if (payload.length < 8) return failure('truncated', 'ifaddrmsg');
  const [familyByte = 0, prefixLength = 0, headFlags = 0, scope = 0] = payload;
  if (familyByte !== AF_INET && familyByte !== AF_INET6) {
    return failure('bad-value', `family ${familyByte}`);
  }
  const table = attributeTable(payload.subarray(8));
  if (!table.ok) return table;
  // IPv4 has the own address in IFA_LOCAL; dumps of IPv6 have IFA_ADDRESS alone.
  const bytes = table.value.get(IFA_LOCAL) ?? table.value.get(IFA_ADDRESS);
  const family = familyByte === AF_INET ? 4 : 6;
  const address = bytes?.length === (family === 4 ? 4 : 16) ? formatIp(bytes) : undefined;
  if (address === undefined) return failure('bad-value', 'address');
  const label = readText(table.value.get(IFA_LABEL));
  const broadcastBytes = table.value.get(IFA_BROADCAST);
  const broadcast = broadcastBytes?.length === 4 ? formatIp(broadcastBytes) : undefined;
  const validSeconds = readU32(table.value.get(IFA_CACHEINFO)?.subarray(4, 8));
  return ok({
    family,
    prefixLength,
    flags: readU32(table.value.get(IFA_FLAGS)) ?? headFlags,
    scope,
    interfaceIndex: viewOf(payload).getUint32(4, hostIsLittleEndian),
    address,
    ...(label === undefined ? {} : { label }),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(validSeconds === undefined || validSeconds === FOREVER ? {} : { validSeconds }),
  });
}

/** Of an address that is to stay until it is removed. */
export const unlimitedSeconds: number = FOREVER;

/** The payload of RTM_GETADDR that asks for every address of every interface. */
export const emitAddressDump = (): Uint8Array => new Uint8Array(8);

/** The payload of RTM_GETLINK: of one interface by index, or of all with index 0 in a dump. */
export function emitLinkRequest(index: number): Uint8Array {
  const head = new Uint8Array(16);
  head.set(u32(index), 4);
  return head;
}

export function parseLink(payload: Uint8Array): Result<RtLink, NetlinkCode> {
  if (payload.length < 16) return failure('truncated', 'ifinfomsg');
  const view = viewOf(payload);
  const table = attributeTable(payload.subarray(16));
  if (!table.ok) return table;
  const name = readText(table.value.get(IFLA_IFNAME));
  if (name === undefined || name === '') return failure('bad-value', 'interface name');
  const flags = view.getUint32(8, hostIsLittleEndian);
  const mac = table.value.get(IFLA_ADDRESS);
  const carrier = readU8(table.value.get(IFLA_CARRIER));
  return ok({
    index: view.getInt32(4, hostIsLittleEndian),
    name,
    hardwareType: view.getUint16(2, hostIsLittleEndian),
    mac: mac?.some((byte) => byte !== 0) === true ? formatMac(mac) : '',
    isUp: (flags & IFF_UP) !== 0,
    hasCarrier: carrier === undefined ? (flags & IFF_LOWER_UP) !== 0 : carrier !== 0,
  });
}

/** The payload of RTM_GETNEIGH for one address of one interface (no dump). */
export function emitNeighbourRequest(
  address: string,
  interfaceIndex: number,
): Result<Uint8Array, NetlinkCode> {
  const bytes = parseIp(address);
  if (bytes === undefined) return failure('bad-value', `address ${address}`);
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const head = concatBytes(u8(family), new Uint8Array(3), u32(interfaceIndex), u16(0), u16(0));
  return ok(concatBytes(head, buildAttribute(NDA_DST, bytes)));
}

export function parseNeighbour(payload: Uint8Array): Result<RtNeighbour, NetlinkCode> {
  if (payload.length < 12) return failure('truncated', 'ndmsg');
  const view = viewOf(payload);
  const table = attributeTable(payload.subarray(12));
  if (!table.ok) return table;
  const destination = table.value.get(NDA_DST);
  const address = destination === undefined ? undefined : formatIp(destination);
  if (address === undefined) return failure('bad-value', 'neighbour address');
  const mac = table.value.get(NDA_LLADDR);
  return ok({
    interfaceIndex: view.getInt32(4, hostIsLittleEndian),
    address,
    state: view.getUint16(8, hostIsLittleEndian),
    mac: mac === undefined ? '' : formatMac(mac),
  });
}

/** The payload of RTM_GETROUTE that asks for the table's entry for one destination (no dump). */
export function emitRouteRequest(address: string): Result<Uint8Array, NetlinkCode> {
  const bytes = parseIp(address);
  if (bytes === undefined) return failure('bad-value', `address ${address}`);
  const head = new Uint8Array(12);
  head.set([bytes.length === 4 ? AF_INET : AF_INET6, bytes.length * 8]);
  head.set(u32(RTM_F_FIB_MATCH), 8);
  return ok(concatBytes(head, buildAttribute(RTA_DST, bytes)));
}

export interface RemovedRoute {
  /** As many zeros as the family has bytes, for the default route. */
  readonly destination: Uint8Array;
  readonly prefixLength: number;
}

/** The payload of RTM_DELROUTE; undefined for routes that lead nowhere, such as local ones. */
export function parseRemovedRoute(payload: Uint8Array): RemovedRoute | undefined {
  if (payload.length < 12 || payload[7] !== RTN_UNICAST) return undefined;
  const table = attributeTable(payload.subarray(12));
  if (!table.ok) return undefined;
  const empty = new Uint8Array(payload[0] === AF_INET ? 4 : 16);
  return { destination: table.value.get(RTA_DST) ?? empty, prefixLength: payload[1] ?? 0 };
}

export function parseRoute(payload: Uint8Array): Result<RtRoute, NetlinkCode> {
  if (payload.length < 12) return failure('truncated', 'rtmsg');
  const table = attributeTable(payload.subarray(12));
  if (!table.ok) return table;
  const interfaceIndex = readU32(table.value.get(RTA_OIF));
  if (interfaceIndex === undefined) return failure('bad-value', 'a route of several ways, or none');
  const hasGateway = table.value.has(RTA_GATEWAY) || table.value.has(RTA_VIA);
  return ok({
    interfaceIndex,
    prefixLength: payload[1] ?? 0,
    isDirect: payload[7] === RTN_UNICAST && !hasGateway,
  });
}
