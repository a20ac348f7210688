// An LDAP server that knows binds and base searches, in hand-made BER.

import type net from 'node:net';
import type { Listener } from './listener.js';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const value = Buffer.concat(parts);
  // Long form throughout: no client may care (X.690 8.1.3.5).
  const head = Buffer.of(tag, 0x82, value.length >> 8, value.length & 255);
  return Buffer.concat([head, value]);
};

interface Element {
  readonly tag: number;
  readonly value: Buffer;
  readonly end: number;
}

function read(bytes: Buffer, at = 0): Element | undefined {
  const short = bytes[at + 1];
  if (short === undefined) return undefined;
  const count = short < 128 ? 0 : short & 127;
  if (bytes.length < at + 2 + count) return undefined;
  const length = count === 0 ? short : bytes.readUIntBE(at + 2, count);
  const start = at + 2 + count;
  if (bytes.length < start + length) return undefined;
  return { tag: bytes[at] ?? 0, value: bytes.subarray(start, start + length), end: start + length };
}

const result = (tag: number, code: number): Buffer =>
  tlv(tag, tlv(0x0a, Buffer.of(code)), tlv(0x04), tlv(0x04));

export function serveLdap(socket: net.Socket, listener: Listener): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (let message = read(held); message !== undefined; message = read(held)) {
      held = held.subarray(message.end);
      const id = read(message.value);
      const operation = id && read(message.value, id.end);
      if (id === undefined || operation === undefined) return;
      for (const answer of answersTo(operation, listener)) {
        socket.write(tlv(0x30, tlv(0x02, id.value), answer));
      }
    }
  });
  socket.once('end', () => socket.end());
}

function answersTo({ tag, value }: Element, listener: Listener): readonly Buffer[] {
  if (tag === 0x60) {
    const version = read(value);
    const name = version && read(value, version.end);
    const password = name && read(value, name.end);
    const dn = name?.value.toString() ?? '';
    const isGood =
      dn === ''
        ? listener.no_anonymous !== true
        : listener.users?.[dn] === password?.value.toString();
    return [result(0x61, isGood ? 0 : 49)];
  }
  if (tag !== 0x63) return [];
  const base = read(value)?.value.toString() ?? '';
  const found = listener.entries?.[base];
  if (found === undefined) return [result(0x65, 32)];
  const entries = found.map((dn) => tlv(0x64, tlv(0x04, Buffer.from(dn)), tlv(0x30)));
  return [...entries, result(0x65, 0)];
}
