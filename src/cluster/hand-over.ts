// The last words of a dead daemon, spoken by its keeper: what a clean stop sends, so that the peer
// takes over at once instead of after the dead time.

import { type MessageFormat, type SealedMessage, sealMessage } from '../auth/envelope.js';
import type { KeyRing } from '../auth/key-ring.js';
import type { WallTime } from '../base/time.js';
import { binaryField, type HaField, type HaMessage, textField } from '../wire/ha-message.js';

export interface HandOver {
  readonly localNode: string;
  readonly uuid: Uint8Array;
  /** Of the daemon that died last. */
  readonly generation: number;
  /** Above any sequence number that the dead daemon can have used. */
  readonly sequence: number;
  readonly ttl: number;
  readonly wall: WallTime;
}

/**
 * Added to the last known sequence number. A gap of more than 250 makes a receiver start its
 * tracking anew at this message, with no retransmission asked for (heartbeat 3.0.6); the messages
 * that a daemon can have sent since its last will are far fewer.
 */
export const SEQUENCE_MARGIN = 10_000;

/** The `ttl` field: written by all, looked at by nobody (heartbeat 3.0.6). */
export const ttlOf = (hopfudge: number, nodeCount: number): number => hopfudge + nodeCount;

function completed(own: readonly HaField[], handOver: HandOver, offset: number): HaMessage {
  return {
    fields: [
      ...own,
      textField('src', handOver.localNode),
      binaryField('srcuuid', handOver.uuid),
      textField('seq', (handOver.sequence + offset).toString(16)),
      textField('hg', handOver.generation.toString(16)),
      textField('ts', Math.floor(handOver.wall / 1000).toString(16)),
      textField('ld', 'n/a'),
      textField('ttl', String(handOver.ttl)),
    ],
  };
}

/** `resource none` and `shutdone`, as a clean stop sends them (recorded from 3.0.6). */
export function composeHandOver(
  handOver: HandOver,
  ring: KeyRing,
  format: MessageFormat,
): readonly SealedMessage[] {
  const nothingHeld = completed(
    [
      textField('t', 'resource'),
      textField('rsc_hold', 'none'),
      textField('rtype', 'full'),
      textField('isstable', '0'),
      textField('info', 'shutdown'),
    ],
    handOver,
    0,
  );
  const goodBye = completed([textField('t', 'shutdone'), textField('st', 'dead')], handOver, 1);
  return [nothingHeld, goodBye].map((message) => sealMessage(message, ring, format));
}
