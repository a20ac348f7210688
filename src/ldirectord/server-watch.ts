// What speaks against real servers from outside their checks: the kernel that loses a link, a
// neighbour or a route, and, where `watchconn` asks for it, idle connections that break. Each is
// only a reason to check at once; nothing is decided here. What comes in one turn of the loop is
// told as one.

import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { bracketed } from '../checks/check-spec.js';
import type { DirectorConfig } from '../config/director-config.js';
import { checkPort } from '../director/check-target.js';
import type { KernelListener } from '../kernel/events.js';
import { monotonicMs } from '../runtime/clock.js';
import { parseIp, samePrefix } from '../wire/ip-address.js';
import type { DirectorMachine } from './director-machine.js';

/** `names`: addresses or endpoints; undefined: all. */
export type Suspect = (names: ReadonlySet<string> | undefined) => void;

const NUD_FAILED = 0x20;

/** Each holds a descriptor here and a connection there. */
const CONNECTIONS_MAX = 4096;

/** A connection that broke is made again after this, doubled while it does not last. */
const RETRY_MS = 1000;
const RETRY_MS_MAX = 60_000;

/** One that lasted so long was no accident: servers close idle ones after seconds to minutes. */
const LASTING_MS = 5000;

/** A machine that is gone without a word is noticed by TCP itself. */
const KEEPALIVE_MS = 10_000;

/** A greeting is let pass; a server that talks without end is not listened to. */
const BYTES_MAX = 64 * 1024;

/** Collects what comes up in one turn. */
export function gatherSuspects(tell: Suspect): Suspect {
  let waiting: Set<string> | undefined;
  let isAll = false;
  return (names) => {
    if (names === undefined) isAll = true;
    const isFirst = waiting === undefined;
    const mine = waiting ?? new Set<string>();
    waiting = mine;
    for (const name of names ?? []) mine.add(name);
    if (!isFirst) return;
    setImmediate(() => {
      const told = isAll ? undefined : mine;
      waiting = undefined;
      isAll = false;
      tell(told);
    });
  };
}

/** Listens for the kernel's news about the ways to real servers, whose addresses are asked for. */
export function suspectingListener(
  suspect: Suspect,
  addresses: () => Iterable<string>,
): KernelListener {
  const hadCarrier = new Map<number, boolean>();
  void presentCarriers().then((indexes) => {
    for (const index of indexes) if (!hadCarrier.has(index)) hadCarrier.set(index, true);
  });
  return {
    // Which servers are behind a link is the routing table's to know, and it may be gone with it.
    onLink: (link, isPresent) => {
      const has = isPresent && link.isUp && link.hasCarrier;
      if (hadCarrier.get(link.index) === true && !has) suspect(undefined);
      hadCarrier.set(link.index, has);
      if (!isPresent) hadCarrier.delete(link.index);
    },
    onNeighbour: ({ address, state }) => {
      if ((state & NUD_FAILED) !== 0) suspect(new Set([address]));
    },
    onRouteRemoved: ({ destination, prefixLength }) => {
      const behind = [...addresses()].filter((address) => {
        const bytes = parseIp(address);
        return bytes !== undefined && samePrefix(bytes, destination, prefixLength);
      });
      if (behind.length > 0) suspect(new Set(behind));
    },
    onOverflow: () => suspect(undefined),
  };
}

/** Interfaces with carrier now; the kernel tells changes only. */
async function presentCarriers(): Promise<readonly number[]> {
  const root = '/sys/class/net';
  const names = await readdir(root).catch(() => []);
  const found = names.map(async (name) => {
    // An interface that is down refuses to say.
    const carrier = await readFile(`${root}/${name}/carrier`, 'latin1').catch(() => '0');
    const index = await readFile(`${root}/${name}/ifindex`, 'latin1').catch(() => '0');
    return carrier.trim() === '1' ? Number(index) : 0;
  });
  return (await Promise.all(found)).filter((index) => index > 0);
}

interface Watched {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  socket: net.Socket | undefined;
  timer: NodeJS.Timeout | undefined;
  retryMs: number;
}

export interface ConnectionWatch {
  /** Holds connections as the configuration asks for, or none. */
  configure(config: DirectorConfig, isActive: boolean): void;
  stop(): void;
}

export function watchConnections(suspect: Suspect): ConnectionWatch {
  const held = new Map<string, Watched>();
  const drop = (one: Watched): void => {
    held.delete(one.name);
    clearTimeout(one.timer);
    one.socket?.destroy();
  };
  const retry = (one: Watched): void => {
    one.timer = setTimeout(() => connect(one), one.retryMs);
  };
  const connect = (one: Watched): void => {
    let connectedAtMs: number | undefined;
    const socket = net.connect({ host: one.address, port: one.port });
    one.socket = socket;
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.once('connect', () => {
      connectedAtMs = monotonicMs();
    });
    socket.on('data', () => {
      if (socket.bytesRead > BYTES_MAX) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (held.get(one.name) !== one) return;
      const lastedMs = connectedAtMs === undefined ? 0 : monotonicMs() - connectedAtMs;
      const isLasting = lastedMs >= LASTING_MS;
      one.retryMs = isLasting ? RETRY_MS : Math.min(2 * one.retryMs, RETRY_MS_MAX);
      // A server that takes no connection has been told of by the break of the one before.
      if (connectedAtMs !== undefined) suspect(new Set([one.name]));
      retry(one);
    });
  };
  return {
    configure: (config, isActive) => {
      const wanted = isActive ? endpointsOf(config) : new Map<string, Endpoint>();
      for (const one of [...held.values()]) if (!wanted.has(one.name)) drop(one);
      for (const [name, { address, port }] of wanted) {
        if (held.has(name) || held.size >= CONNECTIONS_MAX) continue;
        const one: Watched = {
          ...{ name, address, port, retryMs: RETRY_MS },
          ...{ socket: undefined, timer: undefined },
        };
        held.set(name, one);
        connect(one);
      }
    },
    stop: () => {
      for (const one of [...held.values()]) drop(one);
    },
  };
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One for each distinct server and port, however many services it is in. */
function endpointsOf({ virtuals }: DirectorConfig): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const virtual of virtuals) {
    const { key, checkType, health } = virtual;
    const isUdp = key.kind === 'address' && key.protocol === 'udp';
    if (health.isWatchConn !== true || isUdp || checkType.kind === 'off') continue;
    for (const real of virtual.reals) {
      const port = checkPort(virtual, real);
      const name = `${bracketed(real.family, real.address)}:${port}`;
      if (port > 0) endpoints.set(name, { address: real.address, port });
    }
  }
  return endpoints;
}

export interface ServerWatch {
  /** After a reload, and when the table comes or goes: connections are held by the active one. */
  configure(config: DirectorConfig, isActive: boolean): void;
  stop(): void;
}

/** `fault` is told when the kernel's news cannot be had. */
export function startServerWatch(
  watchKernel: DirectorMachine['watchKernel'],
  suspect: Suspect,
  fault: (reason: string) => void,
): ServerWatch {
  const gathered = gatherSuspects(suspect);
  const connections = watchConnections(gathered);
  let addresses = new Set<string>();
  const watch = watchKernel?.(suspectingListener(gathered, () => addresses));
  if (watch !== undefined && !watch.ok) fault(watch.detail);
  return {
    configure: (config, isActive) => {
      const reals = config.virtuals.flatMap((virtual) => virtual.reals);
      addresses = new Set(reals.map(({ address }) => address));
      connections.configure(config, isActive);
    },
    stop: () => {
      if (watch?.ok === true) watch.value.close();
      connections.stop();
    },
  };
}
