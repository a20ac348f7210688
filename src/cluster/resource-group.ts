// The runner of one resource group: status then start from left to right, stop from right to left,
// one order outstanding at a time, groups independent of one another (heartbeat 3.0.6
// ResourceManager, recorded). It is told an aim and reports when it rests; who ought to hold a
// group is decided above. `changeGroupState` is the one place that changes a group's state.

import { after, type Instant, seconds } from '../base/time.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { ResourceGroup, ResourceSpec } from './cluster-config.js';
import type { GroupState } from './cluster-status.js';
import { type Context, msSince, say, tell } from './context.js';

/** HA_STOPRETRYMAX of the original where it is not set, one retry each second. */
export const stopRetriesMax = 10;
const stopRetryInterval = seconds(1);
/** A script may take its time; after this it is worth a line. The engine never kills one. */
const orderAlarmAfter = seconds(60);

export interface ResourceRecord {
  readonly spec: ResourceSpec;
  state: 'started' | 'stopped' | 'unknown';
}

export interface OutstandingOrder {
  readonly id: number;
  readonly verb: ResourceVerb;
  readonly resource: ResourceRecord;
  readonly givenAt: Instant;
}

export interface GroupRecord {
  readonly spec: ResourceGroup;
  /** Prefers this node. */
  readonly isLocal: boolean;
  state: GroupState;
  aim: 'held' | 'released';
  changedAt: Instant | undefined;
  reason: string;
  readonly resources: readonly ResourceRecord[];
  /** The resource that the run has come to. */
  at: number;
  order: OutstandingOrder | undefined;
  stopRetries: number;
  /** After the last retry: does it still run at all? */
  isStopDoubted: boolean;
  /** A resource that would not start; cleared when the group is asked for anew. */
  failure: string | undefined;
  /** A resource that would not stop: the group is in place and must not be claimed released. */
  isStuck: boolean;
  /** The peer was offered it after a failure; not again before it was held. */
  isOffered: boolean;
  aimedAt: Instant | undefined;
}

export interface GroupWaiter {
  readonly groups: readonly GroupRecord[];
  readonly then: (ctx: Context) => void;
}

export function createGroup(spec: ResourceGroup, localNode: string): GroupRecord {
  return {
    spec,
    isLocal: spec.preferredNode === localNode,
    state: 'released',
    aim: 'released',
    changedAt: undefined,
    reason: 'start',
    resources: spec.resources.map((resource) => ({ spec: resource, state: 'unknown' })),
    at: 0,
    order: undefined,
    stopRetries: 0,
    isStopDoubted: false,
    failure: undefined,
    isStuck: false,
    isOffered: false,
    aimedAt: undefined,
  };
}

const retryName = (group: GroupRecord): string => `stop-retry:${group.spec.key}`;
const alarmName = (group: GroupRecord): string => `order-alarm:${group.spec.key}`;
const words = (group: GroupRecord): string =>
  group.spec.resources.map((resource) => resource.word).join(' ');

/** Something of it may be in place here. */
export const isInPlace = (group: GroupRecord): boolean =>
  group.state === 'held' ||
  group.state === 'acquiring' ||
  group.state === 'releasing' ||
  group.isStuck;

export const isAtRest = (group: GroupRecord): boolean =>
  group.order === undefined && group.state !== 'acquiring' && group.state !== 'releasing';

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
  const ends = state === 'acquiring' || state === 'releasing' ? '' : ` after ${took} ms`;
  const text = `group ${group.spec.key}: ${from} -> ${state}${ends} (${reason})`;
  say(ctx, 'info', `group-${state}`, text);
  if (isAtRest(group)) tell(ctx, { kind: 'group-settled', group });
}

/** Asks for a group to be held. One that failed to start is tried anew. */
export function aimHeld(ctx: Context, group: GroupRecord, reason: string): void {
  group.aim = 'held';
  group.failure = undefined;
  if (group.state === 'held' || group.state === 'acquiring') return;
  group.aimedAt = ctx.now.monotonic;
  group.isStuck = false;
  group.isStopDoubted = false;
  ctx.deadlines.clear(retryName(group));
  const text = `Acquiring resource group: ${group.spec.preferredNode} ${words(group)}`;
  say(ctx, 'info', 'acquiring-group', text);
  group.at = 0;
  changeGroupState(ctx, group, 'acquiring', reason);
  advanceGroup(ctx, group);
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
  changeGroupState(ctx, group, 'releasing', reason);
  advanceGroup(ctx, group);
}

/** Gives the next order of a run, unless one is outstanding or a retry is being waited for. */
function advanceGroup(ctx: Context, group: GroupRecord): void {
  if (group.order !== undefined || ctx.deadlines.has(retryName(group))) return;
  if (group.state === 'acquiring') {
    const resource = group.resources[group.at];
    if (resource === undefined) changeGroupState(ctx, group, 'held', group.reason);
    else order(ctx, group, resource, 'status');
    if (resource === undefined) group.isOffered = false;
    return;
  }
  if (group.state !== 'releasing') return;
  while (group.at >= 0 && group.resources[group.at]?.state === 'stopped') group.at--;
  const resource = group.resources[group.at];
  if (resource !== undefined) order(ctx, group, resource, group.isStopDoubted ? 'status' : 'stop');
  else if (group.failure === undefined) changeGroupState(ctx, group, 'released', group.reason);
  else changeGroupState(ctx, group, 'failed', group.failure);
}

function order(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  verb: ResourceVerb,
): void {
  const id = ctx.nextOrderId++;
  group.order = { id, verb, resource, givenAt: ctx.now.monotonic };
  ctx.deadlines.set(alarmName(group), after(ctx.now.monotonic, orderAlarmAfter));
  ctx.effects.push({
    kind: 'run-resource',
    id,
    groupKey: group.spec.key,
    resource: resource.spec,
    verb,
    environment: environmentOf(ctx),
  });
}

/** What scripts of the original are told from the daemon's state (heartbeat.md section 10.3). */
function environmentOf(ctx: Context): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {
    HA_CURHOST: ctx.local.name,
    HA_OSTATUS: ctx.local.state,
  };
  if (ctx.config.autoFailback !== 'legacy') variables.HA_NICEFAILBACK = 'yes';
  if (ctx.peer === undefined || ctx.peer.state === 'dead') variables.HA_DONTASK = 'yes';
  return variables;
}

/** Takes the outcome of an order. One that belongs to no order of ours is passed over. */
export function takeOutcome(ctx: Context, id: number, outcome: ResourceOutcome): void {
  for (const group of ctx.groups.values()) {
    const given = group.order;
    if (given?.id !== id) continue;
    group.order = undefined;
    ctx.deadlines.clear(alarmName(group));
    // The aim may have turned while the order ran: its outcome is kept, the run goes the new way.
    noteOutcome(ctx, group, given.resource, given.verb, outcome);
    turnIfWanted(ctx, group);
    return;
  }
}

function noteOutcome(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  verb: ResourceVerb,
  outcome: ResourceOutcome,
): void {
  switch (verb) {
    case 'status':
      noteStatus(ctx, group, resource, outcome);
      return;
    case 'start':
      noteStart(ctx, group, resource, outcome);
      return;
    case 'stop':
      noteStop(ctx, group, resource, outcome);
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
  if (outcome.kind === 'stopped') resource.state = 'stopped';
  const isNext = group.state === 'acquiring' && group.resources[group.at] === resource;
  if (isNext && group.aim === 'held') order(ctx, group, resource, 'start');
}

/** On to the next resource, unless the run was turned while this one was asked. */
function passOver(group: GroupRecord, resource: ResourceRecord): void {
  if (group.state === 'acquiring' && group.resources[group.at] === resource) group.at++;
}

function noteStart(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  outcome: ResourceOutcome,
): void {
  if (outcome.kind !== 'failed') {
    resource.state = 'started';
    passOver(group, resource);
    return;
  }
  const { word } = resource.spec;
  // What a failed start left behind is not known: it gets a stop like the others.
  resource.state = 'unknown';
  const reason = `Return code ${outcome.exitCode} from ${word} (${outcome.reason})`;
  say(ctx, 'ERROR', 'start-failed', reason);
  if (group.state !== 'acquiring' || group.aim !== 'held') return;
  say(ctx, 'CRIT', 'giving-up', `Giving up resources due to failure of ${word}`);
  group.failure = `start of ${word} failed: ${outcome.reason}`;
  group.aim = 'released';
}

function noteStop(
  ctx: Context,
  group: GroupRecord,
  resource: ResourceRecord,
  outcome: ResourceOutcome,
): void {
  if (outcome.kind !== 'failed') {
    resource.state = 'stopped';
    group.stopRetries = 0;
    return;
  }
  const { word } = resource.spec;
  resource.state = 'unknown';
  const text = `Return code ${outcome.exitCode} from ${word} (${outcome.reason})`;
  say(ctx, 'ERROR', 'stop-failed', text);
  if (group.state !== 'releasing') return;
  const most = ctx.config.stopRetriesMax ?? stopRetriesMax;
  if (most > 0 && group.stopRetries >= most) {
    group.isStopDoubted = true;
    return;
  }
  group.stopRetries++;
  const facts = most > 0 ? `(${group.stopRetries} of ${most})` : `(${group.stopRetries})`;
  say(ctx, 'info', 'stop-retry', `Retrying failed stop operation [${word}] ${facts}`);
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
  if (group.state === 'acquiring' && group.aim === 'released') {
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

export function alarmOrder(ctx: Context, key: string): void {
  const group = ctx.groups.get(key);
  const given = group?.order;
  if (group === undefined || given === undefined) return;
  const { word } = given.resource.spec;
  const text = `${given.verb} of ${word} has not ended for ${msSince(ctx, given.givenAt)} ms`;
  say(ctx, 'WARN', 'order-slow', text);
  ctx.deadlines.set(alarmName(group), after(ctx.now.monotonic, orderAlarmAfter));
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
