// The other side of the client interface: signs on to the heartbeat of this machine, be it Lubdub
// or 3.0.6, and asks it questions. For the command cl_status.

import net from 'node:net';
import { hostname } from 'node:os';
import { failure, ok, type Result } from '../base/result.js';
import { createClientFrameReader, encodeClientFrame } from '../wire/client-frame.js';
import { fieldText, type HaMessage, haMessage, textField } from '../wire/ha-message.js';

export type SignOnCode = 'not-running' | 'refused' | 'timed-out';

export interface ClientConnection {
  /** The messages of one answer; undefined when none came in time. */
  ask(
    request: string,
    fields: Readonly<Record<string, string>>,
    waitMs?: number,
  ): Promise<readonly HaMessage[] | undefined>;
  /** Signs off and closes. */
  close(): void;
}

const ANSWER_WAIT_MS = 5000;

interface Waiting {
  readonly type: string;
  readonly messages: HaMessage[];
  readonly settle: (answer: readonly HaMessage[] | undefined) => void;
}

/** `ok/more` continues a list; a remote client's status comes without the request's name. */
function takeMessage(waiting: Waiting, message: HaMessage): boolean {
  const type = fieldText(message, 't');
  const isRemote = waiting.type === 'clientstatus' && type === 'respond-cstatus';
  const isAnswer = type === 'hbapi-resp' && fieldText(message, 'reqtype') === waiting.type;
  if (!isRemote && !isAnswer) return false;
  waiting.messages.push(message);
  if (fieldText(message, 'result') === 'ok/more') return false;
  waiting.settle(waiting.messages);
  return true;
}

function connectionOn(socket: net.Socket): ClientConnection {
  const reader = createClientFrameReader();
  const pid = String(process.pid);
  let waiting: Waiting | undefined;
  socket.on('data', (chunk) => {
    if (typeof chunk === 'string') return;
    const read = reader.read(new Uint8Array(chunk));
    if (!read.ok) socket.destroy();
    else
      for (const each of read.value) if (waiting && takeMessage(waiting, each)) waiting = undefined;
  });
  socket.on('close', () => waiting?.settle(undefined));
  socket.on('error', () => socket.destroy());
  const send = (request: string, fields: Readonly<Record<string, string>>): void => {
    const head = { t: 'hbapi-req', reqtype: request, dest: hostname().toLowerCase(), pid };
    const all = Object.entries({ ...head, from_id: pid, ...fields });
    const message = haMessage(...all.map(([name, text]) => textField(name, text)));
    socket.write(encodeClientFrame(message, 'classic'));
  };
  return {
    ask: (request, fields, waitMs = ANSWER_WAIT_MS) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => settle(undefined), waitMs);
        const settle = (answer: readonly HaMessage[] | undefined): void => {
          clearTimeout(timer);
          waiting = undefined;
          resolve(answer);
        };
        waiting = { type: request, messages: [], settle };
        send(request, fields);
      }),
    close: () => {
      send('signoff', {});
      socket.end();
    },
  };
}

/** Signs on without a name, as monitors do. The detail of a refusal is the daemon's word. */
export function signOn(path: string): Promise<Result<ClientConnection, SignOnCode>> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    const onFault = (cause: NodeJS.ErrnoException): void => {
      const isForbidden = cause.code === 'EACCES' || cause.code === 'EPERM';
      resolve(failure(isForbidden ? 'refused' : 'not-running', cause.message));
    };
    socket.once('error', onFault);
    socket.once('connect', () => {
      socket.off('error', onFault);
      const connection = connectionOn(socket);
      const uid = String(process.geteuid?.() ?? 0);
      const gid = String(process.getegid?.() ?? 0);
      void connection.ask('signon', { uid, gid }).then((answer) => {
        const result = answer?.[0] === undefined ? undefined : fieldText(answer[0], 'result');
        if (result === 'OK') return resolve(ok(connection));
        socket.destroy();
        const info = answer?.[0] === undefined ? '' : (fieldText(answer[0], 'info') ?? '');
        return resolve(failure(answer === undefined ? 'timed-out' : 'refused', info));
      });
    });
  });
}
