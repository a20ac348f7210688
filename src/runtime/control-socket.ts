// How commands talk to a running daemon: a Unix stream socket, one JSON object a line in each
// direction, one question a connection. The socket is for its owner alone (mode 0600, the folder
// 0700), made so by the umask before `listen`, because a chmod afterwards would leave a gap.

import { mkdir, unlink } from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import { failure, ok, type Result } from '../base/result.js';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };
export type JsonObject = { readonly [name: string]: JsonValue | undefined };

/** A question longer than this is refused; answers may be as long as a status of a large farm. */
const QUESTION_BYTES_MAX = 64 * 1024;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Connections at once; more wait in the kernel's backlog. */
const CONNECTIONS_MAX = 32;
/** A client that connects and asks nothing is dropped after this. */
const QUESTION_WAIT_MS = 5000;

export interface ControlServer {
  readonly path: string;
  close(): Promise<void>;
}

export type ControlHandler = (question: JsonObject) => Promise<JsonObject>;

export type AskCode = 'not-running' | 'no-permission' | 'timed-out' | 'bad-answer';

const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function serveConnection(socket: net.Socket, handler: ControlHandler): void {
  let text = '';
  let isAsked = false;
  socket.setEncoding('utf8');
  socket.setTimeout(QUESTION_WAIT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const answer = (value: JsonObject): void => {
    if (!socket.destroyed) socket.end(`${JSON.stringify(value)}\n`);
  };
  socket.on('data', (chunk: string) => {
    if (isAsked) return;
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0) {
      if (text.length > QUESTION_BYTES_MAX) socket.destroy();
      return;
    }
    isAsked = true;
    socket.setTimeout(0);
    const question = parseObject(text.slice(0, end));
    if (question === undefined) {
      answer({ ok: false, error: 'the question is not a JSON object' });
      return;
    }
    handler(question).then(answer, (cause: unknown) => answer({ ok: false, error: String(cause) }));
  });
}

/** True when something answers on the socket: then it is not a left-over to be removed. */
const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

/**
 * Listens on `path`, removing a left-over socket of a dead process first. Code `in-use` when a
 * living process answers there, `refused` with the system's word otherwise.
 */
export async function serveControl(
  path: string,
  handler: ControlHandler,
): Promise<Result<ControlServer, 'in-use' | 'refused'>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => undefined);
  if (await isServed(path)) return failure('in-use', path);
  await unlink(path).catch(() => undefined);
  const server = net.createServer((socket) => serveConnection(socket, handler));
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve) => {
    server.once('error', (cause) => resolve(failure('refused', `${path}: ${cause.message}`)));
    // `listen` binds a path at once, so the umask covers exactly the creation of the socket.
    const former = process.umask(0o177);
    try {
      server.listen(path, () => {
        resolve(
          ok({
            path,
            close: () =>
              new Promise<void>((closed) => {
                server.close(() => closed());
              }),
          }),
        );
      });
    } finally {
      process.umask(former);
    }
  });
}

/** Asks one question. `deadlineMs` bounds the whole exchange. */
export function askControl(
  path: string,
  question: JsonObject,
  deadlineMs: number,
): Promise<Result<JsonObject, AskCode>> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(path);
    const settle = (result: Result<JsonObject, AskCode>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => settle(failure('timed-out', `no answer on ${path} within ${deadlineMs} ms`)),
      deadlineMs,
    );
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(question)}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_BYTES_MAX) settle(failure('bad-answer', 'the answer is too long'));
    });
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      const isForbidden = cause.code === 'EACCES' || cause.code === 'EPERM';
      settle(failure(isForbidden ? 'no-permission' : 'not-running', cause.message));
    });
    socket.on('end', () => {
      const answer = parseObject(text);
      settle(answer === undefined ? failure('bad-answer', text.slice(0, 80)) : ok(answer));
    });
  });
}
