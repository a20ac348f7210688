// Asks the agent of a real server: a port that says its word and closes, a page whose first line it
// is, or a program on this machine. The text goes up as it came; what it means is decided in
// director/agent.ts.

import net from 'node:net';
import { type AgentCheck, bracketed } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import {
  createHttpReader,
  HEAD_CHARACTERS_MAX,
  type HttpReading,
} from '../../checks/http-reader.js';
import { downOfError } from './check-error.js';
import { judgeCommand, runCommand } from './external.js';
import { USER_AGENT } from './plain-http.js';
import type { CheckContext } from './run-check.js';

/** A few words and a reason for people; whoever sends more is no agent. */
export const AGENT_ANSWER_BYTES_MAX = 256;

export function runAgentCheck(spec: AgentCheck, context: CheckContext): Promise<CheckVerdict> {
  switch (spec.via) {
    case 'command':
      return askProgram(spec, context);
    case 'http':
      return askPage(spec, context);
    default:
      return askPort(spec, context);
  }
}

const TOO_LONG = down(`an answer of more than ${AGENT_ANSWER_BYTES_MAX} bytes`);

/** HAProxy's agents end their line with CR, LF or both. */
const lineEnd = (bytes: Uint8Array): number =>
  bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);

function answerOf(bytes: Buffer): CheckVerdict {
  const end = lineEnd(bytes);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  if (line.length > AGENT_ANSWER_BYTES_MAX) return TOO_LONG;
  const text = line.toString('utf8').trim();
  return text === '' ? down('an empty answer') : { ...up('answered'), answer: text };
}

/** Only the beginning of what is written counts. */
async function askProgram(spec: AgentCheck, { signal }: CheckContext): Promise<CheckVerdict> {
  const end = await runCommand(spec.path, spec.args, signal);
  const verdict = judgeCommand(end);
  return verdict.isUp ? answerOf(Buffer.from(end.standardOutput, 'utf8')) : verdict;
}

function connect(spec: AgentCheck, context: CheckContext): net.Socket {
  context.waitFor('connect');
  const socket = net.connect({ host: spec.address, port: spec.port });
  socket.once('connect', () => context.waitFor('answer'));
  context.whenOver(() => socket.destroy());
  return socket;
}

function askPort(spec: AgentCheck, context: CheckContext): Promise<CheckVerdict> {
  return new Promise((resolve) => {
    let heard = Buffer.alloc(0);
    const socket = connect(spec, context);
    const finish = (verdict: CheckVerdict): void => {
      resolve(verdict);
      socket.destroy();
    };
    socket.on('data', (bytes: Buffer) => {
      const room = AGENT_ANSWER_BYTES_MAX + 1 - heard.length;
      heard = Buffer.concat([heard, bytes.subarray(0, Math.max(0, room))]);
      if (lineEnd(heard) >= 0 || heard.length > AGENT_ANSWER_BYTES_MAX) finish(answerOf(heard));
    });
    socket.once('end', () => finish(answerOf(heard)));
    socket.on('error', (cause) => finish(downOfError(cause)));
  });
}

function askPage(spec: AgentCheck, context: CheckContext): Promise<CheckVerdict> {
  return new Promise((resolve) => {
    const reader = createHttpReader('GET');
    let received = 0;
    const socket = connect(spec, context);
    const finish = (verdict: CheckVerdict): void => {
      resolve(verdict);
      socket.destroy();
    };
    const take = (reading: HttpReading): void => {
      if (reading.kind === 'fault') finish(down(reading.reason));
      if (reading.kind !== 'done') return;
      const { status, statusText, body } = reading.answer;
      const isGood = status >= 200 && status < 300;
      const text = `HTTP ${status} ${statusText}`;
      finish(isGood ? answerOf(Buffer.from(body, 'latin1')) : down(text));
    };
    socket.once('connect', () => {
      const host = `${bracketed(spec.family, spec.address)}:${spec.port}`;
      socket.write(
        `GET ${spec.path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${USER_AGENT}\r\n` +
          'Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n',
        'latin1',
      );
    });
    socket.on('data', (bytes: Buffer) => {
      if (socket.destroyed) return;
      received += bytes.length;
      take(reader.received(bytes.toString('latin1')));
      // A page that goes on behind that is not read to its end.
      const isTooMuch = received > HEAD_CHARACTERS_MAX + AGENT_ANSWER_BYTES_MAX;
      if (isTooMuch && !socket.destroyed) finish(TOO_LONG);
    });
    socket.once('end', () => {
      if (!socket.destroyed) take(reader.ended());
    });
    socket.on('error', (cause) => finish(downOfError(cause)));
  });
}
