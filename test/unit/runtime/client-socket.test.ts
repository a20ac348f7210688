// The registration socket: credentials of the kernel, one message after the other, and an end for
// clients that do not read or talk nonsense.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { PeerIdentity } from '#src/kernel/peer-credentials.js';
import { type ClientSocket, serveClients } from '#src/runtime/client-socket.js';
import { encodeClientFrame } from '#src/wire/client-frame.js';
import { type HaMessage, haMessage, textField } from '#src/wire/ha-message.js';

const folder = mkdtempSync(join(tmpdir(), 'lubdub-clients-'));
after(() => rmSync(folder, { recursive: true }));

interface Served {
  readonly socket: ClientSocket;
  readonly path: string;
  readonly peers: PeerIdentity[];
  readonly messages: HaMessage[];
  readonly lost: Promise<string>;
  readonly connected: Promise<number>;
}

let count = 0;

async function serve(): Promise<Served> {
  const path = join(folder, `register${++count}`);
  const peers: PeerIdentity[] = [];
  const messages: HaMessage[] = [];
  let tellLost: (reason: string) => void = () => undefined;
  let tellConnected: (connection: number) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    tellLost = resolve;
  });
  const connected = new Promise<number>((resolve) => {
    tellConnected = resolve;
  });
  const served = await serveClients(path, {
    onConnected: (connection, peer) => {
      peers.push(peer);
      tellConnected(connection);
    },
    onMessages: (_connection, all) => void messages.push(...all),
    onLost: (_connection, reason) => tellLost(reason),
    onTrouble: (text) => assert.fail(text),
  });
  assert.ok(served.ok);
  return { socket: served.value, path, peers, messages, lost, connected };
}

function client(path: string): Socket {
  const socket = connect(path);
  socket.on('error', () => undefined);
  return socket;
}

const word = haMessage(textField('t', 'hello'));

describe('the registration socket', () => {
  it('is open for everybody and says who connected', async () => {
    const { socket, path, peers, connected } = await serve();
    assert.equal(statSync(path).mode & 0o777, 0o777);
    const peer = client(path);
    await connected;
    const [identity] = peers;
    assert.deepEqual(identity, {
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    peer.destroy();
    await socket.close();
  });

  it('is not taken from a daemon that serves it', async () => {
    const { socket, path } = await serve();
    const ignore = (): undefined => undefined;
    const listener = { onConnected: ignore, onMessages: ignore, onLost: ignore, onTrouble: ignore };
    const second = await serveClients(path, listener);
    assert.equal(second.ok ? 'served' : second.code, 'in-use');
    await socket.close();
  });

  it('ends a client that talks nonsense', async () => {
    const { socket, path, lost } = await serve();
    client(path).write('what is this that I do not understand');
    assert.equal(await lost, 'unreadable (bad-mark)');
    await socket.close();
  });

  it('reads no further until what was read is handled', async () => {
    const { socket, path, messages, connected } = await serve();
    const peer = client(path);
    const connection = await connected;
    const seen = async (number: number): Promise<void> => {
      while (messages.length < number) await new Promise((resolve) => setImmediate(resolve));
    };
    peer.write(encodeClientFrame(word, 'classic'));
    await seen(1);
    await new Promise<void>((resolve) =>
      peer.write(encodeClientFrame(word, 'classic'), () => resolve()),
    );
    assert.equal(messages.length, 1);
    socket.resume(connection);
    await seen(2);
    peer.destroy();
    await socket.close();
  });

  it('cuts off a client that does not read, and waits for none', async () => {
    const { socket, path, lost, connected } = await serve();
    const peer = client(path);
    peer.pause();
    const connection = await connected;
    const piece = new Uint8Array(64 * 1024);
    let pieces = 0;
    while (socket.deliver(connection, piece)) pieces++;
    assert.ok(pieces >= 16 && pieces < 64, `${pieces} pieces`);
    await lost;
    await socket.close();
  });
});
