// Who belongs to the cluster, as it changes while it runs: hb_addnode, hb_delnode and the node
// list that a living peer gives to one that starts (as in heartbeat 3.0.6). Changes last until
// the next start, which reads ha.cf and asks a living peer, as in 3.0.6 with haresources.

import { after } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import { createNode, isAlive, type NodeRecord } from './node-table.js';
import { resetTrack } from './sequence.js';

/** heartbeat 3.0.6 allows as many nodes. */
export const nodesMax = 100;
/** Of a host name (RFC 1035 section 2.3.4): longer ones nobody can have. */
const NAME_LENGTH_MAX = 253;

export interface MembershipState {
  /** Taken out while we run: what `delnodelist` names. */
  readonly deleted: Set<string>;
}

export const createMembership = (): MembershipState => ({ deleted: new Set() });

const members = (ctx: Context): readonly NodeRecord[] =>
  [...ctx.nodes.values()].filter((node) => node.kind === 'normal');

/** Names of a list on the wire or of a command: those that can be node names, each once. */
export function namesOf(list: string): readonly string[] {
  const names = list.split(/[\s,]+/).map((name) => name.toLowerCase());
  const good = names.filter((n) => n.length <= NAME_LENGTH_MAX && /^[a-z0-9][a-z0-9._-]*$/.test(n));
  return [...new Set(good)].slice(0, nodesMax);
}

/** The `nodelist` and `delnodelist` of an answer; an empty one is one space (recorded). */
export function nodeLists(ctx: Context): { readonly nodes: string; readonly deleted: string } {
  const text = (names: Iterable<string>): string => [...names].map((name) => `${name} `).join('');
  const { deleted } = ctx.membership;
  return {
    nodes: text(members(ctx).map((node) => node.name)),
    deleted: deleted.size === 0 ? ' ' : text(deleted),
  };
}

function tellChange(ctx: Context): void {
  ctx.effects.push({
    kind: 'members-changed',
    members: members(ctx).map(({ name, uuid }) => ({ name, uuid })),
    deleted: [...ctx.membership.deleted],
  });
}

/** The other side of the resource groups: the first other member, in the order of the table. */
function choosePeer(ctx: Context): void {
  ctx.peer = members(ctx).find((node) => !node.isLocal);
}

function addNode(ctx: Context, name: string, why: string): boolean {
  if (ctx.nodes.has(name) || ctx.nodes.size >= nodesMax) return false;
  const node = createNode(ctx.config, name, 'normal', ctx.prng);
  ctx.nodes.set(name, node);
  ctx.membership.deleted.delete(name);
  const span = ctx.startUp.isActive ? ctx.config.deadtime : ctx.config.initdead;
  ctx.deadlines.set(`death:${name}`, after(ctx.now.monotonic, span));
  if (ctx.peer === undefined) choosePeer(ctx);
  say(ctx, 'info', 'node-added', `node ${name} was added to the cluster (${why})`);
  return true;
}

function removeNode(ctx: Context, node: NodeRecord, why: string): void {
  const { name } = node;
  resetTrack(ctx, node);
  ctx.deadlines.clear(`death:${name}`);
  for (const link of node.links) ctx.deadlines.clear(`link:${name}:${link.medium}`);
  ctx.nodes.delete(name);
  // Names of one cluster's life: more of them than it can have members is a loop of somebody's.
  if (ctx.membership.deleted.size < nodesMax) ctx.membership.deleted.add(name);
  if (ctx.peer === node) choosePeer(ctx);
  say(ctx, 'notice', 'node-deleted', `node ${name} was deleted from the cluster (${why})`);
}

function addAll(ctx: Context, names: readonly string[], why: string): number {
  const added = names.filter((name) => addNode(ctx, name, why)).length;
  if (added > 0) tellChange(ctx);
  return added;
}

function removeAll(ctx: Context, nodes: readonly NodeRecord[], why: string): void {
  for (const node of nodes) removeNode(ctx, node, why);
  if (nodes.length > 0) tellChange(ctx);
}

/** Why these nodes cannot be deleted; undefined when they can. The rule is that of 3.0.6. */
function objectionTo(ctx: Context, names: readonly string[]): string | undefined {
  if (names.length === 0) return 'no node is named';
  for (const name of names) {
    const node = ctx.nodes.get(name);
    if (node === undefined || node.kind !== 'normal') return `node ${name} is not in the cluster`;
    if (node.isLocal) return `node ${name} is this node`;
    if (node.state !== 'dead') return `node ${name} is not dead (${node.state})`;
  }
  const silent = members(ctx).find((node) => !names.includes(node.name) && !isAlive(node));
  return silent && `node ${silent.name} is ${silent.state}: all others must be alive`;
}

/** An operator's hb_addnode or hb_delnode: done here, and told to all. Answers in words. */
export function changeMembers(
  ctx: Context,
  command: 'add' | 'delete',
  given: readonly string[],
): { readonly isDone: boolean; readonly text: string } {
  const names = namesOf(given.join(' '));
  const send = (type: string): void => {
    sendMessage(ctx, [textField('t', type), textField('nodelist', names.join(' '))]);
  };
  if (command === 'add') {
    const fresh = names.filter((name) => !ctx.nodes.has(name));
    const room = nodesMax - ctx.nodes.size;
    if (fresh.length === 0) return { isDone: false, text: 'no new node is named' };
    if (fresh.length > room) return { isDone: false, text: `only ${room} more nodes are possible` };
    send('addnode');
    addAll(ctx, fresh, 'an operator asked');
    return { isDone: true, text: `added ${fresh.join(' ')}; write it into ha.cf as well` };
  }
  const objection = objectionTo(ctx, names);
  if (objection !== undefined) return { isDone: false, text: objection };
  send('delnode');
  removeAll(ctx, nodesNamed(ctx, names), 'an operator asked');
  return { isDone: true, text: `deleted ${names.join(' ')}; take it out of ha.cf as well` };
}

const nodesNamed = (ctx: Context, names: readonly string[]): readonly NodeRecord[] =>
  members(ctx).filter((node) => names.includes(node.name));

export function takeAddNode(ctx: Context, from: NodeRecord, list: string): void {
  addAll(ctx, namesOf(list), `node ${from.name} says so`);
}

/** Nobody talks us into deleting ourselves, the speaker, or a node that we hear. */
export function takeDelNode(ctx: Context, from: NodeRecord, list: string): void {
  const named = nodesNamed(ctx, namesOf(list));
  const gone = named.filter((node) => !node.isLocal && node !== from && !isAlive(node));
  for (const node of named) {
    if (gone.includes(node)) continue;
    const text = `node ${from.name} deletes node ${node.name}, which is ${node.state}: not done`;
    say(ctx, 'WARN', 'node-delete-refused', text);
  }
  removeAll(ctx, gone, `node ${from.name} says so`);
}

/**
 * The list of a peer that was there before us: members that it does not name are removed and
 * unknown ones added, as 3.0.6 does. Ourselves, the speaker and whom we hear stay.
 */
export function adoptNodeList(ctx: Context, from: NodeRecord, list: string): void {
  const names = namesOf(list);
  if (names.length === 0) return;
  const missing = members(ctx).filter((node) => !names.includes(node.name));
  const gone = missing.filter((node) => !node.isLocal && node !== from && !isAlive(node));
  const fresh = names.filter((name) => !ctx.nodes.has(name));
  if (missing.length === 0 && fresh.length === 0) return;
  const text = `node ${from.name} has another list of nodes: ${names.join(' ').slice(0, 200)}`;
  say(ctx, 'WARN', 'node-list-differs', text);
  removeAll(ctx, gone, `not in the list of node ${from.name}`);
  addAll(ctx, fresh, `in the list of node ${from.name}`);
}
