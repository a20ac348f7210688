// ARP for IPv4 over Ethernet (RFC 826) as whole frames: announcements, probes and what others
// say. Knows nothing of sockets.

import { failure, ok, type Result } from '../base/result.js';
import { formatIp, parseIpv4 } from './ip-address.js';
import { formatMac, parseMac } from './rtnetlink.js';

export type ArpCode = 'truncated' | 'not-arp' | 'bad-value';

export const ARP_FRAME_BYTES = 42;
export const ETH_P_ARP = 0x0806;
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
const NO_MAC = '00:00:00:00:00:00';
const ARPHRD_ETHER = 1;
const ETH_P_IP = 0x0800;
const ARPOP_REQUEST = 1;
const ARPOP_REPLY = 2;

export interface ArpPacket {
  /** Of the Ethernet header. */
  readonly destinationMac: string;
  readonly sourceMac: string;
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
}

export function emitArp(packet: ArpPacket): Result<Uint8Array, ArpCode> {
  const macs = [packet.destinationMac, packet.sourceMac, packet.senderMac, packet.targetMac];
  const [destination, source, sender, target] = macs.map(parseMac);
  const senderAddress = parseIpv4(packet.senderAddress);
  const targetAddress = parseIpv4(packet.targetAddress);
  if (!destination || !source || !sender || !target || !senderAddress || !targetAddress) {
    return failure('bad-value', `${packet.senderMac} ${packet.senderAddress}`);
  }
  const frame = new Uint8Array(ARP_FRAME_BYTES);
  const view = new DataView(frame.buffer);
  frame.set(destination, 0);
  frame.set(source, 6);
  view.setUint16(12, ETH_P_ARP);
  view.setUint16(14, ARPHRD_ETHER);
  view.setUint16(16, ETH_P_IP);
  view.setUint8(18, 6);
  view.setUint8(19, 4);
  view.setUint16(20, packet.operation === 'request' ? ARPOP_REQUEST : ARPOP_REPLY);
  frame.set(sender, 22);
  frame.set(senderAddress, 28);
  frame.set(target, 32);
  frame.set(targetAddress, 38);
  return ok(frame);
}

/** Reads a frame; what follows the 42 bytes (padding to the Ethernet minimum) is ignored. */
export function parseArp(frame: Uint8Array): Result<ArpPacket, ArpCode> {
  if (frame.length < ARP_FRAME_BYTES) return failure('truncated', `${frame.length} bytes`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const isIpv4Arp =
    view.getUint16(12) === ETH_P_ARP &&
    view.getUint16(14) === ARPHRD_ETHER &&
    view.getUint16(16) === ETH_P_IP &&
    view.getUint16(18) === 0x0604;
  if (!isIpv4Arp) return failure('not-arp');
  const operation = view.getUint16(20);
  if (operation !== ARPOP_REQUEST && operation !== ARPOP_REPLY) {
    return failure('bad-value', `operation ${operation}`);
  }
  const address = (at: number): string => formatIp(frame.subarray(at, at + 4)) ?? '';
  return ok({
    destinationMac: formatMac(frame.subarray(0, 6)),
    sourceMac: formatMac(frame.subarray(6, 12)),
    operation: operation === ARPOP_REQUEST ? 'request' : 'reply',
    senderMac: formatMac(frame.subarray(22, 28)),
    senderAddress: address(28),
    targetMac: formatMac(frame.subarray(32, 38)),
    targetAddress: address(38),
  });
}

/** Says that `address` is at `mac`. Some hosts learn from one form alone, some from the other. */
export function arpAnnouncement(
  operation: 'request' | 'reply',
  mac: string,
  address: string,
): ArpPacket {
  return {
    destinationMac: BROADCAST_MAC,
    sourceMac: mac,
    operation,
    senderMac: mac,
    senderAddress: address,
    targetMac: operation === 'request' ? NO_MAC : mac,
    targetAddress: address,
  };
}

/** Puts another address into an emitted announcement, which is cheaper than emitting it anew. */
export function readdressAnnouncement(frame: Uint8Array, address: Uint8Array): void {
  frame.set(address, 28);
  frame.set(address, 38);
}

/** Asks who has `address` without claiming any (RFC 5227 section 2.1.1). */
export function arpProbe(mac: string, address: string): ArpPacket {
  return {
    destinationMac: BROADCAST_MAC,
    sourceMac: mac,
    operation: 'request',
    senderMac: mac,
    senderAddress: '0.0.0.0',
    targetMac: NO_MAC,
    targetAddress: address,
  };
}

/** Whether the packet shows that a machine other than `ownMac` has or probes for `address`. */
export function isArpConflict(packet: ArpPacket, ownMac: string, address: string): boolean {
  if (packet.senderMac === ownMac) return false;
  if (packet.senderAddress === address) return true;
  // RFC 5227 section 2.1.1: a probe of another host for the same address.
  return (
    packet.operation === 'request' &&
    packet.senderAddress === '0.0.0.0' &&
    packet.targetAddress === address
  );
}
