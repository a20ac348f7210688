// The parts of a running daemon that its modules share.

import type { AddressTable } from '../kernel/addresses.js';
import type { KernelWatch } from '../kernel/events.js';
import type { AddressResources } from '../resources/address-resource.js';
import type { DirectorResources } from '../resources/director-resource.js';
import type { ResourceRunner } from '../resources/resource-runner.js';
import type { BeatThread } from './beat-thread.js';
import type { Beside } from './beside.js';
import type { Fencing } from './fencing.js';
import type { HeldResources } from './held-resources.js';
import type { HeartbeatPaths } from './paths.js';
import type { Preparation } from './preparation.js';
import type { ScriptDoors } from './script-doors.js';
import type { ServiceManager } from './service-manager.js';
import type { VipClaims } from './vip-claims.js';
import type { VipGuard } from './vip-guard.js';
import type { VipLease } from './vip-lease.js';
import type { VipWatch } from './vip-watch.js';

export interface OperatorAnswer {
  readonly isDone: boolean;
  readonly text: string;
}

export interface Daemon {
  readonly paths: HeartbeatPaths;
  /** Renewed when authkeys is read anew. */
  prepared: Preparation;
  readonly thread: BeatThread;
  readonly resources: {
    readonly table: AddressTable;
    readonly addresses: AddressResources;
    readonly directors: DirectorResources;
    readonly runner: ResourceRunner;
  };
  readonly held: HeldResources;
  /** Commands that wait for the engine's answer, by id. */
  readonly operators: Map<number, (answer: OperatorAnswer) => void>;
  operatorCount: number;
  readonly bootId: string;
  /** Of this process, on the monotonic clock. */
  readonly startedAt: number;
  readonly timers: NodeJS.Timeout[];
  readonly service: ServiceManager;
  fencing?: Fencing;
  beside?: Beside;
  scriptDoors?: ScriptDoors;
  linkWatch?: KernelWatch | undefined;
  vipLease?: VipLease;
  vipGuard?: VipGuard;
  vipClaims?: VipClaims | undefined;
  vipWatch?: VipWatch;
  willWriting?: Promise<void> | undefined;
  isWillStale?: boolean;
  isLeaving?: boolean;
  stop?: () => void;
}
