// Real servers as real HTTP servers on loopback addresses, and a director machine whose kernel
// table is a model and whose intervals are short.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from '#src/base/result.js';
import type { DirectorMachine } from '#src/ldirectord/director-machine.js';
import { createCheckRunner } from '#src/runtime/checks/run-check.js';
import { readNow } from '#src/runtime/clock.js';
import { loadDirectorFile } from '#src/runtime/load-files.js';
import type { FakeIpvs } from '../../simulation/fake-ipvs.js';

export interface WebServer {
  readonly address: string;
  readonly port: number;
  status: number;
  body: string;
  /** Takes requests and never answers. */
  isMute: boolean;
  readonly requests: http.IncomingMessage[];
  close(): Promise<void>;
}

export async function startWebServer(address: string, port = 0): Promise<WebServer> {
  const requests: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    if (web.isMute) return;
    response.writeHead(web.status, { 'Content-Type': 'text/html' });
    response.end(web.body);
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  // A TCP server's address is always this object.
  const bound = server.address() as AddressInfo;
  const web: WebServer = {
    address,
    port: bound.port,
    status: 200,
    body: 'Test Page\n',
    isMute: false,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return web;
}

/** The check interval of the file is shortened: tests do not wait for seconds. */
export const fakeMachine = (kernel: FakeIpvs, intervalSeconds = 0.05): DirectorMachine => ({
  loadConfig: async (path) => {
    const loaded = await loadDirectorFile(path);
    if (loaded.config === undefined) return loaded;
    const checkIntervalSeconds = intervalSeconds;
    const virtuals = loaded.config.virtuals.map((one) => ({ ...one, checkIntervalSeconds }));
    return { ...loaded, config: { ...loaded.config, checkIntervalSeconds, virtuals } };
  },
  openTable: () =>
    ok({
      read: () => ok(kernel.read()),
      apply: (requests) => ok(kernel.apply(requests)),
      close: () => undefined,
    }),
  createCheckRunner,
  readNow,
});

export interface Folder {
  readonly path: string;
  file(name: string): string;
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'lubdub-director-'));
  return {
    path,
    file: (name) => join(path, name),
    write: async (name, text) => {
      await writeFile(join(path, name), text);
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Resolves when `holds` does; it is asked after each turn of the loop, for at most `limitMs`. */
export async function until(holds: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
