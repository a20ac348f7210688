// The heartbeat engine: one step takes one fact and gives the orders that follow. It puts the
// modules of this folder together and decides nothing itself. Invariant: within a step the
// happenings that modules tell are handled until none is left.

import { assert } from '../base/assert.js';
import { createDeadlines } from '../base/deadlines.js';
import type { Engine } from '../base/engine.js';
import type { Prng } from '../base/prng.js';
import { instant, wallTime } from '../base/time.js';
import { fieldText, type HaMessage } from '../wire/ha-message.js';
import { offerAdministration } from './administration.js';
import { createBacklog } from './backlog.js';
import { createNotices } from './client-notices.js';
import type { ClusterConfig } from './cluster-config.js';
import type { ClusterEffect, ClusterEvent } from './cluster-event.js';
import type { ClusterStatus, Holding } from './cluster-status.js';
import { type Context, say } from './context.js';
import { dispatchDeadline, dispatchHappening, dispatchMessage } from './dispatch.js';
import { createEgress, sendMessage, setLoad } from './egress.js';
import { createGroup } from './group-record.js';
import { createHolding } from './holding.js';
import { createIngress, takeIn } from './ingress.js';
import { createIpfail, endIpfail } from './ipfail.js';
import { changeKeys, createKeys } from './keys.js';
import { createLegacy } from './legacy.js';
import { loseMedium } from './links.js';
import { createLiveness, noteOwnGap, sendStatus, takePingAnswer } from './liveness.js';
import { changeMembers, createMembership, nodesMax } from './membership.js';
import { createNode, type NodeRecord } from './node-table.js';
import { createHeal } from './partition.js';
import { createPingState } from './ping-nodes.js';
import { takeOutcomes } from './resource-group.js';
import { continueShutdown, createShutdown, requestShutdown } from './shutdown.js';
import { snapshotCluster } from './snapshot.js';
import { requestStandby, takeCommand } from './standby.js';
import { createStandby } from './standby-state.js';
import { createStartUp, startUp } from './start-up.js';
import { createStonith, takeResetOutcome } from './stonith.js';
import { adopt, reacquire } from './takeover.js';

export interface ClusterStart {
  /** Of this start: already increased and written to disk. */
  readonly generation: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /**
   * Groups that a predecessor held when it died and that are still in place: this start adopts
   * them (status is asked, nothing is started twice) and goes on holding them. Empty at boot.
   */
  readonly adoptedGroupKeys: readonly string[];
  readonly adoptedHolding: Holding;
  readonly prng: Prng;
}

export type ClusterEngine = Engine<ClusterEvent, ClusterEffect, ClusterStatus>;

/** A chain of happenings in one step; each group and node adds a few. More is a loop. */
const HAPPENINGS_PER_STEP_MAX = 100_000;

/** The configuration names the local node among at most `nodesMax` nodes; the parser saw to it. */
export function createClusterEngine(config: ClusterConfig, start: ClusterStart): ClusterEngine {
  const ctx = createContext(config, start);
  let isEnded = false;
  return {
    step: (now, event) => {
      if (isEnded) return [];
      ctx.now = now;
      ctx.effects = [];
      noteOwnGap(ctx);
      takeHappenings(ctx);
      takeEvent(ctx, event);
      takeHappenings(ctx);
      continueShutdown(ctx);
      takeHappenings(ctx);
      isEnded = ctx.shutdown.state === 'ended';
      return ctx.effects;
    },
    nextDeadline: () => (isEnded ? undefined : ctx.deadlines.next()),
    snapshot: () => snapshotCluster(ctx),
  };
}

function createContext(config: ClusterConfig, start: ClusterStart): Context {
  assert(start.uuid.length === 16, 'a node has a uuid of 16 bytes');
  assert(config.nodes.length <= nodesMax, 'the parser limits the nodes');
  const nodes = new Map<string, NodeRecord>();
  for (const name of config.nodes) nodes.set(name, createNode(config, name, 'normal', start.prng));
  for (const name of config.pingNodes)
    nodes.set(name, createNode(config, name, 'ping', start.prng));
  const local = nodes.get(config.localNode);
  assert(local !== undefined, 'the local node is one of the nodes');
  local.uuid = start.uuid;
  const peer = [...nodes.values()].find((node) => !node.isLocal && node.kind === 'normal');
  const groups = config.groups.map((spec) => createGroup(spec, config.localNode));
  return {
    config,
    start,
    prng: start.prng,
    deadlines: createDeadlines(),
    now: { monotonic: instant(0), wall: wallTime(0) },
    effects: [],
    happenings: [],
    local,
    peer,
    nodes,
    groups: new Map(groups.map((group) => [group.spec.key, group])),
    groupWaiters: [],
    nextOrderId: 1,
    egress: createEgress(),
    ingress: createIngress(),
    liveness: createLiveness(config.deadtime),
    backlog: createBacklog(),
    keys: createKeys(config.ring),
    membership: createMembership(),
    pings: createPingState(),
    ipfail: createIpfail(),
    startUp: createStartUp(),
    holding: createHolding(),
    standby: createStandby(),
    heal: createHeal(),
    legacy: createLegacy(),
    shutdown: createShutdown(),
    stonith: createStonith(),
    notices: createNotices(),
  };
}

function takeHappenings(ctx: Context): void {
  let count = 0;
  for (let next = ctx.happenings.shift(); next !== undefined; next = ctx.happenings.shift()) {
    count++;
    assert(count <= HAPPENINGS_PER_STEP_MAX, 'happenings of one step come to an end');
    dispatchHappening(ctx, next);
  }
}

function takeEvent(ctx: Context, event: ClusterEvent): void {
  switch (event.kind) {
    case 'started':
      adopt(ctx);
      startUp(ctx);
      return;
    case 'bytes-received': {
      const received = takeIn(ctx, event.medium, event.bytes);
      // A restart of the sender is handled before what its message says.
      takeHappenings(ctx);
      if (received !== undefined) dispatchMessage(ctx, received);
      return;
    }
    case 'ping-answered':
      takePingAnswer(ctx, event.medium, event.bytes);
      return;
    case 'medium-up':
      // Peers hear of us by a medium that came late without waiting for the next beat.
      if (ctx.liveness.beatAt !== undefined) sendStatus(ctx);
      return;
    case 'medium-down':
      loseMedium(ctx, event.medium, event.reason);
      return;
    case 'deadline-reached':
      takeDeadlines(ctx);
      return;
    case 'resource-ran':
      takeOutcomes(ctx, event.id, [event.outcome]);
      return;
    case 'addresses-ran':
      takeOutcomes(ctx, event.id, event.outcomes);
      return;
    case 'node-reset':
      takeResetOutcome(ctx, event.id, event.result, event.reason);
      return;
    case 'time-passed':
      return;
    case 'load-read':
      setLoad(ctx, event.text);
      return;
    case 'operator-asked':
      takeCommand(ctx, event.id, event.command, event.selection);
      return;
    case 'members-asked': {
      const answer = changeMembers(ctx, event.command, event.nodes);
      ctx.effects.push({ kind: 'answer-operator', id: event.id, ...answer });
      return;
    }
    case 'keys-changed':
      changeKeys(ctx, event.ring);
      return;
    case 'message-offered':
      takeOffered(ctx, event.message);
      return;
    case 'administration-offered':
      offerAdministration(ctx, event.id, event.offer);
      return;
    case 'clients-watched':
      ctx.notices.wanted = event.wanted;
      return;
    case 'shutdown-asked':
      endIpfail(ctx);
      requestShutdown(ctx);
      return;
  }
}

function takeDeadlines(ctx: Context): void {
  const due = ctx.deadlines.entries().filter(([, at]) => at <= ctx.now.monotonic);
  due.sort((a, b) => a[1] - b[1]);
  for (const [name, at] of due) {
    // An earlier one of the same moment may have moved or cleared it.
    if (ctx.deadlines.at(name) !== at) continue;
    ctx.deadlines.clear(name);
    dispatchDeadline(ctx, name, at);
    takeHappenings(ctx);
  }
}

/** Scripts write to the FIFO what hb_standby of the original writes; that is a request to us. */
function takeOffered(ctx: Context, message: HaMessage): void {
  const type = fieldText(message, 't') ?? '';
  if (type === '' || type === 'status' || type === 'shutdone' || type.startsWith('NS_')) {
    say(ctx, 'WARN', 'offer-refused', `a local client may not send [${type.slice(0, 40)}]`);
    return;
  }
  if (type === 'ask_resources' && fieldText(message, 'info') === 'me') {
    const word = fieldText(message, 'rsc_hold');
    requestStandby(ctx, word === 'local' ? 'local' : word === 'all' ? 'all' : 'foreign', undefined);
    return;
  }
  if (type === 'resource') {
    // Said by a script's own mach_down; what is held here the engine states itself.
    say(ctx, 'info', 'offer-refused', 'what this node holds is not for a local client to say');
    return;
  }
  if (type === 'ip-request-resp' && fieldText(message, 'dest')?.toLowerCase() === ctx.local.name) {
    reacquire(ctx, fieldText(message, 'ipaddr') ?? '');
    return;
  }
  if (type === 'addnode' || type === 'delnode') {
    const names = [fieldText(message, 'nodelist') ?? ''];
    const answer = changeMembers(ctx, type === 'addnode' ? 'add' : 'delete', names);
    if (!answer.isDone) say(ctx, 'WARN', 'node-delete-refused', `${type}: ${answer.text}`);
    return;
  }
  const dest = fieldText(message, 'dest');
  sendMessage(ctx, message.fields, dest === undefined ? undefined : ctx.nodes.get(dest));
}
