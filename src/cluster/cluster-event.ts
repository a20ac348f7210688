// The facts that the cluster engine is told and the orders that it gives. Facts are in the past
// tense, orders in the imperative. An order whose outcome matters carries an id; its outcome
// comes back as an event with that id.

import type { KeyRing } from '../auth/key-ring.js';
import type { LogLine } from '../base/log-line.js';
import type { AddressVerb, ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { HaMessage } from '../wire/ha-message.js';
import type { AdministrationNews, AdministrationOffer } from './administration.js';
import type { NoticeTreatment } from './client-notices.js';
import type { ResourceSpec } from './cluster-config.js';
import type { ResetResult } from './stonith.js';

/** Which groups an operator's command speaks of, relative to the node going standby. */
export type HoldSelection = 'all' | 'local' | 'foreign' | 'failback';

export type ClusterEvent =
  /** The first event: media are being opened, nothing was sent yet. */
  | { readonly kind: 'started' }
  | { readonly kind: 'bytes-received'; readonly medium: string; readonly bytes: Uint8Array }
  /** What an echo reply carried, on the medium of a ping node. */
  | { readonly kind: 'ping-answered'; readonly medium: string; readonly bytes: Uint8Array }
  | { readonly kind: 'medium-up'; readonly medium: string }
  | { readonly kind: 'medium-down'; readonly medium: string; readonly reason: string }
  /** After the sockets were drained: a deadline that is due is judged now, never before. */
  | { readonly kind: 'deadline-reached' }
  | { readonly kind: 'resource-ran'; readonly id: number; readonly outcome: ResourceOutcome }
  | {
      readonly kind: 'node-reset';
      readonly id: number;
      readonly result: ResetResult;
      /** What the device said; empty when it is done. */
      readonly reason: string;
    }
  /** One outcome for each address, in the order of the order. */
  | {
      readonly kind: 'addresses-ran';
      readonly id: number;
      readonly outcomes: readonly ResourceOutcome[];
    }
  /** Nothing but time has passed: a stall of our own is noticed before anything else is asked. */
  | { readonly kind: 'time-passed' }
  /** authkeys was read anew. */
  | { readonly kind: 'keys-changed'; readonly ring: KeyRing }
  /** First line of /proc/loadavg, for the `ld` field. */
  | { readonly kind: 'load-read'; readonly text: string }
  | {
      readonly kind: 'operator-asked';
      readonly id: number;
      readonly command: 'standby' | 'takeover';
      readonly selection: HoldSelection;
    }
  /** hb_addnode, hb_delnode. Answered by `answer-operator`. */
  | {
      readonly kind: 'members-asked';
      readonly id: number;
      readonly command: 'add' | 'delete';
      readonly nodes: readonly string[];
    }
  /** A message that a script or client wants sent; the engine adds the standard fields. */
  | { readonly kind: 'message-offered'; readonly message: HaMessage }
  /** What a director here has to say to the other. Answered by `answer-operator`. */
  | {
      readonly kind: 'administration-offered';
      readonly id: number;
      readonly offer: AdministrationOffer;
    }
  /** Bits of the kinds of messages that local clients want to see; 0 without clients. */
  | { readonly kind: 'clients-watched'; readonly wanted: number }
  /** Give everything up in order, tell the peer, then `exit`. */
  | { readonly kind: 'shutdown-asked' };

export type ClusterEffect =
  /** On all media: `line` on serial ones, `datagram` on the others. */
  | { readonly kind: 'send'; readonly datagram: Uint8Array; readonly line: Uint8Array }
  /** By the medium of that ping node alone. An answer comes back as `ping-answered`. */
  | { readonly kind: 'ask-ping-node'; readonly medium: string; readonly datagram: Uint8Array }
  | { readonly kind: 'log'; readonly line: LogLine }
  /** At most one is outstanding per group. Answered by `resource-ran`. */
  | {
      readonly kind: 'run-resource';
      readonly id: number;
      readonly groupKey: string;
      readonly resource: ResourceSpec;
      readonly verb: ResourceVerb;
      /** HA_* variables that come from the engine's state; the adapter adds those of the files. */
      readonly environment: Readonly<Record<string, string>>;
    }
  /** Reset a node that is dead to us by the STONITH device. Answered by `node-reset`. */
  | { readonly kind: 'reset-node'; readonly id: number; readonly node: string }
  /** End this machine at once, without a stop in order: what does not stop must not go on. */
  | { readonly kind: 'reboot'; readonly reason: string }
  /** Who belongs to the cluster now, in the order of the table; a uuid only when it was heard. */
  | {
      readonly kind: 'members-changed';
      readonly members: readonly {
        readonly name: string;
        readonly uuid: Uint8Array | undefined;
      }[];
      readonly deleted: readonly string[];
    }
  /**
   * Addresses that stand side by side in a group, in the order in which they are to be taken up;
   * the only order of that group meanwhile. Answered by `addresses-ran`.
   */
  | {
      readonly kind: 'run-addresses';
      readonly id: number;
      readonly groupKey: string;
      readonly resources: readonly ResourceSpec[];
      readonly verb: AddressVerb;
    }
  /** Run the script of rc.d for that type of message, with the variables of its fields. */
  | {
      readonly kind: 'notify';
      readonly type: string;
      readonly environment: Readonly<Record<string, string>>;
    }
  /** Announce all held addresses anew (peer returned, partition healed, contention). */
  | { readonly kind: 'announce-held'; readonly reason: string }
  /** What happened to an `operator-asked`: refused at once, or carried out. */
  | {
      readonly kind: 'answer-operator';
      readonly id: number;
      readonly isDone: boolean;
      readonly text: string;
    }
  /** What the director of the same configuration on another node has to say to ours. */
  | { readonly kind: 'administration-heard'; readonly news: AdministrationNews }
  /** Another node of this program is heard, anew or again: directors tell it what they know. */
  | { readonly kind: 'lubdub-node-heard'; readonly node: string }
  /** Every node was heard or is dead: clients and what runs beside the daemon may begin. */
  | { readonly kind: 'comm-up' }
  /** Local clients of this kind of messages are to be shown one. */
  | {
      readonly kind: 'client-notice';
      readonly treatment: NoticeTreatment;
      readonly message: HaMessage;
    }
  /** Another node asks whether a client is signed on here; answered by a message to it. */
  | {
      readonly kind: 'client-queried';
      readonly from: string;
      readonly client: string;
      readonly asker: string;
    }
  /** `stop`: the shutdown is complete. `restart`: start again with the next generation. */
  | { readonly kind: 'exit'; readonly how: 'stop' | 'restart' };
