// The facts that the director engine is told and the orders that it gives. An order whose outcome
// matters carries an id; the outcome comes back as an event with that id. At most one order to the
// kernel's table is outstanding.

import type { LogLine } from '../base/log-line.js';
import type { CheckSpec } from '../checks/check-spec.js';
import type { CheckVerdict } from '../checks/check-verdict.js';
import type {
  AlertState,
  DirectorConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import type { IpvsOutcome, IpvsRequest, ObservedService } from '../wire/ipvs-table.js';
import type { AdministrationOrder } from './administration.js';
import type { AdministrationEntry } from './administration-entry.js';
import type { Rehearsal } from './rehearsal.js';

/**
 * `active`: the engine owns its services in the kernel's table. `warm`: it checks the same real
 * servers at a slower pace and does not touch the table, ready to load a proven one at once.
 */
export type DirectorMode = 'active' | 'warm';

export interface DirectorStart {
  readonly mode: DirectorMode;
  /** False: no check is started before `checks-ready`; the table is set up all the same. */
  readonly areChecksReady: boolean;
  /** Of the jitter. */
  readonly seed: number;
  /** Operators' words from before this start. */
  readonly administration?: readonly AdministrationEntry[];
}

/** What the adapter made of an order to the table as a whole. */
export type TableAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export type DirectorEvent =
  /** The first event. */
  | { readonly kind: 'started' }
  /** What checks need is loaded; they may begin. */
  | { readonly kind: 'checks-ready' }
  | {
      readonly kind: 'table-read';
      readonly id: number;
      readonly answer: TableAnswer<readonly ObservedService[]>;
    }
  /** One outcome for each request, in order. */
  | {
      readonly kind: 'requests-applied';
      readonly id: number;
      readonly answer: TableAnswer<readonly IpvsOutcome[]>;
    }
  | { readonly kind: 'check-finished'; readonly id: number; readonly verdict: CheckVerdict }
  | { readonly kind: 'deadline-reached' }
  /** A complete configuration that parsed without an error. Answered by `answer`. */
  | { readonly kind: 'config-changed'; readonly id: number; readonly config: DirectorConfig }
  /** Take the table over now. Answered when the kernel has confirmed it. */
  | { readonly kind: 'activated'; readonly id: number }
  /** Withdraw from the table as `cleanstop` says and go on checking. Answered when done. */
  | { readonly kind: 'deactivated'; readonly id: number }
  /** Real servers that are out of service now, as `10.0.0.2:80`. */
  | { readonly kind: 'maintenance-changed'; readonly endpoints: ReadonlySet<string> }
  /** An operator's word on real servers. Answered by `answer`, after `administration-changed`. */
  | { readonly kind: 'administered'; readonly id: number; readonly order: AdministrationOrder }
  /** What the peer's director knows of such words. */
  | {
      readonly kind: 'administration-heard';
      readonly entries: readonly AdministrationEntry[];
    }
  /**
   * What would be asked of the kernel, whose table was read just now: by a reload of this
   * configuration, or to have it as it is wanted already. Answered by `rehearsed`.
   */
  | {
      readonly kind: 'rehearsal-asked';
      readonly id: number;
      readonly config: DirectorConfig | undefined;
      readonly observed: readonly ObservedService[];
    }
  /**
   * Something outside the checks speaks against these real servers: addresses, or endpoints as they
   * are checked (`10.0.0.2:80`); undefined: all. It decides nothing; their checks are due at once.
   */
  | { readonly kind: 'servers-suspected'; readonly names: ReadonlySet<string> | undefined }
  /** Withdraw as `cleanstop` says, then `exit`. `signal` is for the log: `TERM`. */
  | { readonly kind: 'shutdown-asked'; readonly signal: string };

export type DirectorEffect =
  /** Answered by `table-read`. */
  | { readonly kind: 'read-table'; readonly id: number }
  /** Answered by `requests-applied`. Later requests are tried after a refused one. */
  | { readonly kind: 'apply'; readonly id: number; readonly requests: readonly IpvsRequest[] }
  /** Answered by `check-finished`, or ended by `cancel-check`. */
  | { readonly kind: 'run-check'; readonly id: number; readonly spec: CheckSpec }
  /** Free everything that the check holds; an answer that still comes is not looked at. */
  | { readonly kind: 'cancel-check'; readonly id: number }
  | { readonly kind: 'log'; readonly line: LogLine }
  | {
      readonly kind: 'send-mail';
      readonly virtual: VirtualServiceConfig;
      readonly subject: string;
      readonly state: AlertState;
    }
  /** A line for the shell with arguments; one after the other, in the order given. */
  | { readonly kind: 'run-command'; readonly command: string; readonly args: readonly string[] }
  /** A line for a monitorfile, without time and process number. */
  | { readonly kind: 'note-check'; readonly file: string; readonly text: string }
  | { readonly kind: 'rehearsed'; readonly id: number; readonly rehearsal: Rehearsal }
  /** To be kept over restarts: all there is. `news`: what the peer does not know yet. */
  | {
      readonly kind: 'administration-changed';
      readonly entries: readonly AdministrationEntry[];
      readonly news: readonly AdministrationEntry[];
    }
  /** `isDone` false: the kernel refused a part of it, `text` says what. */
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly isDone: boolean;
      readonly text: string;
    }
  /** Once: every real server has had its first verdict and, when active, the table stands. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'exit' };
