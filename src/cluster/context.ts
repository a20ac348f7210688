// The state of one cluster engine, as plain records, and the few words every module needs to act
// on it: log, tell, send is in egress.ts. The modules below own their part of it; upper modules
// hear of changes through happenings, so that none of the lower ones has to know them.

import type { Deadlines } from '../base/deadlines.js';
import type { LogCode } from '../base/log-code.js';
import { type LogLevel, logLine } from '../base/log-line.js';
import type { Prng } from '../base/prng.js';
import type { Instant, Now } from '../base/time.js';
import type { BacklogState } from './backlog.js';
import type { NoticesState } from './client-notices.js';
import type { ClusterConfig } from './cluster-config.js';
import type { ClusterStart } from './cluster-engine.js';
import type { ClusterEffect } from './cluster-event.js';
import type { EgressState } from './egress.js';
import type { GroupRecord, GroupWaiter } from './group-record.js';
import type { HoldingState } from './holding.js';
import type { IngressState } from './ingress.js';
import type { IpfailState } from './ipfail.js';
import type { KeysState } from './keys.js';
import type { LegacyState } from './legacy.js';
import type { LivenessState } from './liveness.js';
import type { MembershipState } from './membership.js';
import type { NodeRecord } from './node-table.js';
import type { HealState } from './partition.js';
import type { PingState } from './ping-nodes.js';
import type { ShutdownState } from './shutdown.js';
import type { StandbyState } from './standby-state.js';
import type { StartUpState } from './start-up.js';
import type { StonithState } from './stonith.js';

/** What a lower module found out, for those above it. Handled in order within the same step. */
export type Happening =
  | { readonly kind: 'node-heard'; readonly node: NodeRecord }
  | { readonly kind: 'node-died'; readonly node: NodeRecord }
  | { readonly kind: 'link-died'; readonly node: NodeRecord; readonly medium: string }
  /** A higher generation of a node that we knew: what it held before is gone or adopted. */
  | { readonly kind: 'node-restarted'; readonly node: NodeRecord }
  /** Same generation, taken for dead before: both sides may hold the same groups. */
  | { readonly kind: 'node-returned'; readonly node: NodeRecord }
  /** A dead node was reset: what it held is free. */
  | { readonly kind: 'node-reset'; readonly node: NodeRecord }
  | { readonly kind: 'local-stalled'; readonly sleptMs: number }
  | { readonly kind: 'comm-up' }
  /** The other side said what it holds, or the word of one side changed. */
  | { readonly kind: 'claims-changed' }
  | { readonly kind: 'peer-stable' }
  | { readonly kind: 'group-settled'; readonly group: GroupRecord };

export interface Context {
  readonly config: ClusterConfig;
  readonly start: ClusterStart;
  readonly prng: Prng;
  readonly deadlines: Deadlines;
  /** Both readings of the step under way. */
  now: Now;
  effects: ClusterEffect[];
  readonly happenings: Happening[];
  readonly local: NodeRecord;
  /** The other normal node. R1 resource logic knows two sides (as in heartbeat 3.0.6). */
  peer: NodeRecord | undefined;
  readonly nodes: Map<string, NodeRecord>;
  readonly groups: ReadonlyMap<string, GroupRecord>;
  groupWaiters: GroupWaiter[];
  nextOrderId: number;
  readonly egress: EgressState;
  readonly ingress: IngressState;
  readonly liveness: LivenessState;
  readonly backlog: BacklogState;
  readonly keys: KeysState;
  readonly membership: MembershipState;
  readonly pings: PingState;
  readonly ipfail: IpfailState;
  readonly startUp: StartUpState;
  readonly holding: HoldingState;
  readonly standby: StandbyState;
  readonly heal: HealState;
  readonly legacy: LegacyState;
  readonly shutdown: ShutdownState;
  readonly stonith: StonithState;
  readonly notices: NoticesState;
}

export function say(ctx: Context, level: LogLevel, code: LogCode, text: string): void {
  ctx.effects.push({ kind: 'log', line: logLine(level, code, text) });
}

export function tell(ctx: Context, happening: Happening): void {
  ctx.happenings.push(happening);
}

/** Whole milliseconds since a point, for log lines. */
export const msSince = (ctx: Context, start: Instant): number =>
  Math.round(ctx.now.monotonic - start);
