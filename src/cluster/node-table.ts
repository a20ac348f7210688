// The nodes of the cluster and what is known of each. `changeNodeState` is the one place that
// changes a node's state and logs it. It takes no decision about resources.

import type { Prng } from '../base/prng.js';
import { between, type Duration, type Instant } from '../base/time.js';
import type { ClusterConfig } from './cluster-config.js';
import type { NodeState } from './cluster-status.js';
import { type Context, say, tell } from './context.js';
import type { Facts } from './keys.js';
import { createLinks, type LinkRecord } from './links.js';
import { notifyStatus } from './notify.js';
import { createProof, type ProofState } from './proof.js';
import { createTrack, type SequenceTrack } from './sequence.js';

/** What a node says it holds (as in heartbeat 3.0.6). */
export interface Claim {
  /** Groups that prefer the node that speaks. */
  local: boolean;
  foreign: boolean;
}

export interface NodeRecord {
  readonly name: string;
  readonly kind: 'normal' | 'ping';
  readonly isLocal: boolean;
  state: NodeState;
  changedAt: Instant | undefined;
  /** Of the last status (or ping answer) taken. */
  heardAt: Instant | undefined;
  uuid: Uint8Array | undefined;
  generation: number | undefined;
  /** The dead time in force: what the node advertised last. */
  deadtime: Duration;
  readonly links: readonly LinkRecord[];
  track: SequenceTrack;
  statusSeq: number;
  /** The newest of our messages that the node acknowledged. */
  ackedSeq: number;
  /** Our newest message when it came alive: it cannot have heard of earlier ones. */
  aliveSeq: number;
  claim: Claim | undefined;
  /** What it said before it was taken for dead, while it has not come anew. */
  formerClaim: Claim | undefined;
  /** Of the message that the claim came with: an older one arriving late changes nothing. */
  claimSeq: number;
  isStable: boolean;
  /** It said `shutdone`: its groups are ours to take, though its statuses go on for a while. */
  hasLeft: boolean;
  /** In its present run it took us for dead. */
  missedUs: boolean;
  /** Of a Lubdub node; undefined for any other, and until it spoke. */
  facts: Facts | undefined;
  /** The number of the key that its last status was good under. */
  keyUsed: number | undefined;
  readonly proof: ProofState;
}

export function createNode(
  config: ClusterConfig,
  name: string,
  kind: 'normal' | 'ping',
  prng: Prng,
): NodeRecord {
  return {
    name,
    kind,
    isLocal: name === config.localNode,
    state: 'init',
    changedAt: undefined,
    heardAt: undefined,
    uuid: undefined,
    generation: undefined,
    deadtime: kind === 'ping' ? config.deadping : config.deadtime,
    links: createLinks(config, name, kind),
    track: createTrack(prng),
    statusSeq: 0,
    ackedSeq: 0,
    aliveSeq: 0,
    claim: undefined,
    formerClaim: undefined,
    claimSeq: 0,
    isStable: false,
    hasLeft: false,
    missedUs: false,
    facts: undefined,
    keyUsed: undefined,
    proof: createProof(),
  };
}

export const isAlive = (node: NodeRecord): boolean =>
  node.state === 'up' || node.state === 'active' || node.state === 'ping';

/** Alive and has not said good-bye: its word about resources counts. */
export const isPresent = (node: NodeRecord | undefined): node is NodeRecord =>
  node !== undefined && isAlive(node) && !node.hasLeft;

/** The other side, while it is alive and has not said good-bye. */
export const presentPeer = (ctx: Context): NodeRecord | undefined =>
  isPresent(ctx.peer) ? ctx.peer : undefined;

/** Forgets what the former run of a node said about resources. */
export function forgetClaim(node: NodeRecord): void {
  node.formerClaim = undefined;
  node.claim = undefined;
  node.claimSeq = 0;
  node.isStable = false;
}

/** Logs the change in the original's words; the numbers follow them. */
export function changeNodeState(
  ctx: Context,
  node: NodeRecord,
  state: NodeState,
  reason: string,
): void {
  const from = node.state;
  if (from === state) return;
  node.state = state;
  node.changedAt = ctx.now.monotonic;
  notifyStatus(ctx, node.name, state);
  if (node.isLocal) {
    say(ctx, 'info', 'local-status', `Local status now set to: '${state}'`);
    return;
  }
  if (state === 'dead') {
    const heard =
      node.heardAt === undefined
        ? 'never heard'
        : `last heard ${Math.round(between(node.heardAt, ctx.now.monotonic))} ms ago`;
    const facts = `(${heard}, ${reason}, was ${from})`;
    say(ctx, 'WARN', 'node-dead', `node ${node.name}: is dead ${facts}`);
    tell(ctx, { kind: 'node-died', node });
    return;
  }
  const facts = `(was ${from}, ${reason})`;
  const text = `Status update for node ${node.name}: status ${state} ${facts}`;
  say(ctx, 'info', 'node-status', text);
}
