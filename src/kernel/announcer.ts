// Announces addresses on their networks: gratuitous ARP in both forms for IPv4, an unsolicited
// neighbour advertisement for IPv6. One call announces once; when and how often is decided
// elsewhere. The frames cost about 1 µs each, so nothing is kept between calls.

import { readFileSync } from 'node:fs';
import { failure, ok, type Result } from '../base/result.js';
import {
  arpAnnouncement,
  BROADCAST_MAC,
  ETH_P_ARP,
  emitArp,
  readdressAnnouncement,
} from '../wire/arp.js';
import { emitAdvertisement } from '../wire/icmp6.js';
import { parseIpv4 } from '../wire/ip-address.js';
import { parseMac } from '../wire/rtnetlink.js';
import type { InterfaceAddress } from './addresses.js';
import { type KernelCode, kernelFailure } from './errno.js';
import {
  inet6Address,
  int32,
  interfaceIndex,
  interfaceMac,
  MSG_DONTWAIT,
  packetAddress,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from './socket-address.js';
import { openSys, type Sys } from './sys.js';

const AF_INET6 = 10;
const AF_PACKET = 17;
const IPPROTO_ICMPV6 = 58;
const SOL_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
/** A receiver discards an advertisement that came over a router (RFC 4861 section 7.1.2). */
const HOPS = 255;
const ALL_NODES = 'ff02::1';

export interface Announcer {
  /** `unsupported` for interfaces without an Ethernet address, which need no announcement. */
  announce(address: InterfaceAddress): Result<void, KernelCode>;
  /** The same for many: each interface is looked up once. One outcome each, in order. */
  announceMany(addresses: readonly InterfaceAddress[]): readonly Result<void, KernelCode>[];
  close(): void;
}

interface Link {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
  /** Where ARP frames go: to everybody on this interface. */
  readonly everybody: Uint8Array;
  /** An announcement in request form and one in reply form; the address is filled in. */
  readonly frames: readonly Uint8Array[];
}

interface Sockets {
  readonly packet: number;
  /** Negative where the kernel has no IPv6: minus the error number. */
  readonly icmp6: number;
}

/** Needs CAP_NET_RAW. A kernel without IPv6 announces IPv4 alone. */
export function openAnnouncer(given?: Sys): Result<Announcer, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  // Protocol 0: the socket sends and receives nothing, so its queue stays empty.
  const packet = sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (packet < 0) return kernelFailure(-packet, 'opening a packet socket');
  const flags = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const icmp6 = sys.socket(AF_INET6, flags, IPPROTO_ICMPV6);
  if (icmp6 >= 0) {
    sys.setsockopt(icmp6, SOL_IPV6, IPV6_MULTICAST_HOPS, int32(HOPS));
    // ICMP6_FILTER with every bit set lets nothing in (linux/icmpv6.h).
    sys.setsockopt(icmp6, IPPROTO_ICMPV6, 1, new Uint8Array(32).fill(0xff));
  }
  return ok(makeAnnouncer(sys, { packet, icmp6 }));
}

function makeAnnouncer(sys: Sys, sockets: Sockets): Announcer {
  let isOpen = true;
  const announceMany = (
    addresses: readonly InterfaceAddress[],
  ): readonly Result<void, KernelCode>[] => {
    const links = new Map<string, Result<Link, KernelCode>>();
    return addresses.map((address) => {
      const name = address.interfaceName;
      const link = links.get(name) ?? lookUp(sys, sockets.packet, name);
      links.set(name, link);
      if (!link.ok) return link;
      return address.family === 4
        ? announceArp(sys, sockets.packet, link.value, address)
        : announceAdvertisement(sys, sockets.icmp6, link.value, address);
    });
  };
  return {
    announce: (address) => announceMany([address])[0] ?? ok(undefined),
    announceMany,
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      sys.close(sockets.packet);
      if (sockets.icmp6 >= 0) sys.close(sockets.icmp6);
    },
  };
}

function lookUp(sys: Sys, fd: number, name: string): Result<Link, KernelCode> {
  const index = interfaceIndex(sys, fd, name);
  if (!index.ok) return index;
  const mac = interfaceMac(sys, fd, name);
  if (!mac.ok) return mac;
  const frames: Uint8Array[] = [];
  for (const operation of ['request', 'reply'] as const) {
    const frame = emitArp(arpAnnouncement(operation, mac.value, '0.0.0.0'));
    if (!frame.ok) return failure('refused', frame.detail);
    frames.push(frame.value);
  }
  const everybody = packetAddress(ETH_P_ARP, index.value, parseMac(BROADCAST_MAC));
  return ok({ name, index: index.value, mac: mac.value, everybody, frames });
}

function isRouter(name: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${name}/forwarding`, 'latin1').trim() === '1';
  } catch {
    // No IPv6 in this kernel.
    return false;
  }
}

function announceArp(
  sys: Sys,
  fd: number,
  link: Link,
  address: InterfaceAddress,
): Result<void, KernelCode> {
  const bytes = parseIpv4(address.address);
  if (bytes === undefined) return failure('refused', `${address.address} is no IPv4 address`);
  for (const frame of link.frames) {
    readdressAnnouncement(frame, bytes);
    const sent = sys.sendto(fd, frame, MSG_DONTWAIT, link.everybody);
    if (sent < 0) return kernelFailure(-sent, `announcing ${address.address}`);
  }
  return ok(undefined);
}

function announceAdvertisement(
  sys: Sys,
  fd: number,
  link: Link,
  address: InterfaceAddress,
): Result<void, KernelCode> {
  if (fd < 0) return kernelFailure(-fd, 'opening a raw ICMPv6 socket');
  const bytes = emitAdvertisement({
    target: address.address,
    mac: link.mac,
    isRouter: isRouter(link.name),
    isSolicited: false,
    isOverride: true,
  });
  if (!bytes.ok) return failure('refused', bytes.detail);
  sys.setsockopt(fd, SOL_IPV6, IPV6_MULTICAST_IF, int32(link.index));
  const to = inet6Address(ALL_NODES, 0, link.index);
  const sent = sys.sendto(fd, bytes.value, MSG_DONTWAIT, to);
  return sent < 0 ? kernelFailure(-sent, `announcing ${address.address}`) : ok(undefined);
}
