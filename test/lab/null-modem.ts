// A null-modem cable between two emulated machines: each machine's UART is a socket, and the test
// carries the bytes, so that it can pull the cable or garble it. A pulled cable swallows what is
// sent, as a real one does.

import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { waitFor } from './wait.js';

const connectMs = 60_000;
/** Noise comes in pieces of this size, between the pieces of messages. */
const noiseBytes = 24;

type Condition = 'whole' | 'pulled' | 'noisy' | 'halved';

interface End {
  readonly path: string;
  readonly server: Server;
  socket: Socket | undefined;
}

/** Any byte at all, those of a frame's own words among them. */
function noise(): Buffer {
  return Buffer.from(Array.from({ length: noiseBytes }, () => Math.floor(Math.random() * 256)));
}

export class NullModem {
  condition: Condition = 'whole';
  /** Bytes that came out at each end. */
  readonly arrived: [number, number] = [0, 0];
  private readonly ends: readonly [End, End];

  constructor(folder: string) {
    const makeEnd = (at: 0 | 1): End => {
      const end: End = {
        path: join(folder, `cable-${at}`),
        server: createServer((socket) => {
          end.socket = socket;
          socket.on('error', () => undefined);
          socket.on('data', (bytes: Buffer) => this.carry(at === 0 ? 1 : 0, bytes));
        }),
        socket: undefined,
      };
      end.server.listen(end.path);
      return end;
    };
    this.ends = [makeEnd(0), makeEnd(1)];
  }

  path(at: 0 | 1): string {
    return this.ends[at].path;
  }

  /** Both machines have plugged it in. */
  async ready(): Promise<void> {
    for (const end of this.ends) {
      await waitFor(`a machine at ${end.path}`, connectMs, () => end.socket);
    }
  }

  private carry(to: 0 | 1, bytes: Buffer): void {
    const changed = this.change(bytes);
    if (changed.length === 0) return;
    this.arrived[to] += changed.length;
    this.ends[to].socket?.write(changed);
  }

  private change(bytes: Buffer): Buffer {
    switch (this.condition) {
      case 'whole':
        return bytes;
      case 'pulled':
        return Buffer.alloc(0);
      case 'noisy':
        return Buffer.concat([noise(), bytes.subarray(bytes.length / 4), noise()]);
      case 'halved':
        return bytes.subarray(0, bytes.length / 2);
    }
  }

  end(): void {
    for (const end of this.ends) {
      end.socket?.destroy();
      end.server.close();
    }
  }
}
