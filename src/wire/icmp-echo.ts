// ICMP echo of IPv4 and IPv6 as a raw socket sends and receives it (RFC 792, RFC 4443 section 4).
// An IPv4 raw socket hands up the IP header too, an IPv6 one does not (raw(7), RFC 3542).

import type { AddressFamily } from './ipvs-table.js';

/** As much as the ping of ldirectord sends behind the header. */
const PAYLOAD_BYTES = 56;
const HEADER_BYTES = 8;

export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
}

export interface EchoReply extends Echo {
  /** What the request carried; a part of `packet`, not a copy. */
  readonly payload: Uint8Array;
}

const COUNTING_BYTES: Uint8Array = Uint8Array.from(
  { length: PAYLOAD_BYTES },
  (_, at) => at + HEADER_BYTES,
);

export function emitEchoRequest(
  family: AddressFamily,
  echo: Echo,
  payload: Uint8Array = COUNTING_BYTES,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, family === 4 ? 8 : 128);
  view.setUint16(4, echo.identifier);
  view.setUint16(6, echo.sequence);
  bytes.set(payload, HEADER_BYTES);
  // The kernel fills in the checksum of ICMPv6, which covers addresses that it chooses.
  if (family === 4) view.setUint16(2, internetChecksum(bytes));
  return bytes;
}

/** Undefined for anything that is not an echo reply. */
export function parseEchoReply(family: AddressFamily, packet: Uint8Array): EchoReply | undefined {
  const header = family === 4 ? ((packet[0] ?? 0) & 15) * 4 : 0;
  if (family === 4 && header < 20) return undefined;
  if (packet.length < header + HEADER_BYTES) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset + header, HEADER_BYTES);
  if (view.getUint8(0) !== (family === 4 ? 0 : 129) || view.getUint8(1) !== 0) return undefined;
  const payload = packet.subarray(header + HEADER_BYTES);
  return { identifier: view.getUint16(4), sequence: view.getUint16(6), payload };
}

/** RFC 1071. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
