// The adapters against real servers on loopback addresses.

import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { millis } from '#src/base/time.js';
import type { CheckSpec, HttpCheck } from '#src/checks/check-spec.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { makeFolder, until } from '../ldirectord/fixture.js';

const runner = createCheckRunner();
const closers: (() => void)[] = [];
after(() => {
  runner.stop();
  for (const close of closers) close();
});

let lastId = 0;
const run = (spec: CheckSpec): Promise<CheckVerdict> =>
  new Promise((resolve) =>
    runner.start(++lastId, spec, ({ isUp, reason }) => resolve({ isUp, reason })),
  );

async function listen(server: net.Server, address: string): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  closers.push(() => server.close());
  // A TCP server's address is always this object.
  return (server.address() as AddressInfo).port;
}

const web = (handler: http.RequestListener, address = '127.9.2.1'): Promise<number> =>
  listen(http.createServer(handler), address);

const httpCheck = (port: number, more: Partial<HttpCheck> = {}): HttpCheck => ({
  kind: 'http',
  family: 4,
  address: '127.9.2.1',
  port,
  timeout: millis(5000),
  scheme: 'http',
  method: 'GET',
  url: `http://127.9.2.1:${port}/index.html`,
  host: '127.9.2.1',
  isProxy: false,
  receive: '',
  ...more,
});

const connectCheck = (port: number): CheckSpec => ({
  kind: 'connect',
  family: 4,
  address: '127.9.2.1',
  port,
  timeout: millis(5000),
});

test('a connect is up when the port is open and says why when it is not', async () => {
  const server = net.createServer((socket) => socket.destroy());
  const port = await listen(server, '127.9.2.1');
  assert.deepEqual(await run(connectCheck(port)), { isUp: true, reason: 'connected' });
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await run(connectCheck(port)), { isUp: false, reason: 'connect refused' });
});

const failureOfRun = (spec: CheckSpec): Promise<string | undefined> =>
  new Promise((resolve) => runner.start(++lastId, spec, ({ failure }) => resolve(failure)));

test('a failed check says whether it was refused, timed out or wrong', async () => {
  const mute = await listen(
    net.createServer(() => undefined),
    '127.9.2.1',
  );
  const cut = await listen(
    net.createServer((socket) => socket.resetAndDestroy()),
    '127.9.2.1',
  );
  const bad = await web((_request, response) => response.writeHead(500).end());
  const timeout = millis(1500);
  assert.equal(await failureOfRun(httpCheck(mute, { timeout })), 'timed-out');
  assert.equal(await failureOfRun(httpCheck(cut)), 'refused');
  assert.equal(await failureOfRun(httpCheck(bad)), undefined);
  // Nobody listens there.
  assert.equal(await failureOfRun(connectCheck(1)), 'refused');
  assert.equal(await failureOfRun(httpCheck(1)), 'refused');
});

test('an http request has Host without a port and closes its connection', async () => {
  let seen: http.IncomingMessage | undefined;
  const port = await web((request, response) => {
    seen = request;
    response.end('Test Page');
  });
  const verdict = await run(httpCheck(port, { receive: 'Test.*Page' }));
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200' });
  assert.equal(seen?.headers.host, '127.9.2.1');
  assert.equal(seen?.headers.connection, 'close');
  assert.equal(seen?.url, '/index.html');
});

test('no proxy of the environment is asked', async () => {
  process.env.http_proxy = 'http://127.9.2.99:1';
  try {
    const port = await web((_request, response) => response.end('ok'));
    assert.equal((await run(httpCheck(port))).isUp, true);
  } finally {
    delete process.env.http_proxy;
  }
});

test('redirects are followed to other hosts, and the last answer counts', async () => {
  let host: string | undefined;
  const other = await web((request, response) => {
    host = request.headers.host;
    response.end('here');
  }, '127.9.2.2');
  const port = await web((_request, response) => {
    response.writeHead(302, { Location: `http://127.9.2.2:${other}/` }).end();
  });
  const verdict = await run(httpCheck(port, { host: 'www.lab.example', receive: 'here' }));
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200 after 1 redirects' });
  assert.equal(host, `127.9.2.2:${other}`);
});

test('a proxy is asked with the whole URL and the Host of its origin', async () => {
  let seen: http.IncomingMessage | undefined;
  const port = await web((request, response) => {
    seen = request;
    response.end('pong');
  });
  const url = 'http://origin.lab.example/ping';
  const verdict = await run(httpCheck(port, { isProxy: true, url, host: '', receive: 'pong' }));
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200' });
  assert.equal(seen?.url, url);
  assert.equal(seen?.headers.host, 'origin.lab.example');
});

test('an endless redirect is down', async () => {
  const port = await web((_request, response) => {
    response.writeHead(302, { Location: '/again' }).end();
  });
  assert.deepEqual(await run(httpCheck(port)), { isUp: false, reason: 'too many redirects' });
});

test('a HEAD answer has no body, so that a pattern never matches', async () => {
  const port = await web((_request, response) => response.end('Test Page'));
  assert.equal((await run(httpCheck(port, { method: 'HEAD' }))).isUp, true);
  const matched = await run(httpCheck(port, { method: 'HEAD', receive: 'Test' }));
  assert.equal(matched.isUp, false);
});

test('a page without end is read up to the limit and judged', async () => {
  const port = await web((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('Test Page '.repeat(1000)));
    };
    response.on('drain', more);
    more();
  });
  const verdict = await run(httpCheck(port, { receive: 'Test' }));
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200' });
});

test('a pattern that explodes is stopped and told', async () => {
  const port = await web((_request, response) => response.end(`${'a'.repeat(40)}!`));
  const verdict = await run(httpCheck(port, { receive: '(a+)+b' }));
  assert.match(verdict.reason, /receive: no result within 50 ms/);
});

test('a broken pattern fails the check and nothing else', async () => {
  const port = await web((_request, response) => response.end('x'));
  const verdict = await run(httpCheck(port, { receive: '(Test' }));
  assert.equal(verdict.isUp, false);
  assert.match(verdict.reason, /unmatched \( in "\(Test"/);
});

test('a server that does not answer is down at the deadline with what was awaited', async () => {
  const port = await web(() => undefined);
  const verdict = await run(httpCheck(port, { timeout: millis(1500) }));
  assert.deepEqual(verdict, { isUp: false, reason: 'answer timed out after 1.5 s' });
});

test('a server that drips for ever is down at the deadline', async () => {
  const port = await web((_request, response) => {
    const timer = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(timer));
  });
  const verdict = await run(httpCheck(port, { timeout: millis(200), receive: 'x' }));
  assert.equal(verdict.isUp, false);
  assert.match(verdict.reason, /timed out after 0\.2 s/);
});

test('a cancelled check lets its connection go and answers nothing', async () => {
  let isClosed = false;
  const port = await web((request) => {
    request.socket.on('close', () => {
      isClosed = true;
    });
    runner.cancel(id);
  });
  const id = ++lastId;
  let isAnswered = false;
  runner.start(id, httpCheck(port), () => {
    isAnswered = true;
  });
  await until(() => isClosed, 'the connection is closed');
  assert.equal(isAnswered, false);
});

const external = (command: string, more: Partial<CheckSpec> = {}): CheckSpec =>
  ({
    kind: 'external',
    command,
    args: ['10.0.0.100', '80', '10.0.0.1', '8080'],
    interpreter: 'none',
    timeout: millis(5000),
    ...more,
  }) as CheckSpec;

test('an external command gets four arguments, and its exit code is the verdict', async () => {
  const folder = await makeFolder();
  const good = await folder.write('good', '#!/bin/sh\necho "$#:$*"\n');
  const bad = await folder.write('bad', '#!/bin/sh\necho broken >&2\nexit 3\n');
  await chmod(good, 0o755);
  await chmod(bad, 0o755);
  const up = await run(external(good));
  assert.deepEqual(up, { isUp: true, reason: 'exit 0: 4:10.0.0.100 80 10.0.0.1 8080' });
  assert.deepEqual(await run(external(bad)), { isUp: false, reason: 'exit 3: broken' });
  assert.match((await run(external(`${good} --quick`))).reason, /^exec\(.*ENOENT/);
  await folder.remove();
});

test('an external command that dies by a signal is down', async () => {
  const folder = await makeFolder();
  const path = await folder.write('dies', '#!/bin/sh\nkill -9 $$\n');
  await chmod(path, 0o755);
  assert.deepEqual(await run(external(path)), { isUp: false, reason: 'killed by SIGKILL' });
  await folder.remove();
});

test('an external command that hangs is ended with its whole process group', async () => {
  const folder = await makeFolder();
  const path = await folder.write(
    'hangs',
    `#!/bin/sh\nsleep 60 &\necho $! > ${folder.path}/pid\nwait\n`,
  );
  await chmod(path, 0o755);
  const verdict = await run(external(path, { timeout: millis(500) }));
  assert.deepEqual(verdict, { isUp: false, reason: 'timed out after 0.5 s' });
  const { readFileSync, existsSync } = await import('node:fs');
  const child = readFileSync(folder.file('pid'), 'utf8').trim();
  const isGone = (): boolean =>
    !existsSync(`/proc/${child}`) || / Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8'));
  await until(isGone, 'the sleeping child is gone');
  await folder.remove();
});

/** A server of a few words of FTP with one file, in passive mode. */
async function ftpServer(file: string, text: string): Promise<number> {
  const server = net.createServer((socket) => {
    socket.write('220 ready\r\n');
    let data: net.Socket | undefined;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const [verb = '', argument = ''] = chunk.toString().trim().split(' ');
      const answers: Readonly<Record<string, string>> = {
        USER: '331 password\r\n',
        PASS: '230 in\r\n',
        TYPE: '200 ok\r\n',
        QUIT: '221 bye\r\n',
      };
      if (verb === 'PASV' || verb === 'EPSV') {
        const passive = net.createServer((connection) => {
          data = connection;
          passive.close();
        });
        passive.listen(0, '127.9.2.1', () => {
          const { port } = passive.address() as AddressInfo;
          const tuple = `127,9,2,1,${port >> 8},${port & 255}`;
          const epsv = `229 Entering (|||${port}|)\r\n`;
          socket.write(verb === 'EPSV' ? epsv : `227 Entering (${tuple})\r\n`);
        });
      } else if (verb === 'RETR') {
        if (argument !== file) {
          socket.write('550 no such file\r\n');
          return;
        }
        socket.write('150 coming\r\n');
        const send = (): void => {
          data?.end(text, () => socket.write('226 done\r\n'));
          if (data === undefined) setImmediate(send);
        };
        send();
      } else socket.write(answers[verb] ?? '502 unknown\r\n');
    });
  });
  return listen(server, '127.9.2.1');
}

const ftpCheck = (port: number, path: string, receive: string): CheckSpec => ({
  kind: 'ftp',
  family: 4,
  address: '127.9.2.1',
  port,
  timeout: millis(5000),
  login: 'anonymous',
  password: 'x@y',
  path,
  receive,
});

test('an ftp check logs in, fetches the file and matches it', async () => {
  const port = await ftpServer('/welcome.msg', 'Welcome\n');
  const good = await run(ftpCheck(port, '/welcome.msg', 'Welcome'));
  assert.deepEqual(good, { isUp: true, reason: 'FTP file /welcome.msg' });
  assert.equal((await run(ftpCheck(port, '/welcome.msg', 'Other'))).isUp, false);
  const missing = await run(ftpCheck(port, '/other', ''));
  assert.equal(missing.isUp, false);
  assert.match(missing.reason, /550/);
  assert.deepEqual(await run(ftpCheck(port, '/', '')), { isUp: true, reason: 'FTP 230' });
});

test('an ftp server that is mute is down at the deadline', async () => {
  const port = await listen(
    net.createServer((socket) => void socket.on('error', () => undefined)),
    '127.9.2.1',
  );
  const spec = { ...ftpCheck(port, '/', ''), timeout: millis(1500) };
  const verdict = await run(spec);
  assert.deepEqual(verdict, { isUp: false, reason: 'connect timed out after 1.5 s' });
});
