// Datagrams to one server and back: a connected socket, so that only that server's answers come up
// and its refusals are errors, with requests repeated until something comes.

import dgram from 'node:dgram';
import { type CheckVerdict, down } from '../../checks/check-verdict.js';
import type { AddressFamily } from '../../wire/ipvs-table.js';
import { downOfError } from './check-error.js';
import type { CheckContext } from './run-check.js';

/** A lost request is sent again after this; servers take longer only when they are in trouble. */
const REPEAT_MS = 1000;
/** The first one included. */
const SENDINGS_MAX = 4;

export interface DatagramTarget {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
}

export interface Datagrams {
  readonly ok: true;
  readonly socket: dgram.Socket;
  /** `mayRepeat`: send it again while nothing has come. */
  send(bytes: Uint8Array, mayRepeat: boolean): void;
  onReceive(take: (bytes: Uint8Array) => void): void;
  /** The server's machine says that nobody listens, or there is no way to it. */
  onError(take: (verdict: CheckVerdict) => void): void;
}

export type OpenedDatagrams = Datagrams | { readonly ok: false; readonly verdict: CheckVerdict };

const refusal = (cause: Error): CheckVerdict => {
  const verdict = downOfError(cause);
  return verdict.reason === 'connect refused' ? down('port unreachable', 'refused') : verdict;
};

export function openDatagrams(
  target: DatagramTarget,
  { signal }: CheckContext,
): Promise<OpenedDatagrams> {
  const socket = dgram.createSocket(target.family === 6 ? 'udp6' : 'udp4');
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    clearInterval(timer);
    socket.close();
  };
  signal.addEventListener('abort', close, { once: true });
  return new Promise((resolve) => {
    let onError = (verdict: CheckVerdict): void => resolve({ ok: false, verdict });
    const fail = (cause: Error): void => onError(refusal(cause));
    socket.on('error', fail);
    const send = (bytes: Uint8Array, mayRepeat: boolean): void => {
      clearInterval(timer);
      let count = 0;
      const sendOnce = (): void => {
        if (isClosed || count >= SENDINGS_MAX) return;
        count++;
        socket.send(bytes, (cause) => {
          if (cause !== null) fail(cause);
        });
      };
      sendOnce();
      if (mayRepeat) timer = setInterval(sendOnce, REPEAT_MS);
    };
    const onReceive = (take: (bytes: Uint8Array) => void): void => {
      socket.on('message', take);
    };
    socket.once('connect', () =>
      resolve({
        ok: true,
        socket,
        send,
        onReceive,
        onError: (take) => {
          onError = take;
        },
      }),
    );
    try {
      socket.connect(target.port, target.address);
    } catch (cause) {
      resolve({ ok: false, verdict: downOfError(cause) });
    }
  });
}
