// The plain HTTP check: connect, one request, its answer, read by checks/http-reader.ts. Most
// checks are of this kind, and a whole client costs some four times as much (docs/decisions/0006).
// What the plain way cannot do is left to the client in http.ts.

import net from 'node:net';
import type { HttpCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down } from '../../checks/check-verdict.js';
import { judgeHttpAnswer } from '../../checks/http-answer.js';
import { createHttpReader, type HttpReading, type ReadAnswer } from '../../checks/http-reader.js';
import { downOfError } from './check-error.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';

export const USER_AGENT = 'lubdub-ldirectord';

/** `redirect`: the request was sent elsewhere, which the plain way does not follow. */
export type PlainOutcome = CheckVerdict | 'redirect';

/** One for all: what was read is taken out of it before anything else can be read. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/** A specification lives as long as its configuration: its request is written once. */
const requests = new WeakMap<HttpCheck, string>();

/** True for http to the real server itself: no TLS, no proxy, no address of its own in the URL. */
export const isPlain = (spec: HttpCheck): boolean =>
  spec.scheme === 'http' && !spec.isProxy && spec.host !== '';

function requestOf(spec: HttpCheck): string {
  const known = requests.get(spec);
  if (known !== undefined) return known;
  const { pathname, search } = new URL(spec.url);
  const text =
    `${spec.method} ${pathname}${search} HTTP/1.1\r\nHost: ${spec.host}\r\n` +
    `User-Agent: ${USER_AGENT}\r\nAccept: */*\r\n` +
    // The pattern is matched against the body as sent.
    'Accept-Encoding: identity\r\nConnection: close\r\n\r\n';
  requests.set(spec, text);
  return text;
}

export function runPlainHttp(spec: HttpCheck, context: CheckContext): Promise<PlainOutcome> {
  const request = requestOf(spec);
  const reader = createHttpReader(spec.method);
  context.waitFor('connect');
  return new Promise((resolve) => {
    const finish = (outcome: PlainOutcome): void => {
      resolve(outcome);
      socket.destroy();
    };
    const take = (reading: HttpReading): void => {
      if (reading.kind === 'fault') finish(down(reading.reason));
      if (reading.kind === 'done') finish(outcomeOf(spec, reading.answer));
    };
    const socket = net.connect({
      host: spec.address,
      port: spec.port,
      onread: {
        buffer,
        callback: (length) => {
          take(reader.received(buffer.toString('latin1', 0, length)));
          return true;
        },
      },
    });
    socket.once('connect', () => {
      context.waitFor('answer');
      socket.write(request, 'latin1');
    });
    socket.once('end', () => take(reader.ended()));
    socket.on('error', (cause) => finish(downOfError(cause)));
    context.whenOver(() => socket.destroy());
  });
}

function outcomeOf(spec: HttpCheck, answer: ReadAnswer): PlainOutcome {
  if (answer.isRedirect) return 'redirect';
  const isAsked = spec.receive !== '';
  const body = isAsked ? Buffer.from(answer.body, 'latin1').toString('utf8') : '';
  return judgeHttpAnswer({ ...answer, redirects: 0, body }, matchReceive(spec.receive, body));
}
