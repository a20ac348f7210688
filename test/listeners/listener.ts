// Scripted servers of the kinds that the recorded scenarios use, on real sockets. What a listener
// does is looked up for each connection, so that a test can change it while it runs.

import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { certificate, privateKey } from '../unit/checks/self-signed.js';
import { answerDatagram } from './datagrams.js';
import { serveFtp } from './ftp.js';
import { serveLdap } from './ldap.js';
import { serveLines } from './lines.js';
import { serveMysql, servePgsql } from './sql.js';
import { serveHttp } from './web.js';

/** The fields of the recorded listeners; each kind reads its own. */
export interface Listener {
  kind?: string;
  delay?: number;
  tls?: boolean | string;
  status?: number;
  reason?: string;
  body?: string;
  headers?: Readonly<Record<string, string>>;
  paths?: Readonly<Record<string, Partial<Listener>>>;
  require_host?: string;
  files?: Readonly<Record<string, string>>;
  banner?: string;
  ehlo?: string;
  helo?: string;
  users?: Readonly<Record<string, string>>;
  entries?: Readonly<Record<string, readonly string[]>>;
  no_anonymous?: boolean;
  zone?: Readonly<Record<string, readonly (readonly [string, string])[]>>;
  secret?: string;
  status_line?: string;
  expect?: string;
  reply?: string;
  queries?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Not recorded: bytes are sent one at a time with so many milliseconds between. */
  drip_ms?: number;
  /** Not recorded: what a mail server was sent goes here. */
  onMail?: (lines: readonly string[]) => void;
}

export interface RunningListener {
  /** The port, which is chosen when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Runs a call where the listener's sockets are to be made; a namespace of the lab, for one. */
export type Within = <T>(work: () => T) => T;

/** Where a listener stands, and what it has. */
export interface ListenerPlace {
  readonly trusted?: Trusted;
  /** All addresses of the namespace then, instead of the given one. */
  readonly within?: Within;
}

const hereItself: Within = (work) => work();

type Serve = (socket: net.Socket, listener: Listener, within: Within) => void;

const kinds: Readonly<Record<string, Serve>> = {
  http: serveHttp,
  smtp: serveLines,
  pop3: serveLines,
  imap: serveLines,
  nntp: serveLines,
  sip: serveLines,
  reply: serveLines,
  ftp: serveFtp,
  ldap: serveLdap,
  mysql: serveMysql,
  pgsql: servePgsql,
  /** Reads and says nothing. */
  accept: (socket) => void socket.resume(),
  mute: (socket) => void socket.resume(),
  /** Says what no protocol means. */
  garbage: (socket) => void socket.resume().end(Buffer.from('\x00\xff\x13garbage\n\x80\x01\n\n')),
  /** Never stops talking. */
  flood: (socket) => {
    const block = Buffer.alloc(65536, 'x');
    const pour = (): void => {
      while (!socket.destroyed && socket.write(block)) if (socket.destroyed) return;
    };
    socket.resume().on('drain', pour);
    pour();
  },
};

/** Sends what is written to the socket byte by byte. */
function drip(socket: net.Socket, everyMs: number): void {
  const write = socket.write.bind(socket);
  const waiting: number[] = [];
  const timer = setInterval(() => {
    const byte = waiting.shift();
    if (byte !== undefined && !socket.destroyed) write(Buffer.of(byte));
  }, everyMs);
  socket.on('close', () => clearInterval(timer));
  const slow = (chunk: string | Uint8Array): boolean => {
    waiting.push(...(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk));
    return true;
  };
  Object.assign(socket, { write: slow, end: (chunk?: string) => chunk && slow(chunk) });
}

function serve(socket: net.Socket, listener: Listener, within: Within): void {
  if (listener.drip_ms !== undefined) drip(socket, listener.drip_ms);
  const kind = kinds[listener.kind ?? 'http'];
  if (kind === undefined) socket.destroy(new Error(`no such listener: ${listener.kind}`));
  else kind(socket, listener, within);
}

export type Trusted = { readonly cert: string; readonly key: string };

function accept(raw: net.Socket, listener: Listener, place: ListenerPlace): void {
  const { trusted, within = hereItself } = place;
  raw.on('error', () => undefined);
  const start = (): void => {
    if (raw.destroyed) return;
    if (listener.tls === undefined || listener.tls === false) {
      serve(raw, listener, within);
      return;
    }
    const own = { cert: certificate, key: privateKey };
    const keys = listener.tls === 'trusted' ? (trusted ?? own) : own;
    const socket = new tls.TLSSocket(raw, { isServer: true, ...keys });
    socket.on('error', () => undefined);
    socket.once('secure', () => serve(socket, listener, within));
  };
  if (listener.delay === undefined) start();
  else setTimeout(start, listener.delay * 1000);
}

/** `where` is `tcp/80` or `udp/53`. */
export function listen(
  address: string,
  where: string,
  behaviour: () => Listener,
  place: ListenerPlace = {},
): Promise<RunningListener> {
  const [protocol, port] = where.split('/');
  return protocol === 'udp'
    ? listenUdp(address, Number(port), behaviour, place)
    : listenTcp(address, Number(port), behaviour, place);
}

async function listenTcp(
  address: string,
  port: number,
  behaviour: () => Listener,
  place: ListenerPlace,
): Promise<RunningListener> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    accept(socket, behaviour(), place);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { within } = place;
    if (within === undefined) server.listen(port, address, resolve);
    // Without an address the socket is made at once, while we are there.
    else within(() => server.listen({ port, exclusive: true }, resolve));
  });
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** An address is its own name; answered at once, so that the socket is made at once. */
function lookupNothing(
  address: string,
  _options: unknown,
  done: (fault: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, address, net.isIP(address));
}

async function listenUdp(
  address: string,
  port: number,
  behaviour: () => Listener,
  { within = hereItself }: ListenerPlace,
): Promise<RunningListener> {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const socket = dgram.createSocket({ type, lookup: lookupNothing });
  socket.on('error', () => undefined);
  socket.on('message', (bytes, from) => {
    const answer = answerDatagram(bytes, behaviour());
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    within(() => socket.bind(port, address, resolve));
  });
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
