// The part that the UDP media share: a socket that libc made and bound to one interface,
// read and written by node:dgram, closed and opened again when the interface went away. A socket
// that is bound to a device which was deleted gives ENODEV for ever, also when a device of that
// name comes back.

import { createSocket, type Socket } from 'node:dgram';
import type { Result } from '../base/result.js';
import { failure, ok } from '../base/result.js';
import type { KernelCode } from '../kernel/errno.js';
import { kernelFailure } from '../kernel/errno.js';
import {
  int32,
  interfaceIndex,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../kernel/socket-address.js';
import { openSys, type Sys } from '../kernel/sys.js';
import type { Medium, MediumListener } from './medium.js';
import {
  createTally,
  describeError,
  type MediumTally,
  type MediumTools,
  REOPEN_MS,
} from './medium-tools.js';

const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** libuv sends at once; what queues up behind an unwritable socket is too old to be of use. */
const QUEUED_SENDS_MAX = 16;

export interface UdpKind {
  readonly kind: 'bcast' | 'mcast' | 'mcast6' | 'ucast' | 'ucast6';
  readonly family: 4 | 6;
  readonly interfaceName: string;
  readonly port: number;
  /** Sets the options of this kind on a fresh socket and binds it. */
  prepare(sys: Sys, fd: number): Result<void, KernelCode>;
  /** Where messages go now; undefined when that is not known (yet). */
  destination(sys: Sys, fd: number): string | undefined;
  /** Called at every opening, for what takes time, such as asking for a name. */
  readonly onOpen?: () => void;
}

/** Checks the return value of a libc call. */
export function expectZero(result: number, tried: string): Result<void, KernelCode> {
  return result < 0 ? kernelFailure(-result, tried) : ok(undefined);
}

interface OpenSocket {
  readonly socket: Socket;
  readonly fd: number;
  /** Of the interface that it is bound to. */
  readonly index: number;
}

/** One UDP medium; `open` is the socket in use, and the only one that counts. */
interface UdpState {
  readonly kind: UdpKind;
  readonly listener: MediumListener;
  readonly tools: MediumTools;
  readonly tally: MediumTally;
  open: OpenSocket | undefined;
  isClosed: boolean;
  reopenTimer: NodeJS.Timeout | undefined;
}

export function openUdpMedium(kind: UdpKind, listener: MediumListener, tools: MediumTools): Medium {
  const state: UdpState = {
    kind,
    listener,
    tools,
    tally: createTally(listener),
    open: undefined,
    isClosed: false,
    reopenTimer: undefined,
  };
  attempt(state);
  return {
    name: kind.interfaceName,
    kind: kind.kind,
    send: (message) => {
      const { open } = state;
      const sys = tools.sys ?? loadedSys();
      if (open === undefined || sys === undefined) state.tally.dropped();
      else transmit(state, open, sys, message.datagram);
    },
    counters: () => state.tally.counters(),
    close: () => {
      if (state.isClosed) return;
      state.isClosed = true;
      state.tally.close();
      clearTimeout(state.reopenTimer);
      shut(state);
    },
  };
}

function attempt(state: UdpState): void {
  const { kind, tools } = state;
  if (state.isClosed) return;
  const made = makeSocket(kind, tools.sys);
  if (!made.ok) {
    fail(state, made.code, made.detail);
    return;
  }
  const { sys, fd, index } = made.value;
  const socket = createSocket(
    kind.family === 4
      ? { type: 'udp4', lookup: literalLookup(4) }
      : { type: 'udp6', lookup: literalLookup(6) },
  );
  socket.on('message', (bytes) => {
    state.tally.received();
    state.listener.onBytes(bytes);
  });
  socket.on('error', (fault) => {
    if (state.open?.socket !== socket) return;
    const { code, reason } = describeError(fault);
    fail(state, code, reason);
  });
  try {
    socket.bind({ fd });
  } catch (fault) {
    sys.close(fd);
    const { code, reason } = describeError(fault);
    fail(state, code, reason);
    return;
  }
  state.open = { socket, fd, index };
  kind.onOpen?.();
  state.tally.up();
}

function fail(state: UdpState, code: string, reason: string): void {
  state.tally.error(code);
  shut(state);
  state.tally.down(reason);
  if (state.isClosed || state.reopenTimer !== undefined) return;
  state.reopenTimer = setTimeout(() => {
    state.reopenTimer = undefined;
    attempt(state);
  }, state.tools.reopenMs ?? REOPEN_MS);
}

function shut(state: UdpState): void {
  const socket = state.open?.socket;
  state.open = undefined;
  // The listener for errors stays: one that still comes must not find nobody to be told.
  socket?.removeAllListeners('message');
  socket?.close();
}

function loadedSys(): Sys | undefined {
  const sys = openSys();
  return sys.ok ? sys.value : undefined;
}

type LiteralLookup = (
  address: string,
  options: unknown,
  answer: (fault: null, address: string, family: number) => void,
) => void;

/** All destinations are literal addresses: the answer comes at once, in order, without the pool. */
const literalLookup =
  (family: 4 | 6): LiteralLookup =>
  (address, _options, answer) =>
    answer(null, address, family);

function makeSocket(
  kind: UdpKind,
  given: Sys | undefined,
): Result<{ readonly sys: Sys; readonly fd: number; readonly index: number }, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const fd = sys.socket(
    kind.family === 4 ? AF_INET : AF_INET6,
    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
    0,
  );
  if (fd < 0) return kernelFailure(-fd, 'opening a socket');
  const prepared = prepare(kind, sys, fd);
  const index = prepared.ok ? interfaceIndex(sys, fd, kind.interfaceName) : prepared;
  if (index.ok) return ok({ sys, fd, index: index.value });
  sys.close(fd);
  return index;
}

function prepare(kind: UdpKind, sys: Sys, fd: number): Result<void, KernelCode> {
  const name = new TextEncoder().encode(kind.interfaceName);
  if (name.length === 0 || name.length > 15) return failure('no-interface', kind.interfaceName);
  // Several media share one port, each with the traffic of its interface alone.
  const shared = expectZero(sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int32(1)), 'SO_REUSEADDR');
  if (!shared.ok) return shared;
  // An IPv4 medium may have the same port on the same interface.
  if (kind.family === 6) sys.setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, int32(1));
  const bound = expectZero(
    sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name),
    `interface ${kind.interfaceName}`,
  );
  return bound.ok ? kind.prepare(sys, fd) : bound;
}

/**
 * What the kernel said; ENODEV when the interface has gone or is another one of its name: over IPv6
 * that reads as ENETUNREACH, for ever (tried on 6.18).
 */
function refusalOf(
  state: UdpState,
  open: OpenSocket,
  sys: Sys,
  fault: Error,
): { readonly code: string; readonly reason: string } {
  const { interfaceName } = state.kind;
  if (state.open !== open) return describeError(fault);
  const index = interfaceIndex(sys, open.fd, interfaceName);
  const isSame = index.ok && index.value === open.index;
  return isSame
    ? describeError(fault)
    : { code: 'ENODEV', reason: `interface ${interfaceName}: ENODEV` };
}

/** These mean that the socket is of no use any more, not that the network is. */
const BROKEN_SOCKET = new Set(['ENODEV', 'ENXIO', 'EBADF', 'ENOTSOCK']);

function transmit(state: UdpState, open: OpenSocket, sys: Sys, datagram: Uint8Array): void {
  const { kind, tally } = state;
  const { socket, fd } = open;
  const to = kind.destination(sys, fd);
  if (to === undefined) {
    tally.dropped();
    tally.down(`${kind.kind} ${kind.interfaceName}: the peer's address is not known`);
    return;
  }
  if (socket.getSendQueueCount() >= QUEUED_SENDS_MAX) {
    tally.sendFailed('EAGAIN', 'the socket takes nothing');
    return;
  }
  socket.send(datagram, kind.port, to, (fault) => {
    if (fault === null) {
      tally.sent();
      return;
    }
    const { code, reason } = refusalOf(state, open, sys, fault);
    tally.sendFailed(code, reason);
    // Only of the socket in use: several sends may fail before the first is told.
    if (BROKEN_SOCKET.has(code) && state.open === open) fail(state, code, reason);
  });
}
