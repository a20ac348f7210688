// Asks the segment who has an IPv4 address before it is taken: ARP probes of RFC 5227, with a
// count and a spacing of the caller, because the RFC's seconds are too long for a takeover.

import { failure, ok, type Result } from '../base/result.js';
import {
  arpProbe,
  BROADCAST_MAC,
  ETH_P_ARP,
  emitArp,
  isArpConflict,
  parseArp,
} from '../wire/arp.js';
import { parseMac } from '../wire/rtnetlink.js';
import { type KernelCode, kernelFailure } from './errno.js';
import {
  interfaceIndex,
  interfaceMac,
  MSG_DONTWAIT,
  packetAddress,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from './socket-address.js';
import { openSys, type Sys } from './sys.js';

const AF_PACKET = 17;
const FRAME_BYTES_MAX = 128;

export interface ProbeSettings {
  readonly address: string;
  readonly interfaceName: string;
  readonly count: number;
  readonly spacingMs: number;
}

/**
 * The hardware address of another machine that has the address or wants it too; undefined when
 * nobody answered until `spacingMs` after the last of `count` probes. Needs CAP_NET_RAW.
 */
export async function probeAddress(
  settings: ProbeSettings,
  given?: Sys,
): Promise<Result<string | undefined, KernelCode>> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const fd = sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return kernelFailure(-fd, 'opening a packet socket');
  const result = await probe(sys, fd, settings);
  sys.close(fd);
  return result;
}

/**
 * The hardware addresses of all other machines that answer for the address within the time of all
 * probes. Needs CAP_NET_RAW.
 */
export async function whoAnswers(
  settings: ProbeSettings,
  given?: Sys,
): Promise<Result<readonly string[], KernelCode>> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const fd = sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return kernelFailure(-fd, 'opening a packet socket');
  const macs = new Set<string>();
  const result = await probe(sys, fd, settings, (mac) => void macs.add(mac));
  sys.close(fd);
  return result.ok ? ok([...macs]) : result;
}

/** Ends with the first answer, unless somebody wants to hear them all. */
async function probe(
  sys: Sys,
  fd: number,
  settings: ProbeSettings,
  hear?: (mac: string) => void,
): Promise<Result<string | undefined, KernelCode>> {
  const { address, interfaceName } = settings;
  const index = interfaceIndex(sys, fd, interfaceName);
  if (!index.ok) return index;
  const mac = interfaceMac(sys, fd, interfaceName);
  if (!mac.ok) return mac;
  const frame = emitArp(arpProbe(mac.value, address));
  if (!frame.ok) return failure('refused', frame.detail);
  const bound = sys.bind(fd, packetAddress(ETH_P_ARP, index.value));
  if (bound < 0) return kernelFailure(-bound, `listening on ${interfaceName}`);
  const to = packetAddress(ETH_P_ARP, index.value, parseMac(BROADCAST_MAC));
  const buffer = new Uint8Array(FRAME_BYTES_MAX);
  return new Promise((resolve) => {
    let left = settings.count;
    let timer: NodeJS.Timeout | undefined;
    const end = (result: Result<string | undefined, KernelCode>): void => {
      clearTimeout(timer);
      poll.close();
      resolve(result);
    };
    const poll = sys.poll(fd, () => {
      for (;;) {
        const length = sys.recv(fd, buffer, MSG_DONTWAIT);
        if (length < 0) return;
        const packet = parseArp(buffer.slice(0, length));
        if (!packet.ok || !isArpConflict(packet.value, mac.value, address)) continue;
        if (hear === undefined) {
          end(ok(packet.value.senderMac));
          return;
        }
        hear(packet.value.senderMac);
      }
    });
    const next = (): void => {
      if (left-- <= 0) {
        end(ok(undefined));
        return;
      }
      const sent = sys.sendto(fd, frame.value, MSG_DONTWAIT, to);
      if (sent < 0) end(kernelFailure(-sent, `probing ${address}`));
      else timer = setTimeout(next, settings.spacingMs);
    };
    next();
  });
}
