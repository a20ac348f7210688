// Which module hears of what: accepted messages by type, happenings within the engine, deadlines
// by name. No rule of its own.

import { unreachable } from '../base/assert.js';
import type { Instant } from '../base/time.js';
import { fieldText } from '../wire/ha-message.js';
import { takeAdministration, tellLubdubNode } from './administration.js';
import { adoptOrphan, auditClaims, failBack } from './audit.js';
import { askClients, showDeath, showReceived } from './client-notices.js';
import type { Context, Happening } from './context.js';
import { retransmit } from './egress.js';
import { alarmOrder } from './group-order.js';
import { settle, takeResource, takeStarting } from './holding.js';
import { hexNumber, type Received, refuse } from './ingress.js';
import {
  giveUp,
  noteLinkForIpfail,
  noteNodeForIpfail,
  recheckIpfail,
  startIpfail,
  takeIpfailMessage,
  tellCountAgain,
} from './ipfail.js';
import { sendFacts, takeFacts } from './keys.js';
import { askLegacy, takeIpRequest, takeIpResponse } from './legacy.js';
import { judgeLink } from './links.js';
import { advertiseDeadtime, beat, judgeDeath, takeStatus } from './liveness.js';
import { takeAddNode, takeDelNode } from './membership.js';
import { notifyMessage } from './notify.js';
import { repeatAnnouncement, repeatHeal, stepDown, takeHeal } from './partition.js';
import { retryStop, serveWaiters } from './resource-group.js';
import { giveUpMissing, requestMissing } from './sequence.js';
import { end, expireDelay, retryRelease } from './shutdown.js';
import { expireHeal, noteHealSilence, takeStonith } from './silent-peer.js';
import {
  checkStandby,
  expireStandby,
  expireTakeover,
  takeAskResources,
  takeTakeoverRequest,
} from './standby.js';
import { answerNodeList, askNodeList, takeNodeList, testComm } from './start-up.js';
import { retryReset } from './stonith.js';
import {
  offerFailed,
  onCommUp,
  onGroupSettled,
  onNodeBack,
  onNodeDied,
  onNodeHeard,
  onNodeReset,
  onNodeRestarted,
  onShutdone,
  refreshAnnouncements,
  retryFailed,
} from './takeover.js';

export function dispatchMessage(ctx: Context, received: Received): void {
  notifyMessage(ctx, received.message.fields);
  const { state } = received.from;
  actOn(ctx, received);
  showReceived(ctx, received.type, received.message, received.from.state !== state);
}

/** Types not listed are for local clients; the engine has no use for them. */
function actOn(ctx: Context, received: Received): void {
  const { from, message, type } = received;
  switch (type) {
    case 'status':
      takeStatus(ctx, received);
      return;
    case 'NS_ackmsg':
      takeAck(ctx, received);
      return;
    case 'NS_rexmit':
      takeRexmitRequest(ctx, received);
      return;
    case 'NS_nak_rexmit': {
      const seq = hexNumber(fieldText(message, 'firstseq'));
      if (seq !== undefined) giveUpMissing(ctx, from, seq);
      return;
    }
    case 'reqnodes':
      answerNodeList(ctx, from);
      return;
    case 'query-cstatus':
      askClients(ctx, from.name, message);
      return;
    case 'repnodes':
      takeNodeList(ctx, from, fieldText(message, 'nodelist') ?? '');
      return;
    case 'addnode':
      takeAddNode(ctx, from, fieldText(message, 'nodelist') ?? '');
      return;
    case 'delnode':
      takeDelNode(ctx, from, fieldText(message, 'nodelist') ?? '');
      return;
    case 'shutdone':
      onShutdone(ctx, from);
      return;
    default:
      dispatchResourceMessage(ctx, received);
  }
}

function dispatchResourceMessage(ctx: Context, received: Received): void {
  switch (received.type) {
    case 'starting':
      takeStarting(ctx, received.from);
      return;
    case 'resource':
      takeResource(ctx, received);
      return;
    case 'ask_resources':
      takeAskResources(ctx, received);
      return;
    case 'hb_takeover':
      takeTakeoverRequest(ctx, received);
      return;
    case 'ip-request':
      takeIpRequest(ctx, received);
      return;
    case 'ip-request-resp':
      takeIpResponse(ctx, received);
      return;
    case 'stonith':
      takeStonith(ctx, received);
      return;
    case 'lubdub-facts':
      if (takeFacts(ctx, received.from, received.message)) tellLubdubNode(ctx, received.from);
      return;
    case 'lubdub-admin':
      takeAdministration(ctx, received.from, received.message);
      return;
    case 'hbapi-clstat':
    case 'num_ping_nodes':
    case 'abort_giveup':
    case 'you_are_dead':
      takeIpfailMessage(ctx, received);
      return;
    case 'lubdub-heal':
      takeHeal(ctx, received);
      return;
  }
}

/** An acknowledgement of what was never sent is nonsense and would stop retransmissions. */
function takeAck(ctx: Context, received: Received): void {
  const acked = hexNumber(fieldText(received.message, 'ackseq'));
  if (acked === undefined) return;
  if (acked > ctx.egress.sequence) {
    const facts = `current hist.seq = ${ctx.egress.sequence}, ackseq = ${acked}`;
    refuse(ctx, 'ack-above-max', 'ERROR', `HBDoMsg_T_ACK: corrupted ackseq ${facts}`);
    return;
  }
  received.from.ackedSeq = Math.max(received.from.ackedSeq, acked);
}

const DECIMAL = /^[0-9]{1,15}$/;

/** The numbers of a request are decimal, unlike all others on the wire (recorded). */
function takeRexmitRequest(ctx: Context, received: Received): void {
  const first = fieldText(received.message, 'firstseq') ?? '';
  const last = fieldText(received.message, 'lastseq') ?? '';
  if (!DECIMAL.test(first) || !DECIMAL.test(last)) return;
  retransmit(ctx, received.from, Number(first), Number(last));
}

export function dispatchHappening(ctx: Context, happening: Happening): void {
  switch (happening.kind) {
    case 'node-heard':
      if (happening.node.kind === 'normal') sendFacts(ctx);
      tellLubdubNode(ctx, happening.node);
      onNodeHeard(ctx, happening.node);
      noteNodeForIpfail(ctx, happening.node);
      testComm(ctx);
      return;
    case 'node-died':
      showDeath(ctx, happening.node.name);
      onNodeDied(ctx, happening.node);
      noteNodeForIpfail(ctx, happening.node);
      testComm(ctx);
      return;
    case 'link-died':
      noteLinkForIpfail(ctx, happening.node, happening.medium);
      return;
    case 'node-restarted':
      onNodeRestarted(ctx, happening.node);
      return;
    case 'node-reset':
      onNodeReset(ctx, happening.node);
      return;
    case 'node-returned':
      onNodeBack(ctx, happening.node);
      return;
    case 'local-stalled':
      stepDown(ctx, happening.sleptMs);
      return;
    case 'comm-up':
      ctx.effects.push({ kind: 'comm-up' });
      onCommUp(ctx);
      startIpfail(ctx);
      return;
    case 'claims-changed':
      checkStandby(ctx);
      auditClaims(ctx);
      recheckIpfail(ctx);
      return;
    case 'peer-stable':
      offerFailed(ctx);
      recheckIpfail(ctx);
      return;
    case 'group-settled':
      onGroupSettled(ctx, happening.group);
      serveWaiters(ctx);
      recheckIpfail(ctx);
      return;
    default:
      unreachable(happening);
  }
}

/** Deadlines with a subject are named `kind:subject`. */
export function dispatchDeadline(ctx: Context, name: string, dueAt: Instant): void {
  const colon = name.indexOf(':');
  if (colon >= 0) {
    dispatchSubjectDeadline(ctx, name.slice(0, colon), name.slice(colon + 1));
    return;
  }
  if (name === 'beat') beat(ctx, dueAt);
  else plainDeadlines.get(name)?.(ctx);
}

const plainDeadlines: ReadonlyMap<string, (ctx: Context) => void> = new Map([
  ['advertise', advertiseDeadtime],
  ['node-list', askNodeList],
  ['settle', settle],
  ['standby', expireStandby],
  ['takeover-reply', expireTakeover],
  ['heal-repeat', repeatHeal],
  ['heal-silence', noteHealSilence],
  ['heal-announce', repeatAnnouncement],
  ['heal-patience', expireHeal],
  ['orphan-local', (ctx: Context) => adoptOrphan(ctx, 'local')],
  ['orphan-foreign', (ctx: Context) => adoptOrphan(ctx, 'foreign')],
  ['failback', failBack],
  ['refresh', refreshAnnouncements],
  ['failed-retry', retryFailed],
  ['offer-failed', offerFailed],
  ['ipfail-giveup', giveUp],
  ['ipfail-recheck', tellCountAgain],
  ['ip-request', askLegacy],
  ['shutdown-delay', expireDelay],
  ['shutdown-stuck', retryRelease],
  ['linger', end],
]);

function dispatchSubjectDeadline(ctx: Context, kind: string, subject: string): void {
  switch (kind) {
    case 'death':
      judgeDeath(ctx, subject);
      return;
    case 'link': {
      // Node names have no colon; link names, such as aliases, may.
      const colon = subject.indexOf(':');
      judgeLink(ctx, subject.slice(0, colon), subject.slice(colon + 1));
      return;
    }
    case 'rexmit': {
      const node = ctx.nodes.get(subject);
      if (node !== undefined) requestMissing(ctx, node);
      return;
    }
    case 'stonith':
      retryReset(ctx, subject);
      return;
    case 'stop-retry':
      retryStop(ctx, subject);
      return;
    case 'order-alarm':
      alarmOrder(ctx, subject);
      return;
  }
}
