// The facts that the registry of clients is told and the orders that it gives.

import type { LogLine } from '../base/log-line.js';
import type { HaField, HaMessage } from '../wire/ha-message.js';
import type { PeerCredentials } from './api-rules.js';

/** Kinds of messages as `setfilter` names them by bits (heartbeat 3.0.6). */
export const treatments = {
  keep: 0x01,
  'no-change': 0x02,
  drop: 0x04,
  duplicate: 0x08,
  'api-call': 0x10,
  protocol: 0x20,
} as const;

export type Treatment = keyof typeof treatments;

/** The number that the socket gave to a connection. */
export type Connection = number;

export type ClientEvent =
  | {
      readonly kind: 'connected';
      readonly connection: Connection;
      readonly credentials: PeerCredentials;
    }
  | {
      readonly kind: 'message-received';
      readonly connection: Connection;
      readonly message: HaMessage;
    }
  | {
      readonly kind: 'connection-lost';
      readonly connection: Connection;
      readonly reason: string;
    }
  /** A message of the cluster, or a change of a node or link in the form of one. */
  | {
      readonly kind: 'notice-given';
      readonly treatment: Treatment;
      readonly message: HaMessage;
    }
  /** Another node asks whether a client is signed on here. */
  | {
      readonly kind: 'status-asked';
      readonly from: string;
      readonly client: string;
      readonly asker: string;
    };

export type ClientEffect =
  | {
      readonly kind: 'deliver';
      readonly connection: Connection;
      readonly message: HaMessage;
      /** A client that asked for it is woken by a signal. */
      readonly wake: { readonly pid: number; readonly signal: number } | undefined;
    }
  /** After what was delivered has left. */
  | { readonly kind: 'disconnect'; readonly connection: Connection }
  | { readonly kind: 'send'; readonly fields: readonly HaField[] }
  /** Bits of the kinds of messages that some client wants; 0: there is none. */
  | { readonly kind: 'watch'; readonly mask: number }
  | { readonly kind: 'log'; readonly line: LogLine };
