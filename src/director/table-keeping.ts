// The face of the table keeper: what the engine may ask of it and what it needs from the engine.

import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import type { Instant } from '../base/time.js';
import type { DirectorConfig } from '../config/director-config.js';
import type { AlertEvent } from './alerts.js';
import type { DirectorEffect, DirectorEvent } from './director-event.js';
import type { RealServers } from './real-server.js';
import type { TableModel } from './table-model.js';

export interface TableKeeperFace {
  emit(effect: DirectorEffect): void;
  log(level: LogLevel, code: LogCode, text: string): void;
  /** The kernel has confirmed what people may want to know by mail. */
  alert(event: AlertEvent): void;
}

export type TableRead = Extract<DirectorEvent, { readonly kind: 'table-read' }>;
export type TableApplied = Extract<DirectorEvent, { readonly kind: 'requests-applied' }>;

export type WithdrawalEnd = (refusal: string | undefined) => void;

export interface TableKeeper {
  readonly model: TableModel;
  configure(config: DirectorConfig, reals: RealServers): void;
  /** From now on our services are kept. The first reading adopts what is there. */
  own(): void;
  isOwned(): boolean;
  /** First verdicts are still awaited. */
  isPatient(): boolean;
  /** The next reading adopts: real servers without a verdict that are in the table count as up. */
  adoptNext(): void;
  wantRead(): void;
  /** The health of a real server of this service has changed. */
  wantPlan(serviceKey: string): void;
  /** A new round: read again, try again what was refused. */
  startRound(): void;
  /** The fallback server no longer waits for first verdicts. */
  endPatience(): void;
  /**
   * Remove what `cleanstop` says, then call back: without a word when the table was let go of, else
   * with what the kernel would not do. The table is then still ours to keep.
   */
  withdraw(done: WithdrawalEnd): void;
  /** The table is nobody's business here any more, whatever it holds. */
  letGo(): void;
  /** `mayLack`: a refused part is told, but the whole counts as done. */
  answerWhenConfirmed(id: number, text: string, mayLack: boolean): void;
  takeReading(event: TableRead, now: Instant): void;
  takeOutcomes(event: TableApplied): void;
  /** Gives the next order, if one is due and none is outstanding. */
  advance(): void;
  /** Nothing is under way and nothing more can be done now. */
  isQuiet(): boolean;
  /** Quiet, and nothing was refused. */
  isConfirmed(): boolean;
  refused(): Readonly<Record<string, string>>;
  repairs(): number;
}
