// The connect check: a TCP connection is made and closed at once, nothing is sent or read.

import net from 'node:net';
import type { ConnectCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { downOfError } from './check-error.js';
import type { CheckContext } from './run-check.js';

export function runConnectCheck(
  spec: ConnectCheck,
  { whenOver, waitFor }: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return Promise.resolve(down('no port to connect to: set checkport'));
  waitFor('connect');
  return new Promise((resolve) => {
    const socket = net.connect({ host: spec.address, port: spec.port });
    whenOver(() => socket.destroy());
    socket.once('connect', () => {
      resolve(up('connected'));
      // An orderly close: a reset would fill the logs of the real server.
      socket.destroy();
    });
    socket.once('error', (cause) => resolve(downOfError(cause)));
  });
}
