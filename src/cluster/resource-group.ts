// The runner of one resource group: status then start from left to right, stop from right to left,
// one order outstanding at a time, groups independent of one another (heartbeat 3.0.6
// ResourceManager, recorded). Addresses side by side are one order: a start of one that is there
// already does no harm, so none is asked for its status first. A group is told an aim and reports
// when it rests; who ought to hold it is decided above. `changeGroupState` is the one place that
// changes a group's state.

import { after, seconds } from '../base/time.js';
import type { AddressVerb, ResourceOutcome } from '../config/resource-order.js';
import type { GroupState } from './cluster-status.js';
import { type Context, msSince, say, tell } from './context.js';
import { endOrder, order } from './group-order.js';
import {
  addressesOf,
  addressRun,
  addressRunBack,
  type GroupRecord,
  isAddress,
  isAtRest,
  isInPlace,
  type OutstandingOrder,
  type ResourceRecord,
} from './group-record.js';

/** HA_STOPRETRYMAX of the original where it is not set, one retry each second. */
export const stopRetriesMax = 10;
const stopRetryInterval = seconds(1);

const retryName = (group: GroupRecord): string => `stop-retry:${group.spec.key}`;
const words = (group: GroupRecord): string =>
  group.spec.resources.map((resource) => resource.word).join(' ');

function changeGroupState(
  ctx: Context,
  group: GroupRecord,
  state: GroupState,
  reason: string,
): void {
  const from = group.state;
  const took = group.aimedAt === undefined ? 0 : msSince(ctx, group.aimedAt);
  group.state = state;
  group.changedAt = ctx.now.monotonic;
  group.reason = reason;
  const isRun = state === 'acquiring' || state === 'releasing' || state === 'preparing';
  const ends = isRun ? '' : ` after ${took} ms`;
  const text = `group ${group.spec.key}: ${from} -> ${state}${ends} (${reason})`;
  say(ctx, 'info', `group-${state}`, text);
  if (isAtRest(group)) tell(ctx, { kind: 'group-settled', group });
}

/** Asks for a group to be held. One that failed to start is tried anew. */
export function aimHeld(ctx: Context, group: GroupRecord, reason: string): void {
  group.aim = 'held';
  group.failure = undefined;
  // One that is in place but muted goes through its run: that is what announces it.
  if ((group.state === 'held' && !group.isMuted) || group.state === 'acquiring') return;
  group.aimedAt = ctx.now.monotonic;
  group.isStuck = false;
  group.isStopDoubted = false;
  group.isMuted = false;
  ctx.deadlines.clear(retryName(group));
  const text = `Acquiring resource group: ${group.spec.preferredNode} ${words(group)}`;
  say(ctx, 'info', 'acquiring-group', text);
  group.at = 0;
  changeGroupState(ctx, group, 'acquiring', reason);
  advanceGroup(ctx, group);
}

/** What a predecessor of this process held is asked for and left as it is. */
export function adoptGroup(ctx: Context, group: GroupRecord): void {
  group.isAdopted = true;
  aimHeld(ctx, group, 'adopted');
}

/** Asks for all but the announcement. For a group that is nowhere near being in place here. */
export function aimPrepared(ctx: Context, group: GroupRecord, reason: string): void {
  group.aim = 'prepared';
  group.aimedAt = ctx.now.monotonic;
  group.isMuted = true;
  group.at = 0;
  changeGroupState(ctx, group, 'preparing', reason);
  advanceGroup(ctx, group);
}

/** What is held stays in place, and is not announced any more: somebody else is about to. */
export function muteGroup(ctx: Context, group: GroupRecord): void {
  const addresses = addressesOf(group);
  if (group.state !== 'held' || group.order !== undefined || addresses.length === 0) return;
  group.isMuted = true;
  order(ctx, group, addresses, 'mute');
}

/** Asks for a group to be given up. One whose stop failed before is tried anew. */
export function aimReleased(ctx: Context, group: GroupRecord, reason: string): void {
  group.aim = 'released';
  if (!isInPlace(group) || group.state === 'releasing') return;
  group.aimedAt = ctx.now.monotonic;
  say(ctx, 'info', 'releasing-group', `Releasing resource group: ${words(group)}`);
  beginRelease(ctx, group, reason);
}

/** A predecessor was giving the group up when it died: that is brought to its end. */
export function releaseLeftOver(ctx: Context, group: GroupRecord): void {
  group.aim = 'released';
  group.aimedAt = ctx.now.monotonic;
  beginRelease(ctx, group, 'left over');
}

function beginRelease(ctx: Context, group: GroupRecord, reason: string): void {
  group.at = group.resources.length - 1;
  group.stopRetries = 0;
  group.isStopDoubted = false;
  group.isStuck = false;
  group.isMuted = false;
  changeGroupState(ctx, group, 'releasing', reason);
  advanceGroup(ctx, group);
}

/** Gives the next order of a run, unless one is outstanding or a retry is being waited for. */
function advanceGroup(ctx: Context, group: GroupRecord): void {
  if (group.order !== undefined || ctx.deadlines.has(retryName(group))) return;
  if (group.state === 'acquiring') advanceAcquiring(ctx, group);
  else if (group.state === 'preparing') advancePreparing(ctx, group);
  else if (group.state === 'releasing') advanceReleasing(ctx, group);
}

function advanceAcquiring(ctx: Context, group: GroupRecord): void {
  const resource = group.resources[group.at];
  if (resource === undefined) {
    group.isAdopted = false;
    changeGroupState(ctx, group, 'held', group.reason);
    group.isOffered = false;
    return;
  }
  const isAsked = group.isAdopted && resource.state === 'unknown';
  if (!isAddress(resource)) order(ctx, group, [resource], 'status');
  else order(ctx, group, addressRun(group, group.at), isAsked ? 'status' : 'start');
}

/**
 * Addresses come last: neighbours may ask who has one and be told by both nodes, so that what
 * serves it has to be there before.
 */
function advancePreparing(ctx: Context, group: GroupRecord): void {
  while (isAddress(group.resources[group.at])) group.at++;
  const resource = group.resources[group.at];
  const missing = addressesOf(group).filter(({ state }) => state !== 'started');
  if (resource !== undefined) order(ctx, group, [resource], 'status');
  else if (missing.length > 0) order(ctx, group, missing, 'prepare');
  else changeGroupState(ctx, group, 'prepared', group.reason);
}

function advanceReleasing(ctx: Context, group: GroupRecord): void {
  while (group.at >= 0 && group.resources[group.at]?.state === 'stopped') group.at--;
  const resource = group.resources[group.at];
  if (resource !== undefined && group.isStopDoubted) order(ctx, group, [resource], 'status');
  else if (isAddress(resource)) order(ctx, group, addressRunBack(group, group.at), 'stop');
  else if (resource !== undefined) order(ctx, group, [resource], 'stop');
  else if (group.failure === undefined) changeGroupState(ctx, group, 'released', group.reason);
  else changeGroupState(ctx, group, 'failed', group.failure);
}

/** Takes the outcomes of an order. Those that belong to no order of ours are passed over. */
export function takeOutcomes(ctx: Context, id: number, outcomes: readonly ResourceOutcome[]): void {
  for (const group of ctx.groups.values()) {
    const given = group.order;
    if (given?.id !== id) continue;
    endOrder(ctx, group);
    // The aim may have turned while the order ran: its outcome is kept, the run goes the new way.
    const noAnswer = { kind: 'failed', exitCode: 1, reason: 'no outcome' } as const;
    for (const [at, resource] of given.resources.entries()) {
      noteOutcome(ctx, group, resource, given.verb, outcomes[at] ?? noAnswer);
    }
    if (given.verb === 'stop') noteStopped(ctx, group, given);
    turnIfWanted(ctx, group);
    // No change of state ends this order.
    if (given.verb === 'mute' && isAtRest(group)) tell(ctx, { kind: 'group-settled', group });
    return;
  }
}

function noteOutcome(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  verb: AddressVerb,
  outcome: ResourceOutcome,
): void {
  switch (verb) {
    case 'status':
      noteStatus(ctx, group, resource, outcome);
      return;
    case 'start':
    case 'prepare':
      noteStart(ctx, group, resource, verb, outcome);
      return;
    case 'stop':
      noteStop(ctx, resource, outcome);
      return;
    case 'mute':
      return;
  }
}

function noteStatus(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  outcome: ResourceOutcome,
): void {
  if (group.isStopDoubted && group.state === 'releasing') {
    noteDoubtedStop(ctx, group, resource, outcome);
    return;
  }
  if (outcome.kind === 'running' || outcome.kind === 'done') {
    resource.state = 'started';
    passOver(group, resource);
    return;
  }
  // An address whose status cannot be had is started all the same: its start will tell.
  if (outcome.kind === 'stopped' || isAddress(resource)) resource.state = 'stopped';
  if (isAddress(resource)) return;
  const isNext = isComingUp(group) && group.resources[group.at] === resource;
  if (isNext && group.aim !== 'released') order(ctx, group, [resource], 'start');
}

const isComingUp = ({ state }: GroupRecord): boolean =>
  state === 'acquiring' || state === 'preparing';

/** On to the next resource, unless the run was turned while this one was asked. */
function passOver(group: GroupRecord, resource: ResourceRecord): void {
  if (isComingUp(group) && group.resources[group.at] === resource) group.at++;
}

function noteStart(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  verb: 'start' | 'prepare',
  outcome: ResourceOutcome,
): void {
  if (outcome.kind !== 'failed') {
    resource.state = 'started';
    // One that was only prepared is still to be announced.
    if (verb === 'start') passOver(group, resource);
    return;
  }
  const { word } = resource.spec;
  // What a failed start left behind is not known: it gets a stop like the others.
  resource.state = 'unknown';
  const reason = `Return code ${outcome.exitCode} from ${word} (${outcome.reason})`;
  say(ctx, 'ERROR', 'start-failed', reason);
  if (!isComingUp(group) || group.aim === 'released') return;
  if (group.state === 'acquiring') {
    say(ctx, 'CRIT', 'giving-up', `Giving up resources due to failure of ${word}`);
    group.failure = `start of ${word} failed: ${outcome.reason}`;
  }
  group.aim = 'released';
}

function noteStop(ctx: Context, resource: ResourceRecord, outcome: ResourceOutcome): void {
  if (outcome.kind !== 'failed') {
    resource.state = 'stopped';
    return;
  }
  resource.state = 'unknown';
  const text = `Return code ${outcome.exitCode} from ${resource.spec.word} (${outcome.reason})`;
  say(ctx, 'ERROR', 'stop-failed', text);
}

/** One retry for all that did not stop with an order. */
function noteStopped(ctx: Context, group: GroupRecord, given: OutstandingOrder): void {
  const left = given.resources.find(({ state }) => state !== 'stopped');
  if (left === undefined) {
    group.stopRetries = 0;
    return;
  }
  if (group.state !== 'releasing') return;
  const most = ctx.config.stopRetriesMax ?? stopRetriesMax;
  if (most > 0 && group.stopRetries >= most) {
    group.isStopDoubted = true;
    return;
  }
  group.stopRetries++;
  const facts = most > 0 ? `(${group.stopRetries} of ${most})` : `(${group.stopRetries})`;
  say(ctx, 'info', 'stop-retry', `Retrying failed stop operation [${left.spec.word}] ${facts}`);
  ctx.deadlines.set(retryName(group), after(ctx.now.monotonic, stopRetryInterval));
}

/** Only a resource that says it does not run is passed over; any doubt leaves the group stuck. */
function noteDoubtedStop(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  outcome: ResourceOutcome,
): void {
  const { word } = resource.spec;
  group.isStopDoubted = false;
  if (outcome.kind === 'stopped') {
    const text = `Resource ${word} does not stop but is not running: script is not LSB-compliant`;
    say(ctx, 'ERROR', 'stop-not-lsb', text);
    resource.state = 'stopped';
    group.stopRetries = 0;
    return;
  }
  const follows =
    ctx.config.stopFailure === 'reboot' ? 'resetting this node' : 'the group stays here';
  const facts = `(${word} still runs after ${group.stopRetries} retries; ${follows})`;
  say(ctx, 'CRIT', 'stop-stuck', `Resource STOP failure. Reboot required! ${facts}`);
  group.isStuck = true;
  changeGroupState(ctx, group, 'failed', `stop of ${word} failed: it still runs`);
  if (ctx.config.stopFailure === 'reboot') {
    ctx.effects.push({ kind: 'reboot', reason: `stop of ${word} failed` });
  }
}

/** Follows the aim after an outcome: on, back, or to rest. */
function turnIfWanted(ctx: Context, group: GroupRecord): void {
  if (group.order !== undefined) return;
  if (isComingUp(group) && group.aim === 'released') {
    beginRelease(ctx, group, group.failure ?? group.reason);
    return;
  }
  advanceGroup(ctx, group);
}

/** The second between two tries of a stop is over. */
export function retryStop(ctx: Context, key: string): void {
  const group = ctx.groups.get(key);
  if (group !== undefined) advanceGroup(ctx, group);
}

/** Calls `then` once all of `groups` rest, at once if they do already. */
export function whenAtRest(
  ctx: Context,
  groups: readonly GroupRecord[],
  then: (ctx: Context) => void,
): void {
  if (groups.every(isAtRest)) then(ctx);
  else ctx.groupWaiters.push({ groups, then });
}

/** To be called when a group settled. */
export function serveWaiters(ctx: Context): void {
  const ready = ctx.groupWaiters.filter((waiter) => waiter.groups.every(isAtRest));
  if (ready.length === 0) return;
  ctx.groupWaiters = ctx.groupWaiters.filter((waiter) => !ready.includes(waiter));
  for (const waiter of ready) waiter.then(ctx);
}
