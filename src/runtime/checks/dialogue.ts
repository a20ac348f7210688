// Carries the dialogues of checks/ over TCP, TLS and UDP. The deadline is the runner's; what has to
// be let go of is let go of when it aborts.

import { createHash, randomBytes } from 'node:crypto';
import type dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { unreachable } from '../../base/assert.js';
import type { DialogueCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down } from '../../checks/check-verdict.js';
import {
  createDialogue,
  type Dialogue,
  type DialogueScript,
  type DialogueStep,
  utf8Text,
} from '../../checks/dialogue.js';
import { nntpScript, simpleTcpScript, sipScript } from '../../checks/line-dialogues.js';
import { imapScript, popScript, smtpScript } from '../../checks/mail-dialogues.js';
import { downOfError } from './check-error.js';
import { matchReceive } from './receive-match.js';
import type { CheckContext } from './run-check.js';
import { trust } from './secure-context.js';
import { openDatagrams } from './udp-exchange.js';

interface LocalEnd {
  readonly address: string;
  readonly port: number;
}

const md5Hex = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');

function scriptOf(spec: DialogueCheck, { address, port }: LocalEnd): DialogueScript {
  switch (spec.protocol) {
    case 'smtp':
      return smtpScript();
    case 'pop':
      return popScript(spec, md5Hex);
    case 'imap':
      return imapScript(spec);
    case 'nntp':
      return nntpScript();
    case 'sip': {
      const local = { family: spec.family, address, port };
      const callId = randomBytes(8).toString('hex');
      return sipScript({ login: spec.login, local, callId });
    }
    case 'simpletcp': {
      // Both sides as bytes: Perl compares what the file holds with what the server sent.
      const receive = utf8Text(spec.receive);
      return simpleTcpScript(spec.request, (line) => matchReceive(receive, line));
    }
    default:
      return unreachable(spec.protocol);
  }
}

export function runDialogueCheck(
  spec: DialogueCheck,
  context: CheckContext,
): Promise<CheckVerdict> {
  if (spec.port === 0) return Promise.resolve(down('no port to ask: set checkport'));
  return spec.transport === 'udp' ? runDatagrams(spec, context) : runStream(spec, context);
}

function openStream(spec: DialogueCheck): net.Socket {
  const { address: host, port } = spec;
  // Half open: a server that ends its side first still gets what is to be sent.
  if (spec.transport === 'tcp') return net.connect({ host, port, allowHalfOpen: true });
  return tls.connect({ host, port, ...trust() });
}

function runStream(spec: DialogueCheck, { signal, waitFor }: CheckContext): Promise<CheckVerdict> {
  waitFor('connect');
  return new Promise((resolve) => {
    const socket = openStream(spec);
    let talk: Dialogue | undefined;
    let isOver = false;
    const finish = (verdict: CheckVerdict): void => {
      isOver = true;
      resolve(verdict);
    };
    const take = (step: DialogueStep): void => {
      if (isOver) return;
      const { verdict } = step;
      waitFor(step.waitFor);
      if (verdict === undefined) {
        if (step.endsWriting) socket.end(step.send);
        else if (step.send.length > 0) socket.write(step.send);
        return;
      }
      isOver = true;
      // The goodbye goes out before the runner takes the socket away.
      if (step.send.length > 0 && socket.writable) {
        socket.write(step.send, () => finish(verdict));
      } else finish(verdict);
    };
    socket.once(spec.transport === 'tls' ? 'secureConnect' : 'connect', () => {
      const { localAddress = '', localPort = 0 } = socket;
      const local = { address: localAddress, port: localPort };
      talk = createDialogue(scriptOf(spec, local), false);
      take(talk.start());
    });
    socket.on('data', (bytes: Buffer) => {
      if (talk !== undefined) take(talk.received(bytes));
    });
    socket.once('end', () => {
      if (talk !== undefined) take(talk.ended());
    });
    socket.on('error', (cause) => finish(downOfError(cause)));
    socket.once('close', () => finish(down('connection closed')));
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
  });
}

async function runDatagrams(spec: DialogueCheck, context: CheckContext): Promise<CheckVerdict> {
  const opened = await openDatagrams(spec, context);
  if (!opened.ok) return opened.verdict;
  const { socket } = opened;
  const talk = createDialogue(scriptOf(spec, localEnd(socket)), true);
  return new Promise((resolve) => {
    const take = (step: DialogueStep): void => {
      context.waitFor(step.waitFor);
      // One lost datagram is no dead server; but only SIP allows the same request to come twice.
      if (step.send.length > 0) opened.send(step.send, spec.protocol === 'sip');
      if (step.verdict !== undefined) resolve(step.verdict);
    };
    opened.onReceive((bytes) => take(talk.received(bytes)));
    opened.onError((verdict) => resolve(verdict));
    take(talk.start());
  });
}

function localEnd(socket: dgram.Socket): LocalEnd {
  const { address, port } = socket.address();
  return { address, port };
}
