// Links: one node over one medium. A link is up while anything signed of the node comes over its
// medium, duplicates included: that is how the second medium of a pair stays up.

import { after, type Instant } from '../base/time.js';
import { showLink } from './client-notices.js';
import { type ClusterConfig, isPingKind } from './cluster-config.js';
import { type Context, msSince, say, tell } from './context.js';
import type { NodeRecord } from './node-table.js';

export interface LinkRecord {
  readonly medium: string;
  state: 'up' | 'dead' | 'init';
  changedAt: Instant | undefined;
  heardAt: Instant | undefined;
}

/** A ping node has the one link of its own name, any other node one for each other medium. */
export function createLinks(
  config: ClusterConfig,
  node: string,
  kind: 'normal' | 'ping',
): readonly LinkRecord[] {
  return config.media
    .filter((medium) => isPingKind(medium.kind) === (kind === 'ping'))
    .filter((medium) => kind === 'normal' || medium.name === node)
    .map((medium) => ({
      medium: medium.name,
      state: 'init',
      changedAt: undefined,
      heardAt: undefined,
    }));
}

const deadlineName = (node: NodeRecord, link: LinkRecord): string =>
  `link:${node.name}:${link.medium}`;

export function markLinkHeard(ctx: Context, node: NodeRecord, medium: string): void {
  const link = node.links.find((known) => known.medium === medium);
  if (link === undefined) return;
  link.heardAt = ctx.now.monotonic;
  ctx.deadlines.set(deadlineName(node, link), after(ctx.now.monotonic, node.deadtime));
  if (link.state === 'up') return;
  changeLinkState(ctx, node, link, 'up', '');
}

function changeLinkState(
  ctx: Context,
  node: NodeRecord,
  link: LinkRecord,
  state: 'up' | 'dead',
  facts: string,
): void {
  link.state = state;
  link.changedAt = ctx.now.monotonic;
  const text = `Link ${node.name}:${link.medium} ${state}.${facts === '' ? '' : ` (${facts})`}`;
  say(ctx, 'info', state === 'up' ? 'link-up' : 'link-dead', text);
  showLink(ctx, node.name, link.medium, state);
}

function loseLink(ctx: Context, node: NodeRecord, link: LinkRecord, facts: string): void {
  ctx.deadlines.clear(deadlineName(node, link));
  if (link.state !== 'up') return;
  changeLinkState(ctx, node, link, 'dead', facts);
  tell(ctx, { kind: 'link-died', node, medium: link.medium });
}

/** A node that died has no living link, whatever came over them last. */
export function loseLinksOf(ctx: Context, node: NodeRecord): void {
  for (const link of node.links) loseLink(ctx, node, link, '');
}

export function loseMedium(ctx: Context, medium: string, reason: string): void {
  for (const node of ctx.nodes.values()) {
    for (const link of node.links) if (link.medium === medium) loseLink(ctx, node, link, reason);
  }
}

/** Judges the deadline of one link; the silence must be as long as the node's dead time. */
export function judgeLink(ctx: Context, nodeName: string, medium: string): void {
  const node = ctx.nodes.get(nodeName);
  const link = node?.links.find((known) => known.medium === medium);
  if (node === undefined || link === undefined || link.heardAt === undefined) return;
  loseLink(ctx, node, link, `last heard ${msSince(ctx, link.heardAt)} ms ago`);
}
