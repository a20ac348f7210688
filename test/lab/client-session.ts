// A client of the client interface as a test drives it: signs on by a name, says things, and keeps
// what it is shown.

import { connect, type Socket } from 'node:net';
import { createClientFrameReader, encodeClientFrame } from '#src/wire/client-frame.js';
import { fieldText, type HaMessage, haMessage, textField } from '#src/wire/ha-message.js';
import { waitFor } from './wait.js';

const answerMs = 10_000;

export class ClientSession {
  readonly shown: HaMessage[] = [];
  isEnded = false;
  private readonly socket: Socket;
  private readonly name: string;
  private readonly pid: number;

  private constructor(path: string, name: string, pid: number) {
    this.name = name;
    this.pid = pid;
    const reader = createClientFrameReader();
    this.socket = connect(path);
    this.socket.on('data', (chunk) => {
      if (typeof chunk === 'string') return;
      const read = reader.read(new Uint8Array(chunk));
      if (read.ok) this.shown.push(...read.value);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isEnded = true;
    });
  }

  /**
   * The socket of a host as this process reaches it. 3.0.6 wants the number of a process that lives
   * on its host; ours is none there.
   */
  static async signOn(path: string, name: string, pid = 4242): Promise<ClientSession> {
    const session = new ClientSession(path, name, pid);
    session.say({ ...session.request('signon'), uid: '0', gid: '0' });
    await session.waitFor('a sign-on', (m) => fieldText(m, 'reqtype') === 'signon');
    return session;
  }

  request(reqtype: string): Record<string, string> {
    return { t: 'hbapi-req', reqtype, pid: String(this.pid), from_id: this.name };
  }

  say(fields: Readonly<Record<string, string>>): void {
    const all = Object.entries(fields).map(([name, text]) => textField(name, text));
    this.socket.write(encodeClientFrame(haMessage(...all), 'classic'));
  }

  /** Fields of any type, in the frame that can carry all of them. */
  sayMessage(message: HaMessage): void {
    this.socket.write(encodeClientFrame(message, 'netstring'));
  }

  /** Bytes as they are, for what no client should send. */
  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  waitFor(what: string, claim: (message: HaMessage) => boolean): Promise<HaMessage> {
    const seen = (): string => this.shown.map((m) => JSON.stringify(m.fields)).join('\n');
    return waitFor(`${what} for client ${this.name}`, answerMs, () => this.shown.find(claim), seen);
  }

  close(): void {
    this.socket.destroy();
  }
}
