// What local clients and the daemon exchange on heartbeat's registration socket: for each message
// four bytes of length and four of a fixed mark, both in the byte order of the host, then one frame
// without signature (recorded from 3.0.6). Both frames are understood; a
// string frame has a NUL behind it, which the length counts.

import { concatBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { frameKind, messageBytesMax } from './frame.js';
import type { HaMessage } from './ha-message.js';
import { hostIsLittleEndian } from './netlink.js';
import { decodeNetstringFrame, encodeNetstringFrame } from './netstring-frame.js';
import { decodeStringFrame, encodeStringFrame } from './string-frame.js';

export type ClientFrameCode = 'bad-mark' | 'too-long' | 'malformed';

const HEADER_BYTES = 8;
const MARK = 0xabcd;

export function encodeClientFrame(message: HaMessage, form: 'classic' | 'netstring'): Uint8Array {
  const frame =
    form === 'netstring'
      ? encodeNetstringFrame(message)
      : concatBytes(encodeStringFrame(message), Uint8Array.of(0));
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, frame.length, hostIsLittleEndian);
  header.setUint32(4, MARK, hostIsLittleEndian);
  return concatBytes(new Uint8Array(header.buffer), frame);
}

function decodeBody(body: Uint8Array): Result<HaMessage, ClientFrameCode> {
  if (frameKind(body) === 'netstring') {
    const decoded = decodeNetstringFrame(body);
    return decoded.ok ? ok(decoded.value.message) : failure('malformed', decoded.detail);
  }
  const decoded = decodeStringFrame(body);
  return decoded.ok ? decoded : failure('malformed', decoded.detail);
}

export interface ClientFrameReader {
  /**
   * The messages that are complete with these bytes, in order. After a failure the stream cannot be
   * followed any more. Never keeps more than one message and what came with its last piece.
   */
  read(bytes: Uint8Array): Result<readonly HaMessage[], ClientFrameCode>;
}

export function createClientFrameReader(): ClientFrameReader {
  let held: Uint8Array = new Uint8Array(0);
  return {
    read: (bytes) => {
      held = held.length === 0 ? bytes : concatBytes(held, bytes);
      const messages: HaMessage[] = [];
      let at = 0;
      while (held.length - at >= HEADER_BYTES) {
        const header = new DataView(held.buffer, held.byteOffset + at, HEADER_BYTES);
        const length = header.getUint32(0, hostIsLittleEndian);
        if (header.getUint32(4, hostIsLittleEndian) !== MARK) return failure('bad-mark');
        // One more for the NUL behind a string frame.
        if (length > messageBytesMax + 1) return failure('too-long', `${length} bytes`);
        const end = at + HEADER_BYTES + length;
        if (held.length < end) break;
        const body = decodeBody(held.subarray(at + HEADER_BYTES, end));
        if (!body.ok) return body;
        messages.push(body.value);
        at = end;
      }
      held = held.slice(at);
      return ok(messages);
    },
  };
}
