// An authority of the operator's own, named in the environment: chains are verified against it
// then, for https, imaps and pops; names are not. The setting is the process's, so that it has a
// file of its own.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { millis } from '#src/base/time.js';
import type { CheckSpec } from '#src/checks/check-spec.js';
import type { CheckVerdict } from '#src/checks/check-verdict.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { type Listener, listen } from '../../listeners/listener.js';
import { authorityCertificate, trustedCertificate, trustedKey } from '../../listeners/trusted.js';

const folder = mkdtempSync(join(tmpdir(), 'lubdub-authority-'));
const address = '127.9.3.2';
const trusted = { cert: trustedCertificate, key: trustedKey };

before(() => {
  writeFileSync(join(folder, 'ca.pem'), authorityCertificate);
  process.env.SSL_CERT_FILE = join(folder, 'ca.pem');
});

after(() => rmSync(folder, { recursive: true }));

const https = (port: number): CheckSpec => ({
  kind: 'http',
  family: 4,
  address,
  port,
  timeout: millis(5000),
  scheme: 'https',
  method: 'GET',
  url: `https://${address}:${port}/`,
  host: address,
  isProxy: false,
  receive: '',
});

const imaps = (port: number): CheckSpec => ({
  kind: 'dialogue',
  protocol: 'imap',
  transport: 'tls',
  family: 4,
  address,
  port,
  timeout: millis(5000),
  login: '',
  password: '',
  request: '',
  receive: '',
});

async function check(
  behaviour: Listener,
  spec: (port: number) => CheckSpec,
): Promise<CheckVerdict> {
  const running = await listen(address, 'tcp/0', () => behaviour, { trusted });
  const verdict = await new Promise<CheckVerdict>((resolve) =>
    createCheckRunner().start(1, spec(running.port), resolve),
  );
  await running.close();
  return verdict;
}

for (const [name, kind, spec] of [
  ['https', 'http', https],
  ['imaps', 'imap', imaps],
] as const) {
  test(`${name}: a certificate of the named authority is up, whatever its name`, async () => {
    assert.equal((await check({ kind, tls: 'trusted' }, spec)).isUp, true);
  });

  test(`${name}: a self-signed certificate is down then, and the reason says so`, async () => {
    const verdict = await check({ kind, tls: true }, spec);
    assert.equal(verdict.isUp, false);
    assert.match(verdict.reason, /certificate/);
  });
}
