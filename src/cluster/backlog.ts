// How many of our messages a living peer has not acknowledged yet. One that hears us acknowledges
// one in ten, so a growing number tells of a way out that does not carry, or of an odd peer.
// Nothing is held back: heartbeats and retransmissions go on, as in 3.0.6.

import { after, type Instant, seconds } from '../base/time.js';
import { type Context, say } from './context.js';
import { historyMessagesMax } from './egress.js';
import { isAlive, type NodeRecord } from './node-table.js';

/** Of the history's 500, as 3.0.6. */
const backlogWarning = 375;
const backlogError = 450;
/** 3.0.6 says it with every message, which fills the log. */
const backlogLogInterval = seconds(60);

export interface BacklogState {
  isWarned: boolean;
  isError: boolean;
  loggedAt: Instant | undefined;
}

export const createBacklog = (): BacklogState => ({
  isWarned: false,
  isError: false,
  loggedAt: undefined,
});

function unackedBy(ctx: Context, node: NodeRecord): number {
  const from = Math.max(node.ackedSeq, node.aliveSeq);
  return Math.min(historyMessagesMax, ctx.egress.sequence - from);
}

/** To be called with each beat: says when the history fills, and at most each minute again. */
export function noteBacklog(ctx: Context): void {
  const { backlog, now } = ctx;
  const peers = [...ctx.nodes.values()].filter(
    (node) => !node.isLocal && node.kind === 'normal' && isAlive(node),
  );
  const isCounted = ctx.liveness.isFlowControlled && peers.length > 0;
  const count = isCounted ? Math.max(...peers.map((node) => unackedBy(ctx, node))) : 0;
  const isError = count > backlogError;
  const isWarned = count > backlogWarning;
  const isWorse = (isError && !backlog.isError) || (isWarned && !backlog.isWarned);
  const { loggedAt } = backlog;
  const isDue = loggedAt === undefined || after(loggedAt, backlogLogInterval) <= now.monotonic;
  backlog.isError = isError;
  backlog.isWarned = isWarned;
  if (!isWarned || !(isWorse || isDue)) return;
  backlog.loggedAt = now.monotonic;
  const text = `Message hist queue is filling up (${count} messages in queue)`;
  say(ctx, isError ? 'ERROR' : 'WARN', 'history-filling', text);
}
