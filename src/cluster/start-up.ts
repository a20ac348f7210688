// From the first packet to `active`: init, up, the comm-up test, the exchange of node lists
// (as in heartbeat 3.0.6). What follows `active` is told as `comm-up`.

import { after, seconds } from '../base/time.js';
import { textField } from '../wire/ha-message.js';
import { type Context, say, tell } from './context.js';
import { sendMessage } from './egress.js';
import { changeLocalState, startBeating } from './liveness.js';
import { adoptNodeList, nodeLists } from './membership.js';
import { isAlive, type NodeRecord } from './node-table.js';

/** 3.0.6 asks the next living node when no answer came in this time. */
const nodeListRepeat = seconds(1);

export interface StartUpState {
  isCommTested: boolean;
  isActive: boolean;
  /** Index of the next node to be asked. */
  asked: number;
}

export const createStartUp = (): StartUpState => ({
  isCommTested: false,
  isActive: false,
  asked: 0,
});

export function startUp(ctx: Context): void {
  say(ctx, 'info', 'generation', `Heartbeat generation: ${ctx.start.generation}`);
  startBeating(ctx);
  changeLocalState(ctx, 'init');
  changeLocalState(ctx, 'up');
  testComm(ctx);
}

const others = (ctx: Context): readonly NodeRecord[] =>
  [...ctx.nodes.values()].filter((node) => !node.isLocal);

/** Comm is up once each configured node, ping nodes included, was heard or declared dead. */
export function testComm(ctx: Context): void {
  if (ctx.startUp.isCommTested) return;
  const isOpen = others(ctx).some((node) => node.state === 'init' && node.heardAt === undefined);
  if (isOpen) return;
  ctx.startUp.isCommTested = true;
  askNodeList(ctx);
}

/** Asks the living nodes in turn; without any there is nobody to wait for. */
export function askNodeList(ctx: Context): void {
  if (ctx.startUp.isActive || !ctx.startUp.isCommTested) return;
  const living = others(ctx).filter((node) => node.kind === 'normal' && node.state !== 'dead');
  const node = living[ctx.startUp.asked++ % Math.max(1, living.length)];
  // Without `protocol` the other side knows no node lists (as in heartbeat 3.0.6).
  if (node === undefined || !ctx.liveness.isFlowControlled) {
    goActive(ctx);
    return;
  }
  sendMessage(ctx, [textField('t', 'reqnodes'), textField('dest', node.name)], node);
  ctx.deadlines.set('node-list', after(ctx.now.monotonic, nodeListRepeat));
}

/** The receiver drops every node that the answer does not list, so all are listed. */
export function answerNodeList(ctx: Context, to: NodeRecord): void {
  const { nodes, deleted } = nodeLists(ctx);
  const fields = [
    textField('dest', to.name),
    textField('t', 'repnodes'),
    textField('nodelist', nodes),
    textField('delnodelist', deleted),
  ];
  sendMessage(ctx, fields, to);
}

export function takeNodeList(ctx: Context, from: NodeRecord, list: string): void {
  // Later lists are somebody's answer to another: who belongs to us is settled.
  if (!ctx.startUp.isActive) adoptNodeList(ctx, from, list);
  if (ctx.startUp.isCommTested) goActive(ctx);
}

function goActive(ctx: Context): void {
  if (ctx.startUp.isActive) return;
  ctx.startUp.isActive = true;
  ctx.deadlines.clear('node-list');
  say(ctx, 'info', 'comm-up', 'Comm_now_up(): updating status to active');
  changeLocalState(ctx, 'active');
  tell(ctx, { kind: 'comm-up' });
}

/** Alive nodes other than this one; for the text of lines. */
export const livingOthers = (ctx: Context): number =>
  others(ctx).filter((node) => node.kind === 'normal' && isAlive(node)).length;
