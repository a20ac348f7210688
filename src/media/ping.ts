// The media `ping`, `ping6` and `ping_group`: one pseudo node, asked by ICMP echo on raw sockets
// (ha.cf(5) ping). What is asked and what counts as an answer is the engine's to say: the request
// carries the engine's bytes, and the bytes of a reply go back to it.

import { randomInt } from 'node:crypto';
import type { HaPing } from '../config/ha-media.js';
import { EAGAIN, EINTR, errnoName } from '../kernel/errno.js';
import {
  inet6Address,
  inetAddress,
  int32,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from '../kernel/socket-address.js';
import { openSys, type PollHandle, type Sys } from '../kernel/sys.js';
import { emitEchoRequest, parseEchoReply } from '../wire/icmp-echo.js';
import { parseIpv6 } from '../wire/ip-address.js';
import { type HostAddress, hostAddress } from './host-address.js';
import type { Medium, MediumListener } from './medium.js';
import { createTally, type MediumTally, type MediumTools, REOPEN_MS } from './medium-tools.js';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMP6_FILTER = 1;
const ICMP6_ECHO_REPLY = 129;
/** A reply is some 330 bytes; what is longer is cut and then not ours. */
const PACKET_BYTES_MAX = 2048;
/** Packets read in one go, so that a flood cannot hold the beat. */
const PACKETS_AT_ONCE_MAX = 32;
const SEQUENCE_MAX = 0xffff;

type Family = 4 | 6;

interface PingHost {
  readonly host: string;
  readonly family: Family;
  readonly address: HostAddress;
}

interface RawSocket {
  readonly fd: number;
  readonly poll: PollHandle;
}

interface PingState {
  readonly hosts: readonly PingHost[];
  readonly listener: MediumListener;
  readonly tools: MediumTools;
  readonly tally: MediumTally;
  /** One for each family of the hosts; empty while the medium is down. */
  readonly sockets: Map<Family, RawSocket>;
  /** One for as long as the medium lives, and counted from 1, as 3.0.6 does (recorded). */
  readonly identifier: number;
  readonly packet: Uint8Array;
  sequence: number;
  isClosed: boolean;
  reopenTimer: NodeJS.Timeout | undefined;
}

function familyOf(setting: HaPing, host: string): Family {
  if (setting.kind === 'ping_group') return parseIpv6(host) === undefined ? 4 : 6;
  return setting.kind === 'ping' ? 4 : 6;
}

export function openPing(setting: HaPing, listener: MediumListener, tools: MediumTools): Medium {
  const state: PingState = {
    hosts: setting.hosts.map((host) => {
      const family = familyOf(setting, host);
      return { host, family, address: hostAddress(host, family, tools) };
    }),
    listener,
    tools,
    tally: createTally(listener),
    sockets: new Map(),
    identifier: randomInt(SEQUENCE_MAX + 1),
    packet: new Uint8Array(PACKET_BYTES_MAX),
    sequence: 0,
    isClosed: false,
    reopenTimer: undefined,
  };
  attempt(state);
  return {
    name: setting.name,
    kind: setting.kind,
    send: (message) => ask(state, message.datagram),
    counters: () => state.tally.counters(),
    close: () => {
      if (state.isClosed) return;
      state.isClosed = true;
      state.tally.close();
      clearTimeout(state.reopenTimer);
      for (const { address } of state.hosts) address.close();
      shut(state);
    },
  };
}

const sysOf = (state: PingState): Sys | undefined => {
  if (state.tools.sys !== undefined) return state.tools.sys;
  const opened = openSys();
  return opened.ok ? opened.value : undefined;
};

function attempt(state: PingState): void {
  if (state.isClosed) return;
  const opened = openSys();
  const sys = sysOf(state);
  if (sys === undefined) {
    fail(state, 'unsupported', opened.ok ? '' : opened.detail);
    return;
  }
  for (const family of new Set(state.hosts.map((host) => host.family))) {
    const fd = openRaw(sys, family);
    if (fd < 0) {
      fail(state, errnoName(-fd), `ping needs a raw socket: ${errnoName(-fd)}`);
      return;
    }
    const poll = sys.poll(fd, () => read(state, sys, family, fd));
    state.sockets.set(family, { fd, poll });
  }
  for (const { address } of state.hosts) address.ask();
  state.tally.up();
}

/** Not connected: a connected socket keeps the source address that it had at first for ever. */
function openRaw(sys: Sys, family: Family): number {
  const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (family === 4) {
    const fd = sys.socket(AF_INET, type, IPPROTO_ICMP);
    // All but echo replies (type 0) stay in the kernel; without the filter they are passed over.
    if (fd >= 0) sys.setsockopt(fd, SOL_RAW, ICMP_FILTER, int32(~1));
    return fd;
  }
  const fd = sys.socket(AF_INET6, type, IPPROTO_ICMPV6);
  const blocked = new Uint32Array(8).fill(0xffff_ffff);
  const word = ICMP6_ECHO_REPLY >> 5;
  blocked[word] = (blocked[word] ?? 0) & ~(1 << (ICMP6_ECHO_REPLY & 31));
  const filter = new Uint8Array(blocked.buffer);
  if (fd >= 0) sys.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter);
  return fd;
}

function ask(state: PingState, payload: Uint8Array): void {
  const { tally, sockets, hosts } = state;
  const sys = sysOf(state);
  if (sys === undefined || sockets.size === 0) {
    tally.dropped();
    return;
  }
  state.sequence = (state.sequence % SEQUENCE_MAX) + 1;
  const { identifier, sequence } = state;
  let isSent = false;
  let refusal = { code: 'no-address', reason: `the address of ${hosts[0]?.host} is not known` };
  for (const { host, family, address } of hosts) {
    const to = address.current();
    const socket = sockets.get(family);
    if (to === undefined || socket === undefined) continue;
    const bytes = emitEchoRequest(family, { identifier, sequence }, payload);
    const place = family === 4 ? inetAddress(to, 0) : inet6Address(to, 0, 0);
    const sent = sys.sendto(socket.fd, bytes, MSG_DONTWAIT, place);
    if (sent >= 0) isSent = true;
    else refusal = { code: errnoName(-sent), reason: `asking ${host}: ${errnoName(-sent)}` };
  }
  if (isSent) tally.sent();
  else tally.sendFailed(refusal.code, refusal.reason);
}

function read(state: PingState, sys: Sys, family: Family, fd: number): void {
  const { packet, identifier, tally, listener } = state;
  for (let count = 0; count < PACKETS_AT_ONCE_MAX; count++) {
    const length = sys.recv(fd, packet, MSG_DONTWAIT);
    if (length === -EAGAIN || length === -EINTR) return;
    if (length < 0) {
      // Such as ENETDOWN: told once, and the kernel clears it with the telling.
      tally.error(errnoName(-length));
      return;
    }
    const reply = parseEchoReply(family, packet.subarray(0, length));
    if (reply === undefined || reply.identifier !== identifier) continue;
    tally.received();
    listener.onBytes(reply.payload.slice());
  }
}

function fail(state: PingState, code: string, reason: string): void {
  state.tally.error(code);
  shut(state);
  state.tally.down(reason);
  if (state.isClosed || state.reopenTimer !== undefined) return;
  state.reopenTimer = setTimeout(() => {
    state.reopenTimer = undefined;
    attempt(state);
  }, state.tools.reopenMs ?? REOPEN_MS);
}

function shut(state: PingState): void {
  const sys = sysOf(state);
  for (const { fd, poll } of state.sockets.values()) {
    poll.close();
    sys?.close(fd);
  }
  state.sockets.clear();
}
