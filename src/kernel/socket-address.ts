// Socket addresses as the bytes that bind(2) and sendto(2) take, and the interface facts that
// ioctl(2) gives on any socket (netdevice(7)).

import { failure, ok, type Result } from '../base/result.js';
import { formatIp, parseIpv4, parseIpv6 } from '../wire/ip-address.js';
import { hostIsLittleEndian } from '../wire/netlink.js';
import { formatMac } from '../wire/rtnetlink.js';
import { ENODEV, type KernelCode, kernelFailure } from './errno.js';
import type { Sys } from './sys.js';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const ARPHRD_ETHER = 1;

export const SOL_SOCKET = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

const SIOCGIFBRDADDR = 0x8919;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const IFREQ_BYTES = 40;
const IFNAME_BYTES_MAX = 15;

export function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function socketAddress(length: number, family: number): [Uint8Array, DataView] {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, hostIsLittleEndian);
  return [bytes, view];
}

/** `address` is IPv4 text that was checked before. */
export function inetAddress(address: string, port: number): Uint8Array {
  const [bytes, view] = socketAddress(16, AF_INET);
  view.setUint16(2, port);
  bytes.set(parseIpv4(address) ?? new Uint8Array(4), 4);
  return bytes;
}

export function inet6Address(address: string, port: number, scopeId: number): Uint8Array {
  const [bytes, view] = socketAddress(28, AF_INET6);
  view.setUint16(2, port);
  bytes.set(parseIpv6(address) ?? new Uint8Array(16), 8);
  view.setUint32(24, scopeId, hostIsLittleEndian);
  return bytes;
}

/** `groups` is the mask of the old groups, RTMGRP_*. */
export function netlinkAddress(groups: number): Uint8Array {
  const [bytes, view] = socketAddress(12, AF_NETLINK);
  view.setUint32(8, groups, hostIsLittleEndian);
  return bytes;
}

/** For sending, `mac` is the destination; for binding it is left out. */
export function packetAddress(protocol: number, index: number, mac?: Uint8Array): Uint8Array {
  const [bytes, view] = socketAddress(20, AF_PACKET);
  view.setUint16(2, protocol);
  view.setInt32(4, index, hostIsLittleEndian);
  view.setUint16(8, ARPHRD_ETHER, hostIsLittleEndian);
  bytes[11] = mac?.length ?? 0;
  bytes.set(mac ?? new Uint8Array(0), 12);
  return bytes;
}

/** A path, or a name of the abstract space when it begins with `@` (unix(7)); at most 107 bytes. */
export function unixAddress(path: string): Uint8Array | undefined {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > 107) return undefined;
  const isAbstract = path.startsWith('@');
  const [bytes] = socketAddress(2 + name.length + (isAbstract ? 0 : 1), AF_UNIX);
  bytes.set(name, 2);
  // The length ends an abstract name, which begins with a NUL; a NUL ends a path.
  if (isAbstract) bytes[2] = 0;
  return bytes;
}

function askInterface(
  sys: Sys,
  fd: number,
  request: number,
  name: string,
): Result<DataView, KernelCode> {
  const encoded = new TextEncoder().encode(name);
  if (encoded.length > IFNAME_BYTES_MAX) return kernelFailure(ENODEV, name);
  const bytes = new Uint8Array(IFREQ_BYTES);
  bytes.set(encoded);
  const result = sys.ioctl(fd, request, bytes);
  if (result < 0) return kernelFailure(-result, `interface ${name}`);
  // The answer is the union behind the 16 bytes of the name.
  return ok(new DataView(bytes.buffer, 16));
}

export function interfaceIndex(sys: Sys, fd: number, name: string): Result<number, KernelCode> {
  const answer = askInterface(sys, fd, SIOCGIFINDEX, name);
  return answer.ok ? ok(answer.value.getInt32(0, hostIsLittleEndian)) : answer;
}

/** `unsupported` for interfaces without an Ethernet address (lo, tunnels). */
export function interfaceMac(sys: Sys, fd: number, name: string): Result<string, KernelCode> {
  const answer = askInterface(sys, fd, SIOCGIFHWADDR, name);
  if (!answer.ok) return answer;
  const { value } = answer;
  const mac = new Uint8Array(value.buffer.slice(value.byteOffset + 2, value.byteOffset + 8));
  if (value.getUint16(0, hostIsLittleEndian) !== ARPHRD_ETHER) {
    return failure('unsupported', `${name} has no Ethernet address`);
  }
  return ok(formatMac(mac));
}

/** The broadcast address of the interface's first IPv4 address; undefined without one. */
export function interfaceBroadcast(sys: Sys, fd: number, name: string): string | undefined {
  const answer = askInterface(sys, fd, SIOCGIFBRDADDR, name);
  if (!answer.ok) return undefined;
  const { value } = answer;
  const address = new Uint8Array(value.buffer.slice(value.byteOffset + 4, value.byteOffset + 8));
  return address.every((byte) => byte === 0) ? undefined : formatIp(address);
}
