// Who is alive: statuses of the nodes, the dead time each advertises, our own beat and what to
// make of a stall of our own. A death is judged exactly one dead time after the last status, and
// only after the driver has drained the sockets (heartbeat 3.0.6 scans every 250 ms instead).

import { after, between, type Duration, type Instant, millis, seconds } from '../base/time.js';
import { fieldText, textField } from '../wire/ha-message.js';
import { noteBacklog } from './backlog.js';
import { type Context, say, tell } from './context.js';
import { sendMessage } from './egress.js';
import { hexNumber, type Received, refuse } from './ingress.js';
import { loseLinksOf, markLinkHeard } from './links.js';
import { changeNodeState, isAlive, type NodeRecord } from './node-table.js';
import { answeringNode, askPingNodes } from './ping-nodes.js';
import { resetTrack } from './sequence.js';

/** 3.0.6 advertises this much more for its first seconds, in which it is slow to answer. */
const earlyAllowance: Duration = millis(2000);
const earlyFor: Duration = seconds(5);
/** A dead time that a peer may ask us to wait; more would be a silent pair for an hour. */
const DEADTIME_MAX_MS = 3_600_000;
/** Shares of our dead time by which a late call of the engine is told from an ordinary one. */
const LATE_CALL_SHARE = 1 / 2;
const LATE_BEATS = 1.5;

export interface LivenessState {
  /** The monotonic point of our last own beat: what the peer measures us by. */
  beatAt: Instant | undefined;
  /** What we advertise as `dt`. */
  advertised: Duration;
  /** False for good once a peer sent a status without `protocol`, as 3.0.6 does. */
  isFlowControlled: boolean;
}

export const createLiveness = (deadtime: Duration): LivenessState => ({
  beatAt: undefined,
  advertised: deadtime,
  isFlowControlled: true,
});

export function sendStatus(ctx: Context): void {
  const fields = [
    textField('t', 'status'),
    textField('st', ctx.local.state),
    textField('dt', Math.round(ctx.liveness.advertised).toString(16)),
  ];
  if (ctx.liveness.isFlowControlled) fields.push(textField('protocol', '1'));
  sendMessage(ctx, fields);
  askPingNodes(ctx);
  ctx.local.heardAt = ctx.now.monotonic;
  ctx.liveness.beatAt = ctx.now.monotonic;
}

/** A state of our own goes out at once, not with the next beat. */
export function changeLocalState(ctx: Context, state: 'init' | 'up' | 'active'): void {
  changeNodeState(ctx, ctx.local, state, 'own');
  sendStatus(ctx);
}

export function startBeating(ctx: Context): void {
  const { now, config, deadlines, liveness } = ctx;
  liveness.advertised = millis(config.deadtime + earlyAllowance);
  deadlines.set('beat', after(now.monotonic, config.keepalive));
  deadlines.set('advertise', after(now.monotonic, earlyFor));
  for (const node of ctx.nodes.values()) {
    if (node.isLocal) continue;
    deadlines.set(`death:${node.name}`, after(now.monotonic, config.initdead));
  }
}

/** After the first seconds the dead time proper is advertised, at once. */
export function advertiseDeadtime(ctx: Context): void {
  ctx.liveness.advertised = ctx.config.deadtime;
  sendStatus(ctx);
}

/** One status each keepalive, without drift; after a stall the beat starts anew from now. */
export function beat(ctx: Context, dueAt: Instant): void {
  const { now, config, deadlines, liveness } = ctx;
  const gap = liveness.beatAt === undefined ? 0 : between(liveness.beatAt, now.monotonic);
  if (gap > config.warntime) reportOwnLateness(ctx, gap);
  sendStatus(ctx);
  noteBacklog(ctx);
  const next = after(dueAt, config.keepalive);
  const isBehind = next <= now.monotonic;
  deadlines.set('beat', isBehind ? after(now.monotonic, config.keepalive) : next);
}

function reportOwnLateness(ctx: Context, gap: number): void {
  const isLong = gap > ctx.liveness.advertised;
  const facts = isLong ? ' (> deadtime)' : '';
  const text = `Late heartbeat: Node ${ctx.local.name}: interval ${Math.round(gap)} ms${facts}`;
  say(ctx, isLong ? 'CRIT' : 'WARN', 'late-own-heartbeat', text);
}

/**
 * To be called first in every step. A gap since our last beat longer than the dead time that we
 * advertise means that the peer has taken over while we were away.
 */
export function noteOwnGap(ctx: Context): void {
  const { liveness, now } = ctx;
  if (liveness.beatAt === undefined) return;
  const gap = between(liveness.beatAt, now.monotonic);
  const { advertised } = liveness;
  // Where the keepalive is nearly half the dead time, a beat in its time is no late call.
  const isLate = gap > advertised * LATE_CALL_SHARE && gap > ctx.config.keepalive * LATE_BEATS;
  if (!isLate) return;
  // Peers are judged only after their messages, which wait in the sockets, had time to be read.
  grantPeers(ctx, gap);
  beat(ctx, now.monotonic);
  if (gap > advertised) tell(ctx, { kind: 'local-stalled', sleptMs: Math.round(gap) });
}

function grantPeers(ctx: Context, gap: number): void {
  const { now, config, deadlines } = ctx;
  const grace = after(now.monotonic, config.keepalive);
  let granted = 0;
  for (const node of ctx.nodes.values()) {
    const dueAt = deadlines.at(`death:${node.name}`);
    if (dueAt === undefined || dueAt >= grace) continue;
    deadlines.set(`death:${node.name}`, grace);
    granted++;
  }
  if (granted === 0) return;
  const text = `we were ${Math.round(gap)} ms late: peers get one more keepalive before judged`;
  say(ctx, 'WARN', 'own-stall', text);
}

function reportLate(ctx: Context, node: NodeRecord): void {
  if (node.heardAt === undefined || node.state === 'init') return;
  const gap = between(node.heardAt, ctx.now.monotonic);
  const warn = node.kind === 'ping' ? ctx.config.deadping : ctx.config.warntime;
  if (gap <= warn) return;
  const isLong = gap > ctx.config.deadtime;
  const facts = isLong ? ' (> deadtime)' : '';
  const text = `Late heartbeat: Node ${node.name}: interval ${Math.round(gap)} ms${facts}`;
  say(ctx, isLong ? 'CRIT' : 'WARN', 'late-heartbeat', text);
}

function noteHeard(ctx: Context, node: NodeRecord, deadtime: Duration): void {
  node.deadtime = deadtime;
  node.heardAt = ctx.now.monotonic;
  ctx.deadlines.set(`death:${node.name}`, after(ctx.now.monotonic, deadtime));
}

/** What the peer asks for; nonsense counts as our own dead time. */
function advertisedBy(ctx: Context, text: string | undefined): Duration {
  const dt = hexNumber(text);
  if (dt === undefined || dt === 0) return ctx.config.deadtime;
  return millis(Math.min(dt, DEADTIME_MAX_MS));
}

function noteFlowControl(ctx: Context, hasProtocol: boolean): void {
  if (hasProtocol || !ctx.liveness.isFlowControlled) return;
  ctx.liveness.isFlowControlled = false;
  const text = 'flow control disabled due to different version heartbeat';
  say(ctx, 'WARN', 'flow-control-off', text);
}

export function takeStatus(ctx: Context, received: Received): void {
  const { from: node, message, seq } = received;
  const state = fieldText(message, 'st');
  if (state !== 'init' && state !== 'up' && state !== 'active') return;
  // A status that was overtaken by a newer one says nothing about now.
  if (seq < node.statusSeq) return;
  // Its new run went active before we heard of it: its groups were asked for without us.
  const isFirst = node.statusSeq === 0;
  const cameActive = isFirst && state === 'active';
  node.statusSeq = seq;
  reportLate(ctx, node);
  noteFlowControl(ctx, fieldText(message, 'protocol') !== undefined);
  noteHeard(ctx, node, advertisedBy(ctx, fieldText(message, 'dt')));
  const wasAlive = isAlive(node);
  if (!wasAlive || isFirst) node.aliveSeq = ctx.egress.sequence;
  changeNodeState(ctx, node, state, received.isReturning ? 'returned' : 'heard');
  if (received.isReturning) tell(ctx, { kind: 'node-returned', node });
  else if (!wasAlive || cameActive) tell(ctx, { kind: 'node-heard', node });
}

/** What came back on the medium of a ping node: our question, or something that is refused. */
export function takePingAnswer(ctx: Context, medium: string, bytes: Uint8Array): void {
  const node = answeringNode(ctx, medium, bytes);
  if (node === undefined) {
    refuse(ctx, 'stale-answer', 'debug', `answer of ping node ${medium} is none to a question`);
    return;
  }
  markLinkHeard(ctx, node, medium);
  reportLate(ctx, node);
  noteHeard(ctx, node, ctx.config.deadping);
  if (node.state === 'ping') return;
  changeNodeState(ctx, node, 'ping', 'answered');
  tell(ctx, { kind: 'node-heard', node });
}

export function judgeDeath(ctx: Context, name: string): void {
  const node = ctx.nodes.get(name);
  if (node === undefined || node.state === 'dead') return;
  const isNew = node.heardAt === undefined && !ctx.startUp.isActive;
  const limit = isNew ? ctx.config.initdead : node.deadtime;
  changeNodeState(ctx, node, 'dead', `dead time ${Math.round(limit)} ms`);
  loseLinksOf(ctx, node);
  resetRequests(ctx, node);
}

/** Nothing is asked of a dead node; what it still had for us is asked for when it returns. */
function resetRequests(ctx: Context, node: NodeRecord): void {
  const { last } = node.track;
  resetTrack(ctx, node);
  node.track.last = last;
}
