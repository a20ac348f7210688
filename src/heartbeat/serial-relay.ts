// Serial media live in the main thread and are relayed to the beat worker. The serialport package
// polls on the process's first event loop whatever thread opened the port, and V8 aborts the
// process when its callback comes there for a port of a worker (seen with serialport 13.0.0).
// UDP media stay in the worker; a busy main thread delays serial beats alone.

import type { Medium, MediumCounters, MediumListener, MediumSetting } from '../media/medium.js';
import { openMedium } from '../media/open-medium.js';
import type { SerialFromWorker, SerialToWorker } from './worker-messages.js';

export type SerialSetting = Extract<MediumSetting, { readonly kind: 'serial' }>;

export const isSerial = (setting: MediumSetting): setting is SerialSetting =>
  setting.kind === 'serial';

const noCounters: MediumCounters = { sent: 0, received: 0, dropped: 0, errors: {} };

/** The worker's end: looks like any medium. */
export interface RelayedMedium {
  readonly medium: Medium;
  take(message: SerialToWorker): void;
}

export function relayedMedium(
  setting: SerialSetting,
  listener: MediumListener,
  tell: (message: SerialFromWorker) => void,
): RelayedMedium {
  return {
    medium: {
      name: setting.path,
      kind: 'serial',
      // The datagram is not needed on a serial line, and is not sent through the port for nothing.
      send: ({ line }) => tell({ kind: 'line-out', path: setting.path, line }),
      counters: () => noCounters,
      close: () => undefined,
    },
    take: (message) => {
      if (message.kind === 'line-in') listener.onBytes(message.bytes);
      else if (message.isUp) listener.onUp();
      else listener.onDown(message.reason);
    },
  };
}

/** The main thread's end: the real ports. */
export interface SerialPorts {
  send(message: SerialFromWorker): void;
  countersOf(path: string): MediumCounters | undefined;
  close(): void;
}

const noBytes = new Uint8Array(0);

export function openSerialPorts(
  settings: readonly SerialSetting[],
  tell: (message: SerialToWorker) => void,
): SerialPorts {
  const ports = new Map<string, Medium>();
  for (const setting of settings) {
    const { path } = setting;
    const listener: MediumListener = {
      onBytes: (bytes) => tell({ kind: 'line-in', path, bytes }),
      onUp: () => tell({ kind: 'line-state', path, isUp: true, reason: '' }),
      onDown: (reason) => tell({ kind: 'line-state', path, isUp: false, reason }),
    };
    ports.set(path, openMedium(setting, listener));
  }
  return {
    send: ({ path, line }) => ports.get(path)?.send({ line, datagram: noBytes }),
    countersOf: (path) => ports.get(path)?.counters(),
    close: () => {
      for (const port of ports.values()) port.close();
    },
  };
}
