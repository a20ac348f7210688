// Reads the answer to one HTTP request: status line, header fields, and a body that ends by its
// length, by its last chunk or with the connection (RFC 9112). Texts go in as they come, one
// character a byte. It knows no socket; what a server may send is bounded here, whoever sends it.

import { BODY_BYTES_MAX } from './http-answer.js';

/** Status line and fields, interim answers included; Node.js's own reader has the same limit. */
export const HEAD_CHARACTERS_MAX: number = 16 * 1024;

/** A chunk's size and extensions; nobody writes more than some twenty characters. */
const CHUNK_LINE_CHARACTERS_MAX = 1024;

export interface ReadAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Its first `BODY_BYTES_MAX` bytes, one character each. */
  readonly body: string;
  readonly isBodyCut: boolean;
  /** The status sends the request elsewhere; the body was not waited for. */
  readonly isRedirect: boolean;
}

export type HttpReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'done'; readonly answer: ReadAnswer }
  | { readonly kind: 'fault'; readonly reason: string };

export interface HttpReader {
  /** No call after one that did not ask for more. */
  received(text: string): HttpReading;
  /** The server has closed its side. */
  ended(): HttpReading;
}

export const createHttpReader = (method: 'GET' | 'HEAD'): HttpReader => new Reader(method);

const MORE: HttpReading = { kind: 'more' };
const fault = (reason: string): HttpReading => ({ kind: 'fault', reason });

type Framing =
  | { readonly kind: 'none' | 'chunked' | 'until-close' }
  | { readonly kind: 'length'; readonly length: number };

interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly framing: Framing;
  readonly isRedirect: boolean;
}

class Reader implements HttpReader {
  readonly #method: 'GET' | 'HEAD';
  /** What has come and is not taken yet. */
  #rest = '';
  #headCharacters = 0;
  #head: Head | undefined;
  #body = '';
  /** Of the chunk under way, its line end included; undefined: its size is next. */
  #chunkLeft: number | undefined;
  /** Behind the last chunk: fields that nobody asked for, then an empty line. */
  #isInTrailer = false;

  constructor(method: 'GET' | 'HEAD') {
    this.#method = method;
  }

  received(text: string): HttpReading {
    this.#rest = this.#rest === '' ? text : this.#rest + text;
    if (this.#head !== undefined) return this.#readBody(this.#head);
    for (;;) {
      const end = endOfHead(this.#rest);
      const length = end?.behind ?? this.#rest.length;
      if (this.#headCharacters + length > HEAD_CHARACTERS_MAX) {
        return fault(`an answer with more than ${HEAD_CHARACTERS_MAX / 1024} KiB of header`);
      }
      if (end === undefined) {
        const isOdd = this.#rest.length >= 5 && !this.#rest.startsWith('HTTP/');
        return isOdd ? fault(NOT_HTTP) : MORE;
      }
      const head = parseHead(this.#rest.slice(0, end.at), this.#method);
      if (typeof head === 'string') return fault(head);
      this.#headCharacters += end.behind;
      this.#rest = this.#rest.slice(end.behind);
      // An interim answer (100 Continue, 103 Early Hints): the one that counts comes behind it.
      if (head.status < 200 && head.status !== 101) continue;
      this.#head = head;
      return head.isRedirect ? this.#done(head) : this.#readBody(head);
    }
  }

  ended(): HttpReading {
    const head = this.#head;
    if (head === undefined) return fault('connection closed before an answer');
    if (head.framing.kind === 'until-close') return this.#done(head);
    return fault('connection closed within the answer');
  }

  #done(head: Head): HttpReading {
    const { status, statusText, isRedirect } = head;
    const isBodyCut = this.#body.length > BODY_BYTES_MAX;
    const body = isBodyCut ? this.#body.slice(0, BODY_BYTES_MAX) : this.#body;
    return { kind: 'done', answer: { status, statusText, body, isBodyCut, isRedirect } };
  }

  #readBody(head: Head): HttpReading {
    const { framing } = head;
    if (framing.kind === 'none') return this.#done(head);
    if (framing.kind === 'chunked') return this.#readChunks(head);
    this.#body += this.#rest;
    this.#rest = '';
    if (framing.kind === 'length' && this.#body.length >= framing.length) {
      this.#body = this.#body.slice(0, framing.length);
      return this.#done(head);
    }
    return this.#body.length > BODY_BYTES_MAX ? this.#done(head) : MORE;
  }

  #readChunks(head: Head): HttpReading {
    for (;;) {
      if (this.#chunkLeft !== undefined) {
        this.#takeOfChunk(this.#chunkLeft);
        if (this.#body.length > BODY_BYTES_MAX) return this.#done(head);
        if (this.#chunkLeft !== undefined) return MORE;
      }
      const lineEnd = this.#rest.indexOf('\n');
      const length = lineEnd < 0 ? this.#rest.length : lineEnd;
      if (length > CHUNK_LINE_CHARACTERS_MAX) return fault('an unreadable chunk');
      if (lineEnd < 0) return MORE;
      const line = this.#rest.slice(0, lineEnd).trim();
      this.#rest = this.#rest.slice(lineEnd + 1);
      if (this.#isInTrailer) {
        if (line === '') return this.#done(head);
        this.#headCharacters += length;
        if (this.#headCharacters > HEAD_CHARACTERS_MAX) return fault('an endless trailer');
        continue;
      }
      const size = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) return fault('an unreadable chunk');
      const bytes = Number.parseInt(size, 16);
      if (bytes === 0) this.#isInTrailer = true;
      else this.#chunkLeft = bytes + 2;
    }
  }

  /** The two characters behind a chunk are its line end and belong to no body. */
  #takeOfChunk(left: number): void {
    const taken = this.#rest.slice(0, left);
    this.#rest = this.#rest.slice(taken.length);
    this.#body += taken.slice(0, Math.max(0, left - 2));
    const still = left - taken.length;
    this.#chunkLeft = still > 0 ? still : undefined;
  }
}

const NOT_HTTP = 'not an HTTP answer';

/** Where the fields end and what follows begins; bare line feeds are let pass. */
function endOfHead(text: string): { readonly at: number; readonly behind: number } | undefined {
  const strict = text.indexOf('\r\n\r\n');
  if (strict >= 0) return { at: strict, behind: strict + 4 };
  const found = /\r?\n\r?\n/.exec(text);
  return found === null ? undefined : { at: found.index, behind: found.index + found[0].length };
}

const STATUS_LINE = /^HTTP\/\d\.\d +(\d{3})(?: +([^\r\n]*))?\r?(?:\n|$)/;

/** A text is what is wrong with it. */
function parseHead(text: string, method: 'GET' | 'HEAD'): Head | string {
  const line = STATUS_LINE.exec(text);
  if (line === null) return NOT_HTTP;
  const status = Number(line[1]);
  const statusText = (line[2] ?? '').trim();
  const isRedirect = status >= 300 && status < 400 && field(text, 'location') !== undefined;
  const framing = framingOf(text, status, method);
  return typeof framing === 'string' ? framing : { status, statusText, framing, isRedirect };
}

function framingOf(text: string, status: number, method: 'GET' | 'HEAD'): Framing | string {
  if (method === 'HEAD' || status === 101 || status === 204 || status === 304) {
    return { kind: 'none' };
  }
  const coding = field(text, 'transfer-encoding');
  if (coding !== undefined) {
    return { kind: /(?:^|[\s,])chunked$/i.test(coding) ? 'chunked' : 'until-close' };
  }
  const length = field(text, 'content-length');
  if (length === undefined) return { kind: 'until-close' };
  // The same number twice is let pass (RFC 9110 section 8.6), two numbers are not.
  const digits = /^(\d{1,15})(?:\s*,\s*\1)*$/.exec(length)?.[1];
  if (digits === undefined) return 'an unreadable Content-Length';
  return digits === '0' ? { kind: 'none' } : { kind: 'length', length: Number(digits) };
}

const PATTERNS = {
  location: /\nlocation[ \t]*:([^\r\n]*)/i,
  'transfer-encoding': /\ntransfer-encoding[ \t]*:([^\r\n]*)/i,
  'content-length': /\ncontent-length[ \t]*:([^\r\n]*)/i,
} as const;

const field = (text: string, name: keyof typeof PATTERNS): string | undefined =>
  PATTERNS[name].exec(text)?.[1]?.trim();
