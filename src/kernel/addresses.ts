// Addresses of this machine's interfaces by rtnetlink: add, remove, list. Knows nothing of what
// the addresses are for. Everything here is synchronous and takes some 20 µs an address.

import { writeFileSync } from 'node:fs';
import { failure, ok, type Result } from '../base/result.js';
import { parseIp, samePrefix } from '../wire/ip-address.js';
import { type NetlinkAnswer, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../wire/netlink.js';
import {
  emitAddress,
  emitAddressDump,
  emitLinkRequest,
  emitRouteRequest,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  parseAddress,
  parseLink,
  parseRoute,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETROUTE,
  RTM_NEWADDR,
  type RtAddress,
  unlimitedSeconds,
} from '../wire/rtnetlink.js';
import { EADDRNOTAVAIL, EEXIST, type KernelCode, kernelFailure } from './errno.js';
import {
  NETLINK_ROUTE,
  type NetlinkRequest,
  type NetlinkSocket,
  openNetlinkSocket,
} from './netlink-socket.js';
import { type FoundInterface, findInterface } from './routes.js';
import { openSys, type Sys } from './sys.js';

const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_HOST = 254;

/** One address of one interface as the kernel has it, or as it should be. */
export interface InterfaceAddress {
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly address: string;
  readonly prefixLength: number;
  readonly interfaceName: string;
  /** Such as `eth0:0`; IPv4 only, at most 15 characters. */
  readonly label?: string;
  /** IPv4 only. The kernel sets none by itself. */
  readonly broadcast?: string;
}

export interface Interface {
  readonly name: string;
  readonly index: number;
  /** Lower-case hex with colons; empty for interfaces without one (lo, tunnels). */
  readonly mac: string;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
}

export type AddOutcome = Result<'added' | 'present', KernelCode>;
export type RemoveOutcome = Result<'removed' | 'absent', KernelCode>;

export type RenewOutcome = Result<'renewed' | 'absent', KernelCode>;

export interface AddressTable {
  /**
   * Afterwards the interface has the address: `present` when it had it before, whatever its label.
   * IPv6 is added without duplicate address detection, else it could not be used for 1 to 2 s,
   * and without a route of its own where the interface has an address of that prefix.
   */
  add(address: InterfaceAddress): AddOutcome;
  /** Afterwards the interface does not have the address with this prefix length. */
  remove(address: InterfaceAddress): RemoveOutcome;
  /** `add` for many in few system calls; one outcome each, in order. */
  addMany(addresses: readonly InterfaceAddress[]): readonly AddOutcome[];
  removeMany(addresses: readonly InterfaceAddress[]): readonly RemoveOutcome[];
  /**
   * Gives addresses that are there the table's lease anew, or takes their end away when it has
   * none; flags and routes stay as they are. One outcome each, in order.
   */
  renewMany(addresses: readonly InterfaceAddress[]): readonly RenewOutcome[];
  list(): Result<readonly InterfaceAddress[], KernelCode>;
  /**
   * The interface on whose segment an address lies that is not there yet, and the prefix of that
   * segment; undefined when the configuration has to name one. Takes some 20 µs.
   */
  placeOf(address: string): FoundInterface | undefined;
  interfaces(): Result<readonly Interface[], KernelCode>;
  close(): void;
}

/**
 * With `leaseSeconds` the kernel removes what is added so long after the last renewal. Fails with
 * `unsupported` where koffi is missing. Needs CAP_NET_ADMIN to change anything.
 */
export function openAddressTable(
  given?: Sys,
  leaseSeconds?: number,
): Result<AddressTable, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const socket = openNetlinkSocket(NETLINK_ROUTE, sys.value);
  if (!socket.ok) return socket;
  return ok(makeTable(sys.value, socket.value, leaseSeconds));
}

function makeTable(
  sys: Sys,
  socket: NetlinkSocket,
  leaseSeconds: number | undefined,
): AddressTable {
  const promoted = new Set<string>();
  const addMany = (addresses: readonly InterfaceAddress[]): readonly AddOutcome[] => {
    // The address's prefix is looked for in what there is now, so IPv6 costs one dump.
    const present = addresses.some(({ family }) => family === 6) ? list(socket) : ok([]);
    const known = present.ok ? present.value : [];
    for (const { interfaceName } of addresses) promoteSecondaries(interfaceName, promoted);
    const flags = NLM_F_CREATE | NLM_F_EXCL;
    const lease = leaseSeconds === undefined ? {} : { validSeconds: leaseSeconds };
    return change(sys, socket, RTM_NEWADDR, flags, addresses, known, lease).map((outcome, at) => {
      if (!outcome.ok) return outcome;
      if (outcome.value.errno === 0) return ok('added');
      if (outcome.value.errno === EEXIST) return ok('present');
      return refusal('adding', addresses[at], outcome.value);
    });
  };
  const removeMany = (addresses: readonly InterfaceAddress[]): readonly RemoveOutcome[] =>
    change(sys, socket, RTM_DELADDR, 0, addresses.map(withoutLabel), []).map((outcome, at) => {
      // An interface that is gone has no addresses.
      if (!outcome.ok) return outcome.code === 'no-interface' ? ok('absent') : outcome;
      if (outcome.value.errno === 0) return ok('removed');
      if (outcome.value.errno === EADDRNOTAVAIL) return ok('absent');
      return refusal('removing', addresses[at], outcome.value);
    });
  return {
    add: (address) => addMany([address])[0] ?? failure('refused', 'no answer'),
    remove: (address) => removeMany([address])[0] ?? failure('refused', 'no answer'),
    addMany,
    removeMany,
    renewMany: (addresses) => renewMany(sys, socket, leaseSeconds, addresses),
    list: () => list(socket),
    placeOf: (address) => routedPlace(socket, address) ?? listedPlace(socket, address),
    interfaces: () => interfaces(socket),
    close: () => socket.close(),
  };
}

/** The kernel would compare the label as well, but the address is to go whatever its label is. */
function withoutLabel(address: InterfaceAddress): InterfaceAddress {
  const { family, prefixLength, interfaceName } = address;
  return { family, prefixLength, interfaceName, address: address.address };
}

/**
 * Without this setting the kernel takes every other address of a subnet away with its first one:
 * giving up one VIP would drop all. In a read-only /proc the administrator's setting stays.
 */
function promoteSecondaries(interfaceName: string, done: Set<string>): void {
  if (done.has(interfaceName) || !/^[^/\s]{1,15}$/.test(interfaceName)) return;
  done.add(interfaceName);
  try {
    writeFileSync(`/proc/sys/net/ipv4/conf/${interfaceName}/promote_secondaries`, '1');
  } catch {
    // Nothing is lost but the protection; adding the address says what is really wrong.
  }
}

/** Sends what can be sent, and puts the answers and the own refusals back in order. */
function change(
  sys: Sys,
  socket: NetlinkSocket,
  type: number,
  flags: number,
  addresses: readonly InterfaceAddress[],
  known: readonly InterfaceAddress[],
  lease: Pick<RtAddress, 'validSeconds'> = {},
): readonly Result<NetlinkAnswer, KernelCode>[] {
  const indexes = new Map<string, number>();
  const requests: NetlinkRequest[] = [];
  const slots = addresses.map((address): number | Result<never, KernelCode> => {
    const name = address.interfaceName;
    const index = indexes.get(name) ?? sys.ifNameToIndex(name);
    indexes.set(name, index);
    if (index < 0) return failure('no-interface', `${name}: no such interface`);
    const payload = emitAddress({ ...toRtAddress(address, index, known), ...lease });
    if (!payload.ok) return failure('refused', payload.detail);
    return requests.push({ type, flags, payload: payload.value }) - 1;
  });
  const answers = socket.requestAll(requests);
  return slots.map((slot) => {
    if (typeof slot !== 'number') return slot;
    if (!answers.ok) return answers;
    const answer = answers.value[slot];
    return answer === undefined ? failure('refused', 'no answer') : ok(answer);
  });
}

function toRtAddress(
  address: InterfaceAddress,
  interfaceIndex: number,
  known: readonly InterfaceAddress[],
): RtAddress {
  const { family, prefixLength, label, broadcast } = address;
  const isLoopback = family === 4 ? address.address.startsWith('127.') : address.address === '::1';
  const noRoute = known.some((other) => isSameSubnet(address, other)) ? IFA_F_NOPREFIXROUTE : 0;
  return {
    family,
    prefixLength,
    flags: family === 6 ? IFA_F_NODAD | noRoute : 0,
    scope: isLoopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
    interfaceIndex,
    address: address.address,
    ...(label === undefined || family === 6 ? {} : { label }),
    ...(broadcast === undefined || family === 6 ? {} : { broadcast }),
  };
}

/** Whether `other` gives its interface the same directly connected prefix as `address` would. */
function isSameSubnet(address: InterfaceAddress, other: InterfaceAddress): boolean {
  if (other.interfaceName !== address.interfaceName || other.address === address.address) {
    return false;
  }
  if (other.prefixLength !== address.prefixLength) return false;
  const a = parseIp(address.address);
  const b = parseIp(other.address);
  return a !== undefined && b !== undefined && samePrefix(a, b, address.prefixLength);
}

function refusal(
  verb: string,
  address: InterfaceAddress | undefined,
  answer: NetlinkAnswer,
): Result<never, KernelCode> {
  const what = `${address?.address}/${address?.prefixLength} on ${address?.interfaceName}`;
  return kernelFailure(answer.errno, `${verb} ${what}`, answer.text);
}

/** As the kernel has it and no other way: another flag would change routes. */
function renewMany(
  sys: Sys,
  socket: NetlinkSocket,
  leaseSeconds: number | undefined,
  addresses: readonly InterfaceAddress[],
): readonly RenewOutcome[] {
  const messages = socket.dump(RTM_GETADDR, emitAddressDump());
  if (!messages.ok) return addresses.map(() => messages);
  const present = new Map<string, RtAddress>();
  for (const message of messages.value) {
    const parsed = parseAddress(message.payload);
    if (!parsed.ok) continue;
    const { address, prefixLength, interfaceIndex } = parsed.value;
    present.set(`${address}/${prefixLength} ${interfaceIndex}`, parsed.value);
  }
  const indexes = new Map<string, number>();
  const requests: NetlinkRequest[] = [];
  const slots = addresses.map(({ address, prefixLength, interfaceName }) => {
    const index = indexes.get(interfaceName) ?? sys.ifNameToIndex(interfaceName);
    indexes.set(interfaceName, index);
    const found = present.get(`${address}/${prefixLength} ${index}`);
    const validSeconds = leaseSeconds ?? unlimitedSeconds;
    const payload = found === undefined ? undefined : emitAddress({ ...found, validSeconds });
    if (payload?.ok !== true) return undefined;
    return requests.push({ type: RTM_NEWADDR, flags: NLM_F_REPLACE, payload: payload.value }) - 1;
  });
  const answers = socket.requestAll(requests);
  return slots.map((slot, at): RenewOutcome => {
    if (slot === undefined) return ok('absent');
    const answer = answers.ok ? answers.value[slot] : undefined;
    if (answer?.errno === 0) return ok('renewed');
    return answers.ok
      ? refusal('renewing', addresses[at], answer ?? { errno: 0, text: 'no answer' })
      : answers;
  });
}

/** By the routing table, which is one question whatever the number of addresses. */
function routedPlace(socket: NetlinkSocket, address: string): FoundInterface | undefined {
  const question = emitRouteRequest(address);
  const answer = question.ok ? socket.ask(RTM_GETROUTE, question.value) : question;
  const message = answer.ok ? answer.value[0] : undefined;
  const route = message === undefined ? undefined : parseRoute(message.payload);
  if (route?.ok !== true || !route.value.isDirect || route.value.prefixLength === 0)
    return undefined;
  const links = socket.ask(RTM_GETLINK, emitLinkRequest(route.value.interfaceIndex));
  const found = links.ok ? links.value[0] : undefined;
  const link = found === undefined ? undefined : parseLink(found.payload);
  if (link?.ok !== true || link.value.name === 'lo') return undefined;
  return { interfaceName: link.value.name, prefixLength: route.value.prefixLength };
}

/** By the addresses: an interface that is down has no routes. */
function listedPlace(socket: NetlinkSocket, address: string): FoundInterface | undefined {
  const present = list(socket);
  return present.ok ? findInterface(address, present.value) : undefined;
}

function interfaces(socket: NetlinkSocket): Result<readonly Interface[], KernelCode> {
  const messages = socket.dump(RTM_GETLINK, emitLinkRequest(0));
  if (!messages.ok) return messages;
  const found: Interface[] = [];
  for (const message of messages.value) {
    const link = parseLink(message.payload);
    if (!link.ok) continue;
    const { name, index, mac, isUp, hasCarrier } = link.value;
    found.push({ name, index, mac, isUp, hasCarrier });
  }
  return ok(found);
}

function list(socket: NetlinkSocket): Result<readonly InterfaceAddress[], KernelCode> {
  const links = interfaces(socket);
  if (!links.ok) return links;
  const names = new Map(links.value.map((link) => [link.index, link.name]));
  const messages = socket.dump(RTM_GETADDR, emitAddressDump());
  if (!messages.ok) return messages;
  const found: InterfaceAddress[] = [];
  for (const message of messages.value) {
    const parsed = parseAddress(message.payload);
    // Families without an interface address of this form (AF_MCTP) are passed over.
    if (!parsed.ok) continue;
    const { family, address, prefixLength, label, broadcast, interfaceIndex } = parsed.value;
    const interfaceName = names.get(interfaceIndex);
    if (interfaceName === undefined) continue;
    found.push({
      family,
      address,
      prefixLength,
      interfaceName,
      ...(label === undefined ? {} : { label }),
      ...(broadcast === undefined ? {} : { broadcast }),
    });
  }
  return ok(found);
}
