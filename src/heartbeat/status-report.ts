// What `lubdub status` is told: facts with ages instead of points in time, and one judgement over
// all. The shape is `lubdub/status/v1` and only grows; readers ignore what they do not know.

import type { ClusterStatus, GroupStatus, NodeStatus } from '../cluster/cluster-status.js';
import type { JsonObject } from '../runtime/control-socket.js';
import { version } from '../runtime/version.js';
import { findAddresses, reportAddresses } from './address-report.js';
import type { Daemon } from './daemon-parts.js';
import type { BeatSnapshot } from './worker-messages.js';

export type Health = 'ok' | 'degraded' | 'critical';

/** A finding makes the whole at least as bad as itself and says why in words. */
interface Finding {
  readonly health: Exclude<Health, 'ok'>;
  readonly text: string;
}

const rank: Readonly<Record<Health, number>> = { ok: 0, degraded: 1, critical: 2 };

function findGroups(cluster: ClusterStatus): readonly Finding[] {
  const findings: Finding[] = [];
  const peer = cluster.nodes.find((node) => !node.isLocal && node.kind === 'normal');
  for (const group of cluster.groups) {
    if (group.state === 'failed') {
      findings.push({ health: 'critical', text: `group ${group.key} failed: ${group.reason}` });
    }
    const isAlone = peer === undefined || peer.state === 'dead';
    if (group.state === 'released' && isAlone && cluster.isStable) {
      findings.push({ health: 'critical', text: `nobody holds group ${group.key}` });
    }
  }
  return findings;
}

function findNodes(cluster: ClusterStatus): readonly Finding[] {
  const findings: Finding[] = [];
  for (const node of cluster.nodes) {
    if (node.isLocal) continue;
    if (node.state === 'dead') {
      const word = node.kind === 'ping' ? 'ping node' : 'node';
      findings.push({ health: 'degraded', text: `${word} ${node.name} is dead` });
      continue;
    }
    const dead = node.links.filter((link) => link.state === 'dead');
    const up = node.links.length - dead.length;
    for (const link of dead) {
      findings.push({ health: 'degraded', text: `link ${node.name}:${link.medium} is dead` });
    }
    if (dead.length > 0 && up === 1 && node.kind === 'normal') {
      const left = node.links.find((link) => link.state !== 'dead')?.medium ?? '';
      const text = `one heartbeat path left (${left}); losing it means split brain`;
      findings.push({ health: 'degraded', text });
    }
  }
  return findings;
}

/** What the files of another Lubdub node differ in; a pair has to be of one mind. */
function findDisagreements(cluster: ClusterStatus): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, agreement, state } of cluster.nodes) {
    if (agreement === undefined || state === 'dead') continue;
    const differ = (what: string): void => {
      findings.push({ health: 'degraded', text: `${what} differs on node ${name}` });
    };
    if (!agreement.isClusterSame) differ('ha.cf (nodes, times or auto_failback)');
    if (!agreement.areResourcesSame) differ('haresources');
  }
  return findings;
}

function findDirectors(directors: readonly JsonObject[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const director of directors) {
    const { down, kept, total, configError, configRefusedAt, config, mode, isWanted } = director;
    if (mode === 'not running') {
      const health = isWanted === true ? 'critical' : 'degraded';
      findings.push({ health, text: `ldirectord ${String(config)} is not running` });
    }
    if (typeof configError === 'string') {
      const since = `${String(config)} was refused at ${String(configRefusedAt)}`;
      const text = `${since}, the one before stays in force: ${configError}`;
      findings.push({ health: 'degraded', text });
    }
    if (typeof down === 'number' && typeof total === 'number' && down > 0) {
      const isKept = typeof kept === 'number' && kept > 0;
      const tail = isKept ? `, ${kept} of them kept in service by minpool` : '';
      findings.push({ health: 'degraded', text: `${down} of ${total} real servers down${tail}` });
    }
  }
  return findings;
}

const ageOf = (takenAt: number, point: number | undefined): number | null =>
  point === undefined ? null : Math.max(0, Math.round(takenAt - point)) / 1000;

/** What a node holds, in terms of groups: `local` of a node that no group prefers is nothing. */
function servesAny(cluster: ClusterStatus, node: NodeStatus): boolean {
  if (node.isLocal) return cluster.groups.some((group) => group.state === 'held');
  return cluster.groups.some((group) => {
    const isOwn = group.preferredNode === node.name;
    return node.holding === 'all' || node.holding === (isOwn ? 'local' : 'foreign');
  });
}

/** The role in one word: who serves. */
function roleOf(cluster: ClusterStatus, node: NodeStatus): string {
  if (node.kind === 'ping') return 'ping';
  if (node.state === 'dead') return 'dead';
  if (node.isLocal && !cluster.isStable) return 'transition';
  return servesAny(cluster, node) ? 'active' : 'standby';
}

function nodeReport(cluster: ClusterStatus, node: NodeStatus, takenAt: number): JsonObject {
  return {
    name: node.name,
    kind: node.kind,
    isLocal: node.isLocal,
    state: node.state,
    role: roleOf(cluster, node),
    sinceSeconds: ageOf(takenAt, node.changedAt),
    heardSecondsAgo: ageOf(takenAt, node.heardAt),
    deadtimeSeconds: node.deadtimeMs / 1000,
    holding: node.holding ?? null,
    agreement: node.agreement === undefined ? null : { ...node.agreement },
    links: node.links.map((link) => ({
      medium: link.medium,
      state: link.state,
      sinceSeconds: ageOf(takenAt, link.changedAt),
      heardSecondsAgo: ageOf(takenAt, link.heardAt),
    })),
  };
}

const groupReport = (group: GroupStatus, takenAt: number): JsonObject => ({
  key: group.key,
  preferredNode: group.preferredNode,
  state: group.state,
  reason: group.reason,
  sinceSeconds: ageOf(takenAt, group.changedAt),
  resources: group.resources.map(({ word, state }) => ({ word, state })),
});

function mediaReport(snapshot: BeatSnapshot): readonly JsonObject[] {
  return snapshot.media.map((medium) => ({
    name: medium.name,
    kind: medium.kind,
    isUp: medium.isUp,
    reason: medium.reason,
    sent: medium.counters.sent,
    received: medium.counters.received,
    dropped: medium.counters.dropped,
    errors: medium.counters.errors,
  }));
}

export async function reportDaemonStatus(daemon: Daemon): Promise<JsonObject> {
  const snapshot = await daemon.thread.snapshot();
  const { cluster, takenAt } = snapshot;
  const directors = await daemon.resources.directors.report();
  const local = cluster.nodes.find((node) => node.isLocal);
  const addresses = reportAddresses(daemon);
  const findings = [...findGroups(cluster), ...findNodes(cluster), ...findDirectors(directors)];
  findings.push(...findDisagreements(cluster));
  for (const text of findAddresses(addresses)) findings.unshift({ health: 'critical', text });
  if (cluster.splitSince !== undefined) {
    const since = ageOf(takenAt, cluster.splitSince) ?? 0;
    findings.unshift({ health: 'critical', text: `SPLIT: both nodes hold, for ${since} s` });
  }
  const health = findings.reduce<Health>(
    (worst, { health: next }) => (rank[next] > rank[worst] ? next : worst),
    'ok',
  );
  return {
    ok: true,
    schema: 'lubdub/status/v1',
    version,
    health,
    findings: findings.map(({ text }) => text),
    node: cluster.localNode,
    role: local === undefined ? 'unknown' : roleOf(cluster, local),
    state: cluster.localState,
    holding: cluster.holding,
    isStable: cluster.isStable,
    generation: cluster.generation,
    autoFailback: daemon.prepared.setup.cluster.autoFailback,
    keepaliveSeconds: daemon.prepared.setup.cluster.keepalive / 1000,
    deadtimeSeconds: daemon.prepared.setup.cluster.deadtime / 1000,
    pid: process.pid,
    keeperPid: process.ppid,
    upSeconds: ageOf(takenAt, daemon.startedAt),
    configHash: daemon.prepared.configHash,
    signingKey: cluster.signingKey,
    splitSeconds: ageOf(takenAt, cluster.splitSince),
    nodes: cluster.nodes.map((node) => nodeReport(cluster, node, takenAt)),
    media: mediaReport(snapshot),
    groups: cluster.groups.map((group) => groupReport(group, takenAt)),
    addresses,
    directors,
    messages: { sent: cluster.sent, received: cluster.received, refused: cluster.refused },
  };
}
