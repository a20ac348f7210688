// Reasons to check at once: what the kernel says, and connections of our own that break.

import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { plainHealth } from '#src/config/director-health.js';
import {
  gatherSuspects,
  type Suspect,
  suspectingListener,
  watchConnections,
} from '#src/ldirectord/server-watch.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { until } from './fixture.js';

const health = { ...plainHealth, isWatchConn: true };

async function listener(): Promise<{ server: net.Server; open: Set<net.Socket>; name: string }> {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.9.3.1', resolve));
  // A TCP server's address is always this object.
  const { port } = server.address() as AddressInfo;
  return { server, open, name: `127.9.3.1:${port}` };
}

test('a server in two services has one connection, and its reset is told once', async () => {
  const { server, open, name } = await listener();
  const told: (readonly string[])[] = [];
  const watch = watchConnections((names) => told.push([...(names ?? [])]));
  const reals = [real(name)];
  const both = config([
    virtual('10.0.0.100:80', reals, { health }),
    virtual('10.0.0.101:80', reals, { health }),
  ]);
  watch.configure(both, true);
  await until(() => open.size === 1, 'the connection');
  for (const socket of open) socket.resetAndDestroy();
  await until(() => told.length > 0, 'the suspicion');
  assert.deepEqual(told, [[name]]);
  await until(() => open.size === 1, 'the next connection');
  watch.configure(both, false);
  await until(() => open.size === 0, 'no connection of one that stands by');
  assert.equal(told.length, 1);
  watch.stop();
  server.close();
});

test('without watchconn, and for UDP, no connection is made', async () => {
  const { server, open, name } = await listener();
  const watch = watchConnections(() => assert.fail('nothing to be told'));
  const udp = {
    kind: 'address',
    family: 4,
    protocol: 'udp',
    address: '10.0.0.9',
    port: 53,
  } as const;
  watch.configure(
    config([
      virtual('10.0.0.100:80', [real(name)]),
      virtual('10.0.0.9:53', [real(name)], { key: udp, health }),
    ]),
    true,
  );
  await new Promise((resolve) => setImmediate(resolve));
  server.getConnections((_, count) => assert.equal(count, 0));
  assert.equal(open.size, 0);
  watch.stop();
  server.close();
});

test('a neighbour and a route speak against their addresses, a link against all', () => {
  const told: (readonly string[] | undefined)[] = [];
  const suspect: Suspect = (names) => told.push(names && [...names]);
  const heard = suspectingListener(suspect, () => ['10.1.2.3', '10.9.9.9', '2001:db8::1']);
  heard.onNeighbour?.({ interfaceIndex: 2, address: '10.1.2.3', state: 0x20, mac: '' });
  heard.onNeighbour?.({ interfaceIndex: 2, address: '10.1.2.3', state: 0x02, mac: '' });
  heard.onRouteRemoved?.({ destination: Uint8Array.of(10, 1, 0, 0), prefixLength: 16 });
  heard.onRouteRemoved?.({ destination: Uint8Array.of(10, 7, 0, 0), prefixLength: 16 });
  heard.onRouteRemoved?.({ destination: new Uint8Array(16), prefixLength: 0 });
  const link = { index: 99, name: 'eth9', hardwareType: 1, mac: '', isUp: true, hasCarrier: true };
  heard.onLink?.({ ...link, hasCarrier: false }, true);
  heard.onLink?.(link, true);
  heard.onLink?.({ ...link, hasCarrier: false }, true);
  heard.onLink?.({ ...link, hasCarrier: false }, true);
  assert.deepEqual(told, [['10.1.2.3'], ['10.1.2.3'], ['2001:db8::1'], undefined]);
});

test('what comes in one turn is told as one', async () => {
  const told: (readonly string[] | undefined)[] = [];
  const suspect = gatherSuspects((names) => told.push(names && [...names]));
  suspect(new Set(['a']));
  suspect(new Set(['b']));
  await new Promise((resolve) => setImmediate(resolve));
  suspect(new Set(['a']));
  suspect(undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, [['a', 'b'], undefined]);
});
