// What changes in the kernel while we run: addresses and links, whoever changes them. The events
// come in the event loop of the thread that asked. A message may be lost when they come faster
// than they are read; the listener is told and reads everything anew.

import { ok, type Result } from '../base/result.js';
import { type NetlinkMessage, takeNetlinkMessages } from '../wire/netlink.js';
import {
  parseAddress,
  parseLink,
  parseNeighbour,
  parseRemovedRoute,
  type RemovedRoute,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELROUTE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  type RtAddress,
  type RtLink,
  type RtNeighbour,
} from '../wire/rtnetlink.js';
import { EAGAIN, EINTR, ENOBUFS, type KernelCode, kernelFailure } from './errno.js';
import {
  int32,
  MSG_DONTWAIT,
  netlinkAddress,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from './socket-address.js';
import { openSys, type Sys } from './sys.js';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 0x1;
const RTMGRP_NEIGH = 0x4;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV4_ROUTE = 0x40;
const RTMGRP_IPV6_ROUTE = 0x400;
const RTMGRP_IPV6_IFADDR = 0x100;
const SO_RCVBUFFORCE = 33;
/** Some 2,000 events; a node that takes over a thousand addresses makes as many at once. */
const RECEIVE_QUEUE_BYTES = 2_097_152;
const RECEIVE_BYTES = 32_768;
/** Leaves the loop to others during a storm; the rest comes at the next turn. */
const READS_PER_TURN_MAX = 256;

export interface KernelListener {
  /** `isPresent` is false when it was removed. The interface may be gone already: go by index. */
  readonly onAddress?: (address: RtAddress, isPresent: boolean) => void;
  /** Also for changes of state: up, carrier. */
  readonly onLink?: (link: RtLink, isPresent: boolean) => void;
  /** A neighbour's entry has changed, its state in particular. Asked for only when present. */
  readonly onNeighbour?: (neighbour: RtNeighbour) => void;
  /** A route to others was removed. Asked for only when present. */
  readonly onRouteRemoved?: (route: RemovedRoute) => void;
  /** Events were lost: what was known may be wrong, so list again. */
  readonly onOverflow: () => void;
}

export interface KernelWatch {
  close(): void;
}

/** Watches until closed. The watch keeps the process running. */
export function watchKernel(
  listener: KernelListener,
  given?: Sys,
): Result<KernelWatch, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const flags = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const fd = sys.socket(AF_NETLINK, flags, NETLINK_ROUTE);
  if (fd < 0) return kernelFailure(-fd, 'opening a netlink socket');
  // Without the capability the default size stays, and overflows come sooner.
  sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int32(RECEIVE_QUEUE_BYTES));
  let groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (listener.onNeighbour !== undefined) groups |= RTMGRP_NEIGH;
  if (listener.onRouteRemoved !== undefined) groups |= RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  const bound = sys.bind(fd, netlinkAddress(groups));
  if (bound < 0) {
    sys.close(fd);
    return kernelFailure(-bound, 'joining the groups of rtnetlink');
  }
  const buffer = new Uint8Array(RECEIVE_BYTES);
  let isOpen = true;
  const poll = sys.poll(fd, () => {
    for (let reads = 0; isOpen && reads < READS_PER_TURN_MAX; reads++) {
      const length = sys.recv(fd, buffer, MSG_DONTWAIT);
      if (length === -EAGAIN || length === -EINTR) return;
      // The queue goes on behind the gap; any other error is a gap as well.
      if (length < 0) {
        listener.onOverflow();
        if (length !== -ENOBUFS) return;
        continue;
      }
      const messages = takeNetlinkMessages(buffer.slice(0, length));
      if (messages.ok) for (const message of messages.value) tell(listener, message);
    }
  });
  return ok({
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      poll.close();
      sys.close(fd);
    },
  });
}

function tell(listener: KernelListener, message: NetlinkMessage): void {
  const { type, payload } = message;
  if (type === RTM_NEWADDR || type === RTM_DELADDR) {
    const address = parseAddress(payload);
    if (address.ok) listener.onAddress?.(address.value, type === RTM_NEWADDR);
  } else if (type === RTM_NEWLINK || type === RTM_DELLINK) {
    const link = parseLink(payload);
    if (link.ok) listener.onLink?.(link.value, type === RTM_NEWLINK);
  } else if (type === RTM_NEWNEIGH) {
    const neighbour = parseNeighbour(payload);
    if (neighbour.ok) listener.onNeighbour?.(neighbour.value);
  } else if (type === RTM_DELROUTE) {
    const route = parseRemovedRoute(payload);
    if (route !== undefined) listener.onRouteRemoved?.(route);
  }
}
