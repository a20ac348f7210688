// A relay in front of a real server that passes its answers on byte by byte, slowly.

import net from 'node:net';

/** Listens on the same address at another port; what the client says goes through at once. */
export function relaySlowly(
  address: string,
  from: number,
  to: number,
  everyMs: number,
): Promise<net.Server> {
  // A client that has said all is not hung up on.
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const real = net.connect({ host: address, port: from });
    const waiting: number[] = [];
    const timer = setInterval(() => {
      const byte = waiting.shift();
      if (byte !== undefined && !client.destroyed) client.write(Buffer.of(byte));
    }, everyMs);
    real.on('data', (bytes: Buffer) => void waiting.push(...bytes));
    client.on('data', (bytes: Buffer) => void real.write(bytes));
    for (const one of [client, real]) one.on('error', () => undefined);
    client.once('close', () => {
      clearInterval(timer);
      real.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(to, address, () => resolve(server));
  });
}
