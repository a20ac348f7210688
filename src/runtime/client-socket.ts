// The registration socket of local clients: connections with the credentials that the kernel gives
// for them, messages in, messages out. A client that is slow to read, says nothing or says nonsense
// is cut off; nothing here waits for one. What messages mean is not known here.

import { unlink } from 'node:fs/promises';
import net from 'node:net';
import { failure, ok, type Result } from '../base/result.js';
import { type PeerIdentity, peerIdentity } from '../kernel/peer-credentials.js';
import { createClientFrameReader } from '../wire/client-frame.js';
import type { HaMessage } from '../wire/ha-message.js';

/** Monitors come and go, a handful of programs stay; more is a fault of somebody's loop. */
export const clientsMax = 128;
/** A client that has this much unread does not read: 3.0.6 cuts at 500 messages, about as much. */
const UNREAD_BYTES_MAX = 1024 * 1024;
/** Time for the last words to leave before a client is cut off. */
const PARTING_MS = 2000;
/** A connection that has not signed on by then is dropped. */
const SIGN_ON_WAIT_MS = 10_000;

export interface ClientSocketListener {
  readonly onConnected: (connection: number, peer: PeerIdentity) => void;
  /** Nothing more is read of the connection until `resume`. */
  readonly onMessages: (connection: number, messages: readonly HaMessage[]) => void;
  readonly onLost: (connection: number, reason: string) => void;
  /** A connection that could not be served, in words for the log. */
  readonly onTrouble: (text: string) => void;
}

export interface ClientSocket {
  /** False when the client was cut off because it does not read. */
  deliver(connection: number, bytes: Uint8Array): boolean;
  resume(connection: number): void;
  disconnect(connection: number): void;
  close(): Promise<void>;
}

/** The descriptor, which Node.js keeps in its own handle of the connection. */
function descriptorOf(socket: net.Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : -1;
  return typeof fd === 'number' ? fd : -1;
}

const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

interface Open {
  readonly sockets: Map<number, net.Socket>;
  readonly listener: ClientSocketListener;
  count: number;
}

function accept(open: Open, socket: net.Socket): void {
  const peer = peerIdentity(descriptorOf(socket));
  if (!peer.ok) {
    open.listener.onTrouble(`a client cannot be identified: ${peer.detail}`);
    socket.destroy();
    return;
  }
  const connection = ++open.count;
  open.sockets.set(connection, socket);
  let reason = 'EOF';
  const reader = createClientFrameReader();
  const signOn = setTimeout(() => {
    reason = 'no sign-on';
    socket.destroy();
  }, SIGN_ON_WAIT_MS);
  socket.on('data', (chunk) => {
    if (typeof chunk === 'string') return;
    const read = reader.read(new Uint8Array(chunk));
    if (!read.ok) {
      reason = `unreadable (${read.code})`;
      socket.destroy();
      return;
    }
    if (read.value.length === 0) return;
    clearTimeout(signOn);
    socket.pause();
    open.listener.onMessages(connection, read.value);
  });
  socket.on('error', (cause) => {
    reason = cause.message;
  });
  socket.on('close', () => {
    clearTimeout(signOn);
    open.sockets.delete(connection);
    open.listener.onLost(connection, reason);
  });
  open.listener.onConnected(connection, peer.value);
}

function clientSocket(open: Open, server: net.Server): ClientSocket {
  const part = (socket: net.Socket): void => {
    socket.destroySoon();
    setTimeout(() => socket.destroy(), PARTING_MS).unref();
  };
  return {
    deliver: (connection, bytes) => {
      const socket = open.sockets.get(connection);
      if (socket === undefined || !socket.writable) return true;
      if (socket.writableLength + bytes.length > UNREAD_BYTES_MAX) {
        socket.destroy();
        return false;
      }
      socket.write(bytes);
      return true;
    },
    resume: (connection) => void open.sockets.get(connection)?.resume(),
    disconnect: (connection) => {
      const socket = open.sockets.get(connection);
      if (socket !== undefined) part(socket);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open.sockets.values()) part(socket);
      }),
  };
}

/**
 * Listens on `path`, removing the socket of a dead process first. Everybody may connect (mode
 * 0777, as 3.0.6 has it): who may stay is judged by credentials.
 */
export async function serveClients(
  path: string,
  listener: ClientSocketListener,
): Promise<Result<ClientSocket, 'in-use' | 'refused'>> {
  if (await isServed(path)) return failure('in-use', path);
  await unlink(path).catch(() => undefined);
  const open: Open = { sockets: new Map(), listener, count: 0 };
  const server = net.createServer((socket) => accept(open, socket));
  server.maxConnections = clientsMax;
  return new Promise((resolve) => {
    server.once('error', (cause) => resolve(failure('refused', `${path}: ${cause.message}`)));
    // `listen` binds a path at once, so the umask covers exactly the creation of the socket.
    const former = process.umask(0);
    try {
      server.listen(path, () => {
        server.on('error', (cause) =>
          listener.onTrouble(`no client can connect: ${cause.message}`),
        );
        resolve(ok(clientSocket(open, server)));
      });
    } finally {
      process.umask(former);
    }
  });
}
