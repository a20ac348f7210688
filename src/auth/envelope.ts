// CONTRACT (bodies are being written): sealing a message for the wire and opening what came.

import type { Result } from '../base/result.js';
import type { HaMessage } from '../wire/ha-message.js';
import type { KeyRing } from './key-ring.js';

/** `classic` adds the inner `auth` field to every message, `netstring` only on serial lines. */
export type MessageFormat = 'classic' | 'netstring';

/** One message in both frames of the wire; `line` is for serial media, `datagram` for all else. */
export interface SealedMessage {
  readonly datagram: Uint8Array;
  readonly line: Uint8Array;
}

export type OpenCode = 'not-a-message' | 'malformed' | 'too-long' | 'no-auth' | 'unknown-key' | 'bad-digest';

export interface OpenedMessage {
  readonly message: HaMessage;
  readonly frame: 'netstring' | 'string';
}

export declare function sealMessage(message: HaMessage, ring: KeyRing, format: MessageFormat): SealedMessage;
export declare function openMessage(bytes: Uint8Array, ring: KeyRing): Result<OpenedMessage, OpenCode>;
