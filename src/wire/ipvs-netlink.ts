// The generic netlink form of the IPVS table (linux/ip_vs.h, IPVS_CMD_* and IPVS_*_ATTR_*):
// requests out of the values of ipvs-table.ts, and those values out of dumps.

import { failure, ok, type Result } from '../base/result.js';
import { buildGenericPayload, takeGenericPayload } from './generic-netlink.js';
import { formatIp, parseIp } from './ip-address.js';
import type {
  AddressFamily,
  Forwarding,
  IpvsDestination,
  IpvsRequest,
  IpvsService,
  IpvsServiceKey,
  ObservedDestination,
} from './ipvs-table.js';
import {
  attributeTable,
  buildAttribute,
  buildNested,
  hostIsLittleEndian,
  type NetlinkCode,
  readText,
  readU16,
  readU16be,
  readU32,
  u16,
  u16be,
  u32,
  viewOf,
  zeroEnded,
} from './netlink.js';
import { AF_INET, AF_INET6 } from './rtnetlink.js';

export const IPVS_GENL_NAME = 'IPVS';
const IPVS_GENL_VERSION = 1;

const IPVS_CMD_NEW_SERVICE = 1;
const IPVS_CMD_SET_SERVICE = 2;
const IPVS_CMD_DEL_SERVICE = 3;
const IPVS_CMD_GET_SERVICE = 4;
const IPVS_CMD_NEW_DEST = 5;
const IPVS_CMD_SET_DEST = 6;
const IPVS_CMD_DEL_DEST = 7;
const IPVS_CMD_GET_DEST = 8;

const IPVS_CMD_ATTR_SERVICE = 1;
const IPVS_CMD_ATTR_DEST = 2;

const IPVS_SVC_ATTR_AF = 1;
const IPVS_SVC_ATTR_PROTOCOL = 2;
const IPVS_SVC_ATTR_ADDR = 3;
const IPVS_SVC_ATTR_PORT = 4;
const IPVS_SVC_ATTR_FWMARK = 5;
const IPVS_SVC_ATTR_SCHED_NAME = 6;
const IPVS_SVC_ATTR_FLAGS = 7;
const IPVS_SVC_ATTR_TIMEOUT = 8;
const IPVS_SVC_ATTR_NETMASK = 9;

const IP_VS_SVC_F_PERSISTENT = 0x1;
const IP_VS_SVC_F_ONEPACKET = 0x4;
/** IP_VS_SVC_F_SCHED1 to 3. */
const SCHEDULER_FLAGS = 0x38;

const IPVS_DEST_ATTR_ADDR = 1;
const IPVS_DEST_ATTR_PORT = 2;
const IPVS_DEST_ATTR_FWD_METHOD = 3;
const IPVS_DEST_ATTR_WEIGHT = 4;
const IPVS_DEST_ATTR_U_THRESH = 5;
const IPVS_DEST_ATTR_L_THRESH = 6;
const IPVS_DEST_ATTR_ACTIVE_CONNS = 7;
const IPVS_DEST_ATTR_INACT_CONNS = 8;
const IPVS_DEST_ATTR_PERSIST_CONNS = 9;
const IPVS_DEST_ATTR_ADDR_FAMILY = 11;

const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;
const FORWARDINGS: readonly Forwarding[] = ['masq', 'local', 'ipip', 'gate'];
const IP_VS_CONN_F_FWD_MASK = 7;

const familyNumber = (family: AddressFamily): number => (family === 4 ? AF_INET : AF_INET6);

/** The kernel wants a union of 16 bytes also for IPv4. */
function emitIp(address: string): Uint8Array | undefined {
  const bytes = parseIp(address);
  if (bytes === undefined) return undefined;
  const union = new Uint8Array(16);
  union.set(bytes);
  return union;
}

function parseUnion(data: Uint8Array | undefined, family: AddressFamily): string | undefined {
  const length = family === 4 ? 4 : 16;
  return data === undefined || data.length < length
    ? undefined
    : formatIp(data.subarray(0, length));
}

function emitKey(key: IpvsServiceKey): readonly Uint8Array[] | undefined {
  const family = buildAttribute(IPVS_SVC_ATTR_AF, u16(familyNumber(key.family)));
  if (key.kind === 'fwmark') return [family, buildAttribute(IPVS_SVC_ATTR_FWMARK, u32(key.mark))];
  const address = emitIp(key.address);
  if (address === undefined) return undefined;
  return [
    family,
    buildAttribute(IPVS_SVC_ATTR_PROTOCOL, u16(protocolNumbers[key.protocol])),
    buildAttribute(IPVS_SVC_ATTR_ADDR, address),
    buildAttribute(IPVS_SVC_ATTR_PORT, u16be(key.port)),
  ];
}

/** IPv4: the mask in network order; IPv6: the prefix length as a number (ip_vs_ctl.c). */
function emitNetmask(family: AddressFamily, prefix: number): Uint8Array {
  if (family === 6) return u32(prefix);
  const mask = new Uint8Array(4);
  viewOf(mask).setUint32(0, prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0, false);
  return mask;
}

function parseNetmask(family: AddressFamily, data: Uint8Array | undefined): number {
  if (family === 6) return readU32(data) ?? 128;
  if (data === undefined || data.length < 4) return 32;
  const mask = viewOf(data).getUint32(0, false);
  return mask === 0xffff_ffff ? 32 : Math.clz32(~mask);
}

function emitService(service: IpvsService): readonly Uint8Array[] | undefined {
  const key = emitKey(service.key);
  if (key === undefined) return undefined;
  const flags = new Uint8Array(8);
  const view = viewOf(flags);
  const persistent = service.persistenceSeconds === undefined ? 0 : IP_VS_SVC_F_PERSISTENT;
  const onePacket = service.isOnePacket ? IP_VS_SVC_F_ONEPACKET : 0;
  const bits = persistent | onePacket | (service.schedulerFlags & SCHEDULER_FLAGS);
  view.setUint32(0, bits, hostIsLittleEndian);
  view.setUint32(4, 0xffff_ffff, hostIsLittleEndian);
  return [
    ...key,
    buildAttribute(IPVS_SVC_ATTR_SCHED_NAME, zeroEnded(service.scheduler)),
    buildAttribute(IPVS_SVC_ATTR_FLAGS, flags),
    buildAttribute(IPVS_SVC_ATTR_TIMEOUT, u32(service.persistenceSeconds ?? 0)),
    buildAttribute(
      IPVS_SVC_ATTR_NETMASK,
      emitNetmask(service.key.family, service.persistencePrefix),
    ),
  ];
}

/** Deleting needs address, port and family alone, and refuses nothing for having more. */
function emitDestination(destination: IpvsDestination): readonly Uint8Array[] | undefined {
  const address = emitIp(destination.address);
  if (address === undefined) return undefined;
  const forwarding = FORWARDINGS.indexOf(destination.forwarding);
  return [
    buildAttribute(IPVS_DEST_ATTR_ADDR, address),
    buildAttribute(IPVS_DEST_ATTR_PORT, u16be(destination.port)),
    buildAttribute(IPVS_DEST_ATTR_FWD_METHOD, u32(forwarding)),
    buildAttribute(IPVS_DEST_ATTR_WEIGHT, u32(destination.weight)),
    buildAttribute(IPVS_DEST_ATTR_U_THRESH, u32(destination.upperThreshold)),
    buildAttribute(IPVS_DEST_ATTR_L_THRESH, u32(destination.lowerThreshold)),
    buildAttribute(IPVS_DEST_ATTR_ADDR_FAMILY, u16(familyNumber(destination.family))),
  ];
}

const COMMANDS = {
  'add-service': IPVS_CMD_NEW_SERVICE,
  'edit-service': IPVS_CMD_SET_SERVICE,
  'delete-service': IPVS_CMD_DEL_SERVICE,
  'add-destination': IPVS_CMD_NEW_DEST,
  'edit-destination': IPVS_CMD_SET_DEST,
  'delete-destination': IPVS_CMD_DEL_DEST,
} as const;

/** The payload of one request; `bad-value` when an address in it is none. */
export function emitIpvsRequest(request: IpvsRequest): Result<Uint8Array, NetlinkCode> {
  const nested: Uint8Array[] = [];
  if (request.kind === 'add-service' || request.kind === 'edit-service') {
    const service = emitService(request.service);
    if (service === undefined) return failure('bad-value', 'service address');
    nested.push(buildNested(IPVS_CMD_ATTR_SERVICE, ...service));
  } else {
    const key = emitKey(request.key);
    if (key === undefined) return failure('bad-value', 'service address');
    nested.push(buildNested(IPVS_CMD_ATTR_SERVICE, ...key));
    if (request.kind !== 'delete-service') {
      const destination = emitDestination(request.destination);
      if (destination === undefined) return failure('bad-value', 'destination address');
      nested.push(buildNested(IPVS_CMD_ATTR_DEST, ...destination));
    }
  }
  return ok(buildGenericPayload(COMMANDS[request.kind], IPVS_GENL_VERSION, ...nested));
}

/** The payload of a dump of all services. */
export function emitServiceDump(): Uint8Array {
  return buildGenericPayload(IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION);
}

/** The payload of a dump of one service's destinations. */
export function emitDestinationDump(key: IpvsServiceKey): Result<Uint8Array, NetlinkCode> {
  const service = emitKey(key);
  if (service === undefined) return failure('bad-value', 'service address');
  const nested = buildNested(IPVS_CMD_ATTR_SERVICE, ...service);
  return ok(buildGenericPayload(IPVS_CMD_GET_DEST, IPVS_GENL_VERSION, nested));
}

/** The attributes nested below `attribute` in the payload of one answer. */
function takeNested(
  payload: Uint8Array,
  attribute: number,
): Result<ReadonlyMap<number, Uint8Array>, NetlinkCode> {
  const generic = takeGenericPayload(payload);
  if (!generic.ok) return generic;
  const top = attributeTable(generic.value.attributes);
  if (!top.ok) return top;
  const nested = top.value.get(attribute);
  return nested === undefined ? failure('bad-value', 'no object') : attributeTable(nested);
}

function parseFamily(number: number | undefined): AddressFamily | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}

function parseKey(table: ReadonlyMap<number, Uint8Array>): IpvsServiceKey | undefined {
  const family = parseFamily(readU16(table.get(IPVS_SVC_ATTR_AF)));
  if (family === undefined) return undefined;
  const mark = readU32(table.get(IPVS_SVC_ATTR_FWMARK));
  if (mark !== undefined) return { kind: 'fwmark', family, mark };
  const number = readU16(table.get(IPVS_SVC_ATTR_PROTOCOL));
  const protocol =
    number === 6 ? 'tcp' : number === 17 ? 'udp' : number === 132 ? 'sctp' : undefined;
  const address = parseUnion(table.get(IPVS_SVC_ATTR_ADDR), family);
  const port = readU16be(table.get(IPVS_SVC_ATTR_PORT));
  if (protocol === undefined || address === undefined || port === undefined) return undefined;
  return { kind: 'address', family, protocol, address, port };
}

/** One service out of a dump. Statistics are not read here. */
export function parseIpvsService(payload: Uint8Array): Result<IpvsService, NetlinkCode> {
  const table = takeNested(payload, IPVS_CMD_ATTR_SERVICE);
  if (!table.ok) return table;
  const key = parseKey(table.value);
  if (key === undefined) return failure('bad-value', 'service key');
  const scheduler = readText(table.value.get(IPVS_SVC_ATTR_SCHED_NAME));
  const flags = readU32(table.value.get(IPVS_SVC_ATTR_FLAGS));
  if (scheduler === undefined || flags === undefined) return failure('bad-value', 'service');
  const seconds = readU32(table.value.get(IPVS_SVC_ATTR_TIMEOUT)) ?? 0;
  return ok({
    key,
    scheduler,
    persistenceSeconds: (flags & IP_VS_SVC_F_PERSISTENT) === 0 ? undefined : seconds,
    persistencePrefix: parseNetmask(key.family, table.value.get(IPVS_SVC_ATTR_NETMASK)),
    isOnePacket: (flags & IP_VS_SVC_F_ONEPACKET) !== 0,
    schedulerFlags: flags & SCHEDULER_FLAGS,
  });
}

/** One destination out of a dump; kernels before 3.18 leave its family to that of the service. */
export function parseIpvsDestination(
  payload: Uint8Array,
  serviceFamily: AddressFamily,
): Result<ObservedDestination, NetlinkCode> {
  const table = takeNested(payload, IPVS_CMD_ATTR_DEST);
  if (!table.ok) return table;
  const number = (attribute: number): number => readU32(table.value.get(attribute)) ?? 0;
  const named = readU16(table.value.get(IPVS_DEST_ATTR_ADDR_FAMILY));
  const family = named === undefined ? serviceFamily : parseFamily(named);
  if (family === undefined) return failure('bad-value', `family ${named}`);
  const address = parseUnion(table.value.get(IPVS_DEST_ATTR_ADDR), family);
  const port = readU16be(table.value.get(IPVS_DEST_ATTR_PORT));
  const method = number(IPVS_DEST_ATTR_FWD_METHOD) & IP_VS_CONN_F_FWD_MASK;
  const forwarding = FORWARDINGS[method];
  if (address === undefined || port === undefined || forwarding === undefined) {
    return failure('bad-value', 'destination');
  }
  return ok({
    family,
    address,
    port,
    forwarding,
    weight: number(IPVS_DEST_ATTR_WEIGHT),
    upperThreshold: number(IPVS_DEST_ATTR_U_THRESH),
    lowerThreshold: number(IPVS_DEST_ATTR_L_THRESH),
    activeConnections: number(IPVS_DEST_ATTR_ACTIVE_CONNS),
    inactiveConnections: number(IPVS_DEST_ATTR_INACT_CONNS),
    persistentConnections: number(IPVS_DEST_ATTR_PERSIST_CONNS),
  });
}
