// The snapshot: what is true now, copied out of the engine's records.

import type { ClusterStatus, GroupStatus, NodeStatus } from './cluster-status.js';
import type { Context } from './context.js';
import { type GroupRecord, isAtRest } from './group-record.js';
import { holdingWord, isLegacy, isSettled } from './holding.js';
import { agreementWith } from './keys.js';
import type { NodeRecord } from './node-table.js';

export function snapshotCluster(ctx: Context): ClusterStatus {
  const groups = [...ctx.groups.values()];
  const isRested = groups.every(isAtRest);
  return {
    localNode: ctx.local.name,
    localState: ctx.local.state,
    generation: ctx.start.generation,
    sequence: ctx.egress.sequence,
    holding: holdingWord(ctx.holding.claim),
    isStable: isRested && (isLegacy(ctx) ? ctx.startUp.isActive : isSettled(ctx)),
    splitSince: ctx.heal.splitSince,
    nodes: [...ctx.nodes.values()].map((node) => reportNode(ctx, node)),
    groups: groups.map(reportGroup),
    refused: Object.fromEntries(ctx.ingress.refused),
    received: ctx.ingress.received,
    sent: ctx.egress.sent,
    signingKey: ctx.keys.signing.current,
  };
}

function reportNode(ctx: Context, node: NodeRecord): NodeStatus {
  const claim = node.isLocal ? ctx.holding.claim : node.claim;
  return {
    name: node.name,
    kind: node.kind,
    isLocal: node.isLocal,
    state: node.state,
    changedAt: node.changedAt,
    heardAt: node.heardAt,
    generation: node.isLocal ? ctx.start.generation : node.generation,
    uuid: node.uuid,
    deadtimeMs: node.isLocal ? ctx.liveness.advertised : node.deadtime,
    links: node.links.map((link) => ({ ...link })),
    holding: claim === undefined ? undefined : holdingWord(claim),
    agreement: agreementWith(ctx, node),
  };
}

const reportGroup = (group: GroupRecord): GroupStatus => ({
  key: group.spec.key,
  preferredNode: group.spec.preferredNode,
  state: group.state,
  changedAt: group.changedAt,
  reason: group.reason,
  resources: group.resources.map(({ spec, state }) => ({ word: spec.word, state })),
});
