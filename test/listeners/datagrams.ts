// Servers of datagrams: dns, radius, sip, and `reply`.

import { createHash } from 'node:crypto';
import packet from 'dns-packet';
import type { Listener } from './listener.js';

export function answerDatagram(bytes: Buffer, listener: Listener): Buffer | undefined {
  switch (listener.kind) {
    case 'dns':
      return dnsAnswer(bytes, listener);
    case 'radius':
      return radiusAnswer(bytes, listener);
    case 'sip':
      return Buffer.from(`${listener.status_line ?? 'SIP/2.0 200 OK'}\r\nCSeq: 1 OPTIONS\r\n\r\n`);
    case 'reply':
      return bytes.toString('latin1').includes(listener.expect ?? '')
        ? Buffer.from(listener.reply ?? '', 'latin1')
        : undefined;
    case 'garbage':
      return Buffer.from('\x00\xffgarbage', 'latin1');
    case 'flood':
      return Buffer.alloc(60_000, 'x');
    default:
      return undefined;
  }
}

function dnsAnswer(bytes: Buffer, { zone }: Listener): Buffer {
  const query = packet.decode(bytes);
  const name = query.questions?.[0]?.name ?? '';
  const records = zone?.[name];
  return packet.encode({
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    // RFC 1035: the name does not exist.
    flags: records === undefined ? 3 : 0,
    ...(query.questions === undefined ? {} : { questions: query.questions }),
    answers: (records ?? []).map(([type, data]) => ({
      type: type === 'PTR' ? 'PTR' : type === 'CNAME' ? 'CNAME' : 'A',
      name,
      ttl: 60,
      data,
    })),
  });
}

function radiusAnswer(request: Buffer, { secret = '', users }: Listener): Buffer {
  const attributes = new Map<number, Buffer>();
  for (let at = 20; at + 2 <= request.length; at += Math.max(2, request[at + 1] ?? 2)) {
    attributes.set(request[at] ?? 0, request.subarray(at + 2, at + (request[at + 1] ?? 2)));
  }
  const authenticator = request.subarray(4, 20);
  const md5 = (...parts: readonly Uint8Array[]): Buffer =>
    createHash('md5').update(Buffer.concat(parts)).digest();
  const mask = md5(Buffer.from(secret), authenticator);
  const hidden = attributes.get(2) ?? Buffer.alloc(0);
  const plain = Buffer.from(hidden.map((byte, at) => byte ^ (mask[at] ?? 0)));
  const password = plain.toString().replace(/\0+$/, '');
  const isGood = users?.[attributes.get(1)?.toString() ?? ''] === password;
  const head = Buffer.of(isGood ? 2 : 3, request[1] ?? 0, 0, 20);
  return Buffer.concat([head, md5(head, authenticator, Buffer.from(secret))]);
}
