// An FTP server that serves files from its settings by passive and extended passive connections. A
// wrong login is refused, but files are served all the same, as recorded.

import net from 'node:net';
import type { Listener, Within } from './listener.js';

function portOf(server: net.Server): number {
  const bound = server.address();
  return bound !== null && typeof bound === 'object' ? bound.port : 0;
}

export function serveFtp(
  socket: net.Socket,
  { files, users, banner }: Listener,
  within: Within,
): void {
  const say = (text: string): void => void socket.write(`${text}\r\n`);
  let data: Promise<net.Socket> | undefined;
  let name = '';
  const openData = (): Promise<number> =>
    new Promise((resolve) => {
      const server = net.createServer();
      data = new Promise((take) => {
        server.once('connection', (one: net.Socket) => {
          one.on('error', () => undefined);
          server.close();
          take(one);
        });
      });
      socket.once('close', () => server.close());
      // Without an address the socket is made at once, where it belongs.
      within(() => server.listen({ port: 0, exclusive: true }, () => resolve(portOf(server))));
    });
  const passive = async (): Promise<void> => {
    const port = await openData();
    const host = (socket.localAddress ?? '').replace('::ffff:', '').replaceAll('.', ',');
    say(`227 Entering Passive Mode (${host},${port >> 8},${port & 255})`);
  };
  const retrieve = (path: string): void => {
    const text = files?.[path];
    if (text === undefined) {
      say('550 no such file');
      return;
    }
    say('150 here it comes');
    void data?.then((one) => {
      one.end(text);
      say('226 done');
    });
  };
  const commands: Readonly<Record<string, (value: string) => void>> = {
    USER: (value) => {
      name = value;
      say('331 password');
    },
    PASS: (value) => say(users === undefined || users[name] === value ? '230 in' : '530 no'),
    PASV: () => void passive(),
    EPSV: () => void openData().then((port) => say(`229 passive (|||${port}|)`)),
    RETR: retrieve,
    QUIT: () => {
      say('221 bye');
      socket.end();
    },
  };
  say(banner ?? '220 ftp');
  let held = '';
  socket.on('data', (bytes: Buffer) => {
    held += bytes.toString('latin1');
    for (let feed = held.indexOf('\n'); feed >= 0; feed = held.indexOf('\n')) {
      const line = held.slice(0, feed).trim();
      held = held.slice(feed + 1);
      const [word = '', value = ''] = line.split(' ');
      const command = commands[word.toUpperCase()];
      if (command === undefined) say('200 ok');
      else command(value);
    }
  });
  socket.once('end', () => socket.end());
}
