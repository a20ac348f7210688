// MySQL and PostgreSQL servers that know users and exact queries.

import { createHash, randomBytes } from 'node:crypto';
import type net from 'node:net';
import type { Listener } from './listener.js';

const SALT = randomBytes(20).map((byte) => (byte % 90) + 33);

const sha1 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function mysqlPacket(sequence: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

const counted = (text: string): Buffer =>
  Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);

const OK_PACKET = Buffer.of(0, 0, 0, 2, 0, 0, 0);
const EOF_PACKET = Buffer.of(0xfe, 0, 0, 2, 0);

const mysqlError = (code: number, text: string): Buffer => {
  const head = Buffer.of(0xff, code & 255, code >> 8);
  return Buffer.concat([head, Buffer.from(`#28000${text}`)]);
};

/** Protocol version 10 with mysql_native_password, without TLS. */
function mysqlGreeting(): Buffer {
  const capabilities = 0x0008_a209;
  const low = Buffer.alloc(2);
  low.writeUInt16LE(capabilities & 0xffff);
  const high = Buffer.alloc(2);
  high.writeUInt16LE(capabilities >>> 16);
  return Buffer.concat([
    Buffer.of(10),
    Buffer.from('8.0.0-lab\0'),
    Buffer.of(1, 0, 0, 0),
    SALT.subarray(0, 8),
    Buffer.of(0),
    low,
    Buffer.of(33, 2, 0),
    high,
    Buffer.of(21),
    Buffer.alloc(10),
    SALT.subarray(8, 20),
    Buffer.of(0),
    Buffer.from('mysql_native_password\0'),
  ]);
}

function isMysqlUser(payload: Buffer, { users }: Listener): boolean {
  const end = payload.indexOf(0, 32);
  const name = payload.subarray(32, end).toString();
  const proof = payload.subarray(end + 2, end + 2 + (payload[end + 1] ?? 0));
  const password = users?.[name];
  if (password === undefined) return false;
  const once = sha1(Buffer.from(password));
  const mask = sha1(SALT, sha1(once));
  return once.every((byte, at) => (byte ^ (mask[at] ?? 0)) === proof[at]);
}

function mysqlRows(values: readonly (string | number)[]): readonly Buffer[] {
  const field = Buffer.concat([
    ...['def', '', 't', 't', 'id', 'id'].map(counted),
    Buffer.of(12, 33, 0, 255, 0, 0, 0, 253, 0, 0, 0, 0, 0),
  ]);
  return [
    Buffer.of(1),
    field,
    EOF_PACKET,
    ...values.map((value) => counted(String(value))),
    EOF_PACKET,
  ];
}

export function serveMysql(socket: net.Socket, listener: Listener): void {
  let held = Buffer.alloc(0);
  let isIn = false;
  socket.write(mysqlPacket(0, mysqlGreeting()));
  const take = (payload: Buffer, sequence: number): void => {
    const answer = (...parts: readonly Buffer[]): void => {
      const packets = parts.map((part, at) => mysqlPacket(sequence + 1 + at, part));
      socket.write(Buffer.concat(packets));
    };
    if (!isIn) {
      isIn = isMysqlUser(payload, listener);
      answer(isIn ? OK_PACKET : mysqlError(1045, 'Access denied'));
      if (!isIn) socket.end();
      return;
    }
    if (payload[0] === 1) socket.end();
    if (payload[0] !== 3) return;
    const text = payload.subarray(1).toString();
    const rows = listener.queries?.[text];
    if (rows !== undefined) answer(...mysqlRows(rows));
    else answer(/^set /i.test(text) ? OK_PACKET : mysqlError(1146, 'No such table'));
  };
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= 4 + held.readUIntLE(0, 3)) {
      const length = held.readUIntLE(0, 3);
      const payload = held.subarray(4, 4 + length);
      const sequence = held[3] ?? 0;
      held = held.subarray(4 + length);
      take(payload, sequence);
    }
  });
  socket.once('end', () => socket.end());
}

function pgMessage(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int = (value: number, bytes: 2 | 4): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
};

const pgError = (code: string, text: string): Buffer =>
  pgMessage('E', Buffer.from(`SERROR\0C${code}\0M${text}\0\0`));

const READY = pgMessage('Z', Buffer.from('I'));

function pgRows(values: readonly (string | number)[]): readonly Buffer[] {
  const field = [Buffer.from('id\0'), int(0, 4), int(0, 2), int(25, 4), int(-1, 2), int(-1, 4)];
  const rows = values.map((value) => {
    const text = Buffer.from(String(value));
    return pgMessage('D', int(1, 2), int(text.length, 4), text);
  });
  return [
    pgMessage('T', int(1, 2), ...field, int(0, 2)),
    ...rows,
    pgMessage('C', Buffer.from(`SELECT ${values.length}\0`)),
    READY,
  ];
}

/** Asks for the password in clear. */
export function servePgsql(socket: net.Socket, listener: Listener): void {
  let held = Buffer.alloc(0);
  let user: string | undefined;
  const say = (...messages: readonly Buffer[]): void => void socket.write(Buffer.concat(messages));
  const startUp = (body: Buffer): void => {
    const words = body.subarray(4).toString().split('\0');
    user = words[words.indexOf('user') + 1] ?? '';
    say(pgMessage('R', int(3, 4)));
  };
  const take = (type: string, body: Buffer): void => {
    const text = body.toString().replace(/\0$/, '');
    if (type === 'p') {
      if (listener.users?.[user ?? ''] === text) say(pgMessage('R', int(0, 4)), READY);
      else socket.end(pgError('28P01', 'password authentication failed'));
    }
    if (type === 'X') socket.end();
    if (type !== 'Q') return;
    const rows = listener.queries?.[text];
    if (rows === undefined) say(pgError('42P01', 'no such table'), READY);
    else say(...pgRows(rows));
  };
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const at = user === undefined ? 0 : 1;
      if (held.length < at + 4 || held.length < at + held.readUInt32BE(at)) return;
      const end = at + held.readUInt32BE(at);
      const body = held.subarray(at + 4, end);
      const type = held.subarray(0, at).toString();
      held = held.subarray(end);
      if (user === undefined) startUp(body);
      else take(type, body);
    }
  });
  socket.once('end', () => socket.end());
}
