// The snapshot of the director engine: what status commands print and what checkers judge. Points
// in time are monotonic; the program turns them into ages.

import type { Duration, Instant } from '../base/time.js';
import type { Administered } from './administration.js';
import type { AgentState } from './agent.js';
import type { DirectorMode } from './director-event.js';

/** `undecided`: no verdict yet. `off`: `checktype=off`, nothing decides. */
export type RealVerdict = 'up' | 'down' | 'undecided' | 'off';

export interface RealStatus {
  /** `10.0.0.2:80`, as configured. */
  readonly name: string;
  readonly verdict: RealVerdict;
  readonly since: Instant | undefined;
  readonly reason: string;
  /** Failed checks in a row, and how many make the real server down. */
  readonly failures: number;
  readonly failureCount: number;
  /** Down, but in service: fewer than minpool are up. */
  readonly isKept: boolean;
  /** The weight of the moment while that rises to the configured one; else undefined. */
  readonly rampedWeight: number | undefined;
  readonly checkedAt: Instant | undefined;
  readonly checkTook: Duration | undefined;
  readonly configuredWeight: number;
  /** What an operator said of it, if that holds. */
  readonly administered: Administered | undefined;
  /** What its agent said of it; undefined before the first word and without an agent. */
  readonly agent: AgentState | undefined;
  /** From the kernel; undefined when the real server is not in the table. */
  readonly weight: number | undefined;
  readonly activeConnections: number | undefined;
  readonly inactiveConnections: number | undefined;
  readonly persistentConnections: number | undefined;
}

export interface VirtualStatus {
  readonly name: string;
  readonly id: string;
  readonly scheduler: string;
  readonly isInTable: boolean;
  readonly isFallbackActive: boolean;
  readonly reals: readonly RealStatus[];
}

export interface DirectorStatus {
  readonly mode: DirectorMode;
  readonly phase: 'running' | 'stopping' | 'stopped';
  /** All first verdicts are there and the table is as wanted. */
  readonly isSettled: boolean;
  /** The kernel confirmed everything that is wanted of it; always false when warm. */
  readonly isTableConfirmed: boolean;
  readonly virtuals: readonly VirtualStatus[];
  /** What the kernel would not do, by request. */
  readonly refused: Readonly<Record<string, string>>;
  /** Changes by others to our services that were found and repaired. */
  readonly repairs: number;
  readonly checks: number;
  readonly checksInFlight: number;
}
