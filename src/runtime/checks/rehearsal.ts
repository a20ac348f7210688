// One HTTP check of ourselves before the first real one: loading the client and running it for the
// first time costs a tenth of a second here and seconds on an emulated machine, which would count
// against the real server that happens to come first.

import http from 'node:http';
import { millis } from '../../base/time.js';
import { runByClient } from './http.js';

/** Better an unrehearsed check than none. */
const REHEARSAL_MS_MAX = 20_000;

export async function rehearseHttp(): Promise<void> {
  const server = http.createServer((_request, response) => response.end('rehearsal'));
  const end = AbortSignal.timeout(REHEARSAL_MS_MAX);
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return;
  const address = '127.0.0.1';
  await runByClient(
    {
      kind: 'http',
      family: 4,
      address,
      port: bound.port,
      timeout: millis(REHEARSAL_MS_MAX),
      scheme: 'http',
      method: 'GET',
      url: `http://${address}:${bound.port}/`,
      host: address,
      isProxy: false,
      receive: 'rehears.*',
    },
    { signal: end, whenOver: () => undefined, waitFor: () => undefined },
  );
  server.closeAllConnections();
  server.close();
}
