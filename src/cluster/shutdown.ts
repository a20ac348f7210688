// The clean end: wait for what is moving, give everything up, tell the other side, linger until it
// can have heard, exit (as in heartbeat 3.0.6). The peer takes over at `shutdone`, not later.

import { after, seconds } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import { isAtRest } from './group-record.js';
import { sendResource, yieldSet } from './holding.js';
import { presentPeer } from './node-table.js';
import { endHeal } from './partition.js';
import { whenAtRest } from './resource-group.js';
import { resetStandby } from './standby.js';

/** 3.0.6 waits an hour for moving resources; the service manager's patience is about a minute. */
const movingTime = seconds(60);
/** Statuses go on for so long, so that a lost `shutdone` shows as a gap and is asked for. */
const lingerTime = seconds(1);
/** A stop that failed is tried anew; leaving would put the group on two nodes. */
const stuckRetry = seconds(10);

export interface ShutdownState {
  state: 'none' | 'delayed' | 'releasing' | 'lingering' | 'ended';
}

export const createShutdown = (): ShutdownState => ({ state: 'none' });

const isMoving = (ctx: Context): boolean =>
  ctx.standby.state === 'giving' ||
  ctx.standby.state === 'given' ||
  ctx.standby.state === 'handing' ||
  ctx.standby.state === 'handed' ||
  ctx.standby.state === 'clearing' ||
  ctx.standby.state === 'taking' ||
  ![...ctx.groups.values()].every(isAtRest);

export function requestShutdown(ctx: Context): void {
  const { shutdown } = ctx;
  if (shutdown.state !== 'none') return;
  say(ctx, 'info', 'shutdown-begins', 'Heartbeat shutdown in progress.');
  shutdown.state = 'delayed';
  ctx.deadlines.set('shutdown-delay', after(ctx.now.monotonic, movingTime));
  if (isMoving(ctx)) {
    const text = 'Shutdown delayed until current resource activity finishes.';
    say(ctx, 'WARN', 'shutdown-delayed', text);
  }
  continueShutdown(ctx);
}

/** To be called at the end of each step. */
export function continueShutdown(ctx: Context): void {
  if (ctx.shutdown.state === 'delayed' && !isMoving(ctx)) beginRelease(ctx);
}

/** Waited long enough: what moves is turned round. */
export function expireDelay(ctx: Context): void {
  if (ctx.shutdown.state === 'delayed') beginRelease(ctx);
  else if (ctx.shutdown.state === 'releasing') abandon(ctx);
}

function beginRelease(ctx: Context): void {
  ctx.shutdown.state = 'releasing';
  resetStandby(ctx, 'this node shuts down');
  endHeal(ctx);
  ctx.holding.phase = 'shutdown';
  ctx.deadlines.clear('settle');
  ctx.deadlines.set('shutdown-delay', after(ctx.now.monotonic, movingTime));
  say(ctx, 'info', 'giving-up-all', 'Giving up all HA resources.');
  release(ctx);
}

function release(ctx: Context): void {
  yieldSet(ctx, 'local', 'shutdown');
  yieldSet(ctx, 'foreign', 'shutdown');
  const groups = [...ctx.groups.values()];
  sendResource(ctx, 'shutdown');
  whenAtRest(ctx, groups, () => {
    if (ctx.shutdown.state !== 'releasing') return;
    if (groups.some((group) => group.isStuck)) {
      ctx.deadlines.set('shutdown-stuck', after(ctx.now.monotonic, stuckRetry));
      return;
    }
    finish(ctx);
  });
}

/** A resource would not stop: the group stays ours, and the stop is tried anew. */
export function retryRelease(ctx: Context): void {
  if (ctx.shutdown.state === 'releasing') release(ctx);
}

function finish(ctx: Context): void {
  say(ctx, 'info', 'all-released', 'All HA resources relinquished.');
  sendMessage(ctx, [textField('t', 'shutdone'), textField('st', 'dead')]);
  ctx.shutdown.state = 'lingering';
  ctx.deadlines.clear('shutdown-delay');
  if (presentPeer(ctx) === undefined) end(ctx);
  else ctx.deadlines.set('linger', after(ctx.now.monotonic, lingerTime));
}

/** Not all could be given up in time: without `shutdone` the peer does not take it at once. */
function abandon(ctx: Context): void {
  const text = 'Shutdown goes on though not all resources were given up; the rest is still here.';
  say(ctx, 'CRIT', 'shutdown-incomplete', text);
  end(ctx);
}

export function end(ctx: Context): void {
  if (ctx.shutdown.state === 'ended') return;
  ctx.shutdown.state = 'ended';
  for (const [name] of ctx.deadlines.entries()) ctx.deadlines.clear(name);
  const text = `${ctx.local.name} Heartbeat shutdown complete.`;
  say(ctx, 'info', 'shutdown-complete', text);
  ctx.effects.push({ kind: 'exit', how: 'stop' });
}
