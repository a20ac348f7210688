// A web server as recorded: HTTP/1.1, one answer a connection, no body for HEAD.

import type net from 'node:net';
import type { Listener } from './listener.js';

function pageOf(listener: Listener, target: string, host: string): Partial<Listener> {
  const { require_host: wanted, paths } = listener;
  if (wanted !== undefined && wanted !== host) return { status: 404, body: 'no such host\n' };
  if (paths === undefined) return listener;
  return { ...listener, ...(paths[target] ?? { status: 404, body: 'not found\n' }) };
}

export function serveHttp(socket: net.Socket, listener: Listener): void {
  let heard = '';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
    const end = heard.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [first = '', ...fields] = heard.slice(0, end).split('\r\n');
    const [method = '', target = ''] = first.split(' ');
    const host = fields.find((field) => /^host:/i.test(field))?.replace(/^host:\s*/i, '') ?? '';
    heard = '';
    const page = pageOf(listener, target, host);
    const { status = 200, reason = 'OK', body = 'OK\n', headers = {} } = page;
    const lines = [
      `HTTP/1.1 ${status} ${reason}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
    ];
    const text = method === 'HEAD' ? '' : body;
    socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
  });
  socket.once('end', () => socket.end());
}
