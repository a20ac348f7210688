// https checks: no verification of the chain unless an authority is named, and the virtual host as
// the name in TLS.

import assert from 'node:assert/strict';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { millis } from '#src/base/time.js';
import type { HttpCheck } from '#src/checks/check-spec.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { certificate, privateKey } from './self-signed.js';

async function check(host: string): Promise<{ verdict: CheckVerdict; name: string | false }> {
  let name: string | false = false;
  const server = https.createServer({ cert: certificate, key: privateKey }, (request, response) => {
    // The socket of an https server's request is a TLS one.
    name = (request.socket as TLSSocket & { servername?: string | false }).servername ?? false;
    response.end(`Host ${request.headers.host}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.9.3.1', resolve));
  // A TCP server's address is always this object.
  const { port } = server.address() as AddressInfo;
  const spec: HttpCheck = {
    kind: 'http',
    family: 4,
    address: '127.9.3.1',
    port,
    timeout: millis(5000),
    scheme: 'https',
    method: 'GET',
    url: `https://127.9.3.1:${port}/`,
    host,
    isProxy: false,
    receive: `^Host ${host}$`,
  };
  const verdict = await new Promise<CheckVerdict>((resolve) =>
    createCheckRunner().start(1, spec, ({ isUp, reason }) => resolve({ isUp, reason })),
  );
  server.closeAllConnections();
  server.close();
  return { verdict, name };
}

test('a self-signed certificate is up, and an address is not sent as a server name', async () => {
  const { verdict, name } = await check('127.9.3.1');
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200' });
  assert.equal(name, false);
});

test('the virtual host is the server name of TLS and the Host header', async () => {
  const { verdict, name } = await check('shop.lab.example');
  assert.deepEqual(verdict, { isUp: true, reason: 'HTTP 200' });
  assert.equal(name, 'shop.lab.example');
});
