// Agents asked for real: ports and pages on loopback addresses, and programs.

import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { millis } from '#src/base/time.js';
import type { AgentCheck } from '#src/checks/check-spec.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { AGENT_ANSWER_BYTES_MAX } from '#src/runtime/checks/agent.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { makeFolder, until } from '../ldirectord/fixture.js';

const ADDRESS = '127.9.4.1';
const runner = createCheckRunner();
const closers: (() => void)[] = [];
after(() => {
  runner.stop();
  for (const close of closers) close();
});

let lastId = 0;
const ask = (spec: AgentCheck): Promise<CheckVerdict> =>
  new Promise((resolve) => runner.start(++lastId, spec, resolve));

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  closers.push(() => server.close());
  // A TCP server's address is always this object.
  return (server.address() as AddressInfo).port;
}

/** Every connection of this agent is handled so. */
const agent = (serve: (socket: net.Socket) => void): Promise<number> =>
  listen(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      serve(socket);
    }),
  );

const tcp = (port: number, timeoutMs = 5000): AgentCheck => ({
  kind: 'agent',
  family: 4,
  address: ADDRESS,
  port,
  timeout: millis(timeoutMs),
  via: 'tcp',
  path: '',
  args: [],
});

const page = (port: number, path = '/load'): AgentCheck => ({ ...tcp(port), via: 'http', path });

const wordOf = async (spec: AgentCheck): Promise<string | undefined> => (await ask(spec)).answer;

/** Why there was no answer. */
async function faultOf(spec: AgentCheck): Promise<string> {
  const { isUp, reason } = await ask(spec);
  assert.equal(isUp, false);
  return reason;
}

const TOO_LONG = `an answer of more than ${AGENT_ANSWER_BYTES_MAX} bytes`;

test('a port says its word as far as the line end or the end of the connection', async () => {
  const open = await agent((socket) => void socket.write('up 40% # load 3\r\nrest'));
  assert.equal(await wordOf(tcp(open)), 'up 40% # load 3');
  const closing = await agent((socket) => void socket.end('drain'));
  assert.equal(await wordOf(tcp(closing)), 'drain');
  const dripping = await agent((socket) => {
    socket.write('7');
    setTimeout(() => socket.write('5%\n'), 20);
  });
  assert.equal(await wordOf(tcp(dripping)), '75%');
});

test('what a port says is handed on as it is: its meaning is judged elsewhere', async () => {
  const port = await agent((socket) => void socket.end('\u00fc\u0001\u0002 what?\n'));
  assert.equal(await wordOf(tcp(port)), '\u00fc\u0001\u0002 what?');
});

test('a port that says too much, nothing or is not there brings no word', async () => {
  const most = 'x'.repeat(AGENT_ANSWER_BYTES_MAX);
  const full = await agent((socket) => void socket.write(`${most}\n`));
  assert.equal(await wordOf(tcp(full)), most);
  const more = await agent((socket) => void socket.write(`${most}x\n`));
  assert.equal(await faultOf(tcp(more)), TOO_LONG);
  const endless = await agent((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', pour);
    pour();
  });
  assert.equal(await faultOf(tcp(endless)), TOO_LONG);
  const closed = await agent((socket) => void socket.end());
  assert.equal(await faultOf(tcp(closed)), 'an empty answer');
  const reset = await agent((socket) => void socket.resetAndDestroy());
  assert.equal(await faultOf(tcp(reset)), 'connection reset');
  // Nobody listens there.
  assert.equal(await faultOf(tcp(1)), 'connect refused');
});

test('a port that is mute is let go of at the deadline', async () => {
  let isLetGo = false;
  const mute = await agent((socket) => {
    socket.once('close', () => {
      isLetGo = true;
    });
  });
  assert.equal(await faultOf(tcp(mute, 300)), 'answer timed out after 0.3 s');
  await until(() => isLetGo, 'the connection is closed');
});

test('a page is asked for at its port, and its first line is the word', async () => {
  let seen: http.IncomingMessage | undefined;
  const port = await listen(
    http.createServer((request, response) => {
      seen = request;
      response.end('55% # three of nine\nmore for people\n');
    }),
  );
  assert.equal(await wordOf(page(port, '/load?of=web')), '55% # three of nine');
  assert.equal(seen?.url, '/load?of=web');
  assert.equal(seen?.headers.host, `${ADDRESS}:${port}`);
});

test('a page that is missing, endless or none at all brings no word', async () => {
  const missing = await listen(
    http.createServer((_request, response) => void response.writeHead(404).end('50%')),
  );
  assert.equal(await faultOf(page(missing)), 'HTTP 404 Not Found');
  const endless = await listen(
    http.createServer((_request, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('50%\n'.repeat(10_000)));
      };
      response.on('drain', pour);
      pour();
    }),
  );
  assert.equal(await faultOf(page(endless)), TOO_LONG);
  const other = await agent((socket) => void socket.end('220 smtp ready\r\n'));
  assert.equal(await faultOf(page(other)), 'not an HTTP answer');
  const closed = await agent((socket) => void socket.end());
  assert.equal(await faultOf(page(closed)), 'connection closed before an answer');
});

test('a program says its word on standard output; its arguments meet no shell', async () => {
  const folder = await makeFolder();
  const script = async (name: string, text: string): Promise<AgentCheck> => {
    const path = await folder.write(name, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return { ...tcp(80), via: 'command', path, args: ['10.0.0.1', '80; echo 1%'] };
  };
  const good = await script('good', 'echo noise >&2; echo "50% # $#:$1:$2"; echo 2');
  assert.equal(await wordOf(good), '50% # 2:10.0.0.1:80; echo 1%');
  assert.equal(await faultOf(await script('bad', 'echo 50%; exit 3')), 'exit 3: 50%');
  assert.equal(await faultOf(await script('mute', ':')), 'an empty answer');
  const long = await script('long', 'head -c 5000 /dev/zero | tr "\\0" x');
  assert.equal(await faultOf(long), TOO_LONG);
  assert.match(await faultOf({ ...good, path: folder.file('none') }), /^exec\(.*ENOENT/);
  const slow = await script('slow', 'sleep 60');
  assert.equal(await faultOf({ ...slow, timeout: millis(300) }), 'timed out after 0.3 s');
  await folder.remove();
});
