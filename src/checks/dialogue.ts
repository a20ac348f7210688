// Runs a dialogue with a line protocol without a socket: bytes of the server go in, bytes for it
// and in the end a verdict come out. A dialogue is a script, a generator that asks for the next
// line of the server; this file cuts lines, bounds what a server may say, and knows no protocol.

import { bytesToLatin1, latin1ToBytes } from '../base/bytes.js';
import { type CheckVerdict, down } from './check-verdict.js';

/** What a script wants next. Texts are of bytes: one character each. */
export interface Ask {
  readonly send?: string;
  /** For the reason of a check that runs out of time. */
  readonly waitFor: string;
  /** `line`: up to its line feed, which is included. `piece`: whatever comes first. */
  readonly unit?: 'line' | 'piece';
  /** Nothing more will be sent: the write side is closed behind what is sent now. */
  readonly endsWriting?: boolean;
}

/** `send` is for a decent goodbye; its answer is not waited for. */
export interface Closing {
  readonly verdict: CheckVerdict;
  readonly send?: string;
}

/** Is given the unit that it asked for; undefined when the server has closed. */
export type DialogueScript = Generator<Ask, Closing, string | undefined>;

export interface DialogueStep {
  readonly send: Uint8Array;
  readonly endsWriting: boolean;
  readonly waitFor: string;
  /** Defined at the end; `send` then still has to go out. */
  readonly verdict: CheckVerdict | undefined;
}

export interface Dialogue {
  start(): DialogueStep;
  received(bytes: Uint8Array): DialogueStep;
  /** The server has closed its side. */
  ended(): DialogueStep;
}

/** Lines of servers are some hundred bytes; one that talks without end is not let fill memory. */
export const ANSWER_BYTES_MAX: number = 256 * 1024;

/** With `isDatagram` the end of what was received ends a line too, but not the dialogue. */
export const createDialogue = (script: DialogueScript, isDatagram: boolean): Dialogue =>
  new Talk(script, isDatagram);

class Talk implements Dialogue {
  readonly #script: DialogueScript;
  readonly #isDatagram: boolean;
  #ask: Ask = { waitFor: '' };
  #buffer = '';
  /** Up to here the buffer holds no line feed. */
  #scanned = 0;
  #length = 0;
  #hasEnded = false;
  #verdict: CheckVerdict | undefined;

  constructor(script: DialogueScript, isDatagram: boolean) {
    this.#script = script;
    this.#isDatagram = isDatagram;
  }

  start(): DialogueStep {
    return this.#resume(undefined);
  }

  received(bytes: Uint8Array): DialogueStep {
    this.#length += bytes.length;
    if (this.#length > ANSWER_BYTES_MAX) {
      return this.#end(down(`an answer of more than ${ANSWER_BYTES_MAX / 1024} KiB`));
    }
    this.#buffer += bytesToLatin1(bytes);
    const unit = this.#take(this.#isDatagram);
    return unit === undefined ? this.#step('', false) : this.#resume(unit);
  }

  ended(): DialogueStep {
    this.#hasEnded = true;
    return this.#resume(this.#take(true));
  }

  #end(verdict: CheckVerdict): DialogueStep {
    this.#verdict ??= verdict;
    return this.#step('', false);
  }

  /** Goes on until the script wants something that is not there yet. */
  #resume(first: string | undefined): DialogueStep {
    let unit = first;
    let send = '';
    let endsWriting = false;
    while (this.#verdict === undefined) {
      const isLast = this.#hasEnded && unit === undefined;
      const next = this.#script.next(unit);
      if (next.done === true) {
        this.#verdict = next.value.verdict;
        send += next.value.send ?? '';
        break;
      }
      if (isLast) return this.#end(down('connection closed'));
      this.#ask = next.value;
      send += next.value.send ?? '';
      endsWriting ||= next.value.endsWriting ?? false;
      unit = this.#take(this.#isDatagram || this.#hasEnded);
      if (unit === undefined && !this.#hasEnded) break;
    }
    return this.#step(send, endsWriting);
  }

  #take(isWhole: boolean): string | undefined {
    if (this.#buffer === '') return undefined;
    const feed = this.#buffer.indexOf('\n', this.#scanned);
    this.#scanned = this.#buffer.length;
    const isAll = this.#ask.unit === 'piece' || (feed < 0 && isWhole);
    if (feed < 0 && !isAll) return undefined;
    const unit = isAll ? this.#buffer : this.#buffer.slice(0, feed + 1);
    this.#buffer = this.#buffer.slice(unit.length);
    this.#scanned = 0;
    return unit;
  }

  #step(send: string, endsWriting: boolean): DialogueStep {
    const { waitFor } = this.#ask;
    return { send: latin1ToBytes(send), endsWriting, waitFor, verdict: this.#verdict };
  }
}

/** A text of characters as a text of its UTF-8 bytes. */
export const utf8Text = (text: string): string =>
  encodeURIComponent(text.replace(/\p{Cs}/gu, '?')).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** A line without its end, for the eye and for matching words. */
export const bareLine = (line: string): string => line.replace(/\r?\n$/, '');

/** A value that is put into a line must not be able to end it. */
export const oneLine = (text: string): string => utf8Text(text.replace(/[\r\n\0]/g, ' '));
