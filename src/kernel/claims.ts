// Hears which other machines say that they have certain addresses, and asks for it: ARP for IPv4,
// neighbour discovery for IPv6. The kernel filters: of a busy segment only what speaks of these
// addresses arrives here. It judges nothing; which hardware addresses are our own the caller knows.

import { ok, type Result } from '../base/result.js';
import { arpProbe, BROADCAST_MAC, ETH_P_ARP, emitArp, parseArp } from '../wire/arp.js';
import { emitSolicitation, parseAdvertisementFrame, solicitedNodeGroup } from '../wire/icmp6.js';
import { parseMac } from '../wire/rtnetlink.js';
import { advertisementFilter, arpSenderFilter } from '../wire/socket-filter.js';
import type { InterfaceAddress } from './addresses.js';
import { EINTR, type KernelCode, kernelFailure } from './errno.js';
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
import { openSys, type PollHandle, type Sys } from './sys.js';

const AF_INET6 = 10;
const AF_PACKET = 17;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_ICMPV6 = 58;
const SOL_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const ICMP6_FILTER = 1;
/** Advertisements and solicitations that came over a router are not taken (RFC 4861). */
const HOPS = 255;
const FRAME_BYTES_MAX = 256;
/** A storm of claims is read at no more than this: the rest overflows the socket's queue. */
const READS_PER_TURN_MAX = 64;
const STORM_PAUSE_MS = 100;

export interface ClaimWatch {
  /** Replaces what is listened for. Some 10 µs and as much again for each fifty addresses. */
  watch(addresses: readonly string[]): void;
  /** Asks the segment once who has the address, without claiming it. */
  ask(address: Pick<InterfaceAddress, 'family' | 'address' | 'interfaceName'>): void;
  close(): void;
}

export type OnClaim = (address: string, mac: string) => void;

interface Listener {
  readonly fd: number;
  readonly poll: PollHandle;
  /** A pause in a storm. */
  timer: NodeJS.Timeout | undefined;
}

interface Watch {
  readonly sys: Sys;
  readonly onClaim: OnClaim;
  readonly arp: Listener;
  /** Only while there is an address of IPv6: every packet of it passes the filter. */
  nd: Listener | undefined;
  /** For questions; negative where the kernel has no IPv6. */
  icmp6: number | undefined;
  watched: ReadonlySet<string>;
  isOpen: boolean;
}

/** Needs CAP_NET_RAW. Nothing is heard before the first `watch`. */
export function watchClaims(onClaim: OnClaim, given?: Sys): Result<ClaimWatch, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  // Frames come in the event loop, when the state is there.
  const arp = listen(sys, ETH_P_ARP, arpSenderFilter([]), (frame) => {
    const packet = parseArp(frame);
    if (packet.ok) tell(state, packet.value.senderAddress, packet.value.senderMac);
  });
  if (!arp.ok) return arp;
  const state: Watch = {
    sys,
    onClaim,
    arp: arp.value,
    nd: undefined,
    icmp6: undefined,
    watched: new Set(),
    isOpen: true,
  };
  return ok({
    watch: (addresses) => watch(state, addresses),
    ask: (address) => ask(state, address),
    close: () => close(state),
  });
}

function tell(state: Watch, address: string, mac: string): void {
  if (state.isOpen && state.watched.has(address)) state.onClaim(address, mac);
}

function listen(
  sys: Sys,
  protocol: number,
  filter: Uint8Array,
  onFrame: (frame: Uint8Array) => void,
): Result<Listener, KernelCode> {
  // Protocol 0 hears nothing: the filter is in its place before the socket is bound.
  const fd = sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return kernelFailure(-fd, 'opening a packet socket');
  const attached = sys.attachFilter(fd, filter);
  const bound = attached < 0 ? attached : sys.bind(fd, packetAddress(protocol, 0));
  if (bound < 0) {
    sys.close(fd);
    return kernelFailure(-bound, 'listening to the claims of others');
  }
  const buffer = new Uint8Array(FRAME_BYTES_MAX);
  const poll = sys.poll(fd, () => {
    for (let reads = 0; reads < READS_PER_TURN_MAX; reads++) {
      const length = sys.recv(fd, buffer, MSG_DONTWAIT);
      if (length === -EINTR) continue;
      if (length < 0) return;
      onFrame(buffer.slice(0, length));
    }
    poll.pause();
    listener.timer = setTimeout(() => poll.resume(), STORM_PAUSE_MS);
  });
  const listener: Listener = { fd, poll, timer: undefined };
  return ok(listener);
}

function endListener(sys: Sys, listener: Listener): void {
  clearTimeout(listener.timer);
  listener.poll.close();
  sys.close(listener.fd);
}

function watch(state: Watch, addresses: readonly string[]): void {
  if (!state.isOpen) return;
  const { sys } = state;
  state.watched = new Set(addresses);
  sys.attachFilter(state.arp.fd, arpSenderFilter(addresses));
  const hasIpv6 = addresses.some((address) => address.includes(':'));
  if (!hasIpv6) {
    if (state.nd !== undefined) endListener(sys, state.nd);
    state.nd = undefined;
    return;
  }
  const filter = advertisementFilter(addresses);
  if (state.nd !== undefined) {
    sys.attachFilter(state.nd.fd, filter);
    return;
  }
  const nd = listen(sys, ETH_P_IPV6, filter, (frame) => {
    const said = parseAdvertisementFrame(frame);
    if (said.ok) tell(state, said.value.target, said.value.mac);
  });
  // Without it claims of IPv6 are not heard, as in a kernel without IPv6.
  if (nd.ok) state.nd = nd.value;
}

function ask(
  state: Watch,
  wanted: Pick<InterfaceAddress, 'family' | 'address' | 'interfaceName'>,
): void {
  const { sys, arp } = state;
  const { address, interfaceName } = wanted;
  const index = interfaceIndex(sys, arp.fd, interfaceName);
  const mac = interfaceMac(sys, arp.fd, interfaceName);
  // An interface without hardware addresses has nobody to ask.
  if (!state.isOpen || !index.ok || !mac.ok) return;
  if (wanted.family === 6) {
    solicit(state, address, index.value, mac.value);
    return;
  }
  const frame = emitArp(arpProbe(mac.value, address));
  const to = packetAddress(ETH_P_ARP, index.value, parseMac(BROADCAST_MAC));
  if (frame.ok) sys.sendto(arp.fd, frame.value, MSG_DONTWAIT, to);
}

function solicit(state: Watch, address: string, index: number, mac: string): void {
  const { sys } = state;
  state.icmp6 ??= openIcmp6(sys);
  const bytes = emitSolicitation(address, mac);
  const group = solicitedNodeGroup(address);
  if (state.icmp6 < 0 || !bytes.ok || group === undefined) return;
  sys.setsockopt(state.icmp6, SOL_IPV6, IPV6_MULTICAST_IF, int32(index));
  sys.sendto(state.icmp6, bytes.value, MSG_DONTWAIT, inet6Address(group, 0, index));
}

function openIcmp6(sys: Sys): number {
  const fd = sys.socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
  if (fd < 0) return fd;
  sys.setsockopt(fd, SOL_IPV6, IPV6_MULTICAST_HOPS, int32(HOPS));
  // With every bit set nothing comes in (linux/icmpv6.h).
  sys.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, new Uint8Array(32).fill(0xff));
  return fd;
}

function close(state: Watch): void {
  if (!state.isOpen) return;
  state.isOpen = false;
  endListener(state.sys, state.arp);
  if (state.nd !== undefined) endListener(state.sys, state.nd);
  if (state.icmp6 !== undefined && state.icmp6 >= 0) state.sys.close(state.icmp6);
}
