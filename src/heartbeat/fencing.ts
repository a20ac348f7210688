// Carries out the engine's orders to reset a node, and looks now and then whether the STONITH
// device answers at all, as heartbeat 3.0.6 does at its start and each hour.

import { logLine } from '../base/log-line.js';
import type { ClusterEvent } from '../cluster/cluster-event.js';
import type { StonithDevice } from '../config/ha-fencing.js';
import { createStonith, deviceName } from '../resources/stonith.js';
import type { Log } from '../runtime/log.js';

export interface Fencing {
  reset(id: number, node: string): void;
  close(): void;
}

const CHECK_INTERVAL_MS = 60 * 60 * 1000;

export function startFencing(
  device: StonithDevice | undefined,
  runDir: string,
  log: Log,
  offer: (event: ClusterEvent) => void,
): Fencing {
  // Without a device the engine orders nothing.
  if (device === undefined) return { reset: () => undefined, close: () => undefined };
  const stonith = createStonith(device, runDir);
  const name = deviceName(device);
  const check = async (): Promise<void> => {
    log.write(logLine('info', 'stonith-checked', `Checking status of STONITH device [${name}]`));
    const trouble = await stonith.check();
    if (trouble === undefined) return;
    const text = `STONITH device ${name} not operational! (${trouble})`;
    log.write(logLine('ERROR', 'stonith-broken', text));
  };
  void check();
  const timer = setInterval(() => void check(), CHECK_INTERVAL_MS);
  return {
    reset: (id, node) => {
      void stonith.reset(node).then((outcome) => {
        offer({ kind: 'node-reset', id, ...outcome });
      });
    },
    close: () => clearInterval(timer),
  };
}
