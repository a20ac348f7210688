// What local clients are shown of the cluster: messages, changes of nodes and links, in the kinds
// that `setfilter` names (as in heartbeat 3.0.6). Nothing is made while no client wants it, so a
// beat costs the same as without clients. Who the clients are is not known here.

import {
  fieldText,
  type HaField,
  type HaMessage,
  haMessage,
  textField,
} from '../wire/ha-message.js';
import type { Context } from './context.js';

/** Bits of `fmask`, heartbeat 3.0.6. */
const bits = { keep: 0x01, 'no-change': 0x02, protocol: 0x20 } as const;

export type NoticeTreatment = keyof typeof bits;

export interface NoticesState {
  /** The kinds that some client wants; 0 without clients. */
  wanted: number;
  /** Of the last own status: the next one with another state is news. */
  ownState: string;
}

export const createNotices = (): NoticesState => ({ wanted: 0, ownState: '' });

export function showClients(ctx: Context, treatment: NoticeTreatment, message: HaMessage): void {
  if ((ctx.notices.wanted & bits[treatment]) === 0) return;
  ctx.effects.push({ kind: 'client-notice', treatment, message });
}

const isProtocol = (type: string): boolean =>
  type === 'NS_ackmsg' || type === 'NS_rexmit' || type === 'NS_nak_rexmit';

/** A message of a peer that was taken in; `isNews` when the state of its sender changed by it. */
export function showReceived(
  ctx: Context,
  type: string,
  message: HaMessage,
  isNews: boolean,
): void {
  if (ctx.notices.wanted === 0) return;
  const isStatus = type === 'status' || type === 'NS_st';
  const ordinary = isStatus && !isNews ? 'no-change' : 'keep';
  showClients(ctx, isProtocol(type) ? 'protocol' : ordinary, message);
}

/** Own messages come back to the clients of their own node, as 3.0.6 hands them in again. */
export function showSent(ctx: Context, type: string, fields: readonly HaField[]): void {
  const { notices } = ctx;
  const message: HaMessage = { fields };
  const state = type === 'status' ? fieldText(message, 'st') : undefined;
  const isNews = state !== undefined && state !== notices.ownState;
  if (isNews) notices.ownState = state;
  if (notices.wanted === 0) return;
  const dest = fieldText(message, 'dest');
  if (dest !== undefined && dest !== ctx.local.name) return;
  showReceived(ctx, type, message, isNews);
}

/** 3.0.6 makes a status for a node that can say none itself. */
export function showDeath(ctx: Context, node: string): void {
  const seconds = Math.max(1, Math.floor(ctx.now.wall / 1000)).toString(16);
  const fields = [
    textField('t', 'status'),
    textField('seq', '1'),
    textField('ts', seconds),
    textField('src', node),
    textField('st', 'dead'),
  ];
  showClients(ctx, 'keep', haMessage(...fields));
}

export function showLink(ctx: Context, node: string, link: string, state: string): void {
  const fields = [
    textField('t', 'ifstat'),
    textField('node', node),
    textField('ifname', link),
    textField('st', state),
  ];
  showClients(ctx, 'keep', haMessage(...fields));
}

/** A client of another node asks whether one of ours is signed on: the clients' side knows. */
export function askClients(ctx: Context, from: string, message: HaMessage): void {
  const client = fieldText(message, 'cn');
  const asker = fieldText(message, 'from_id');
  if (client === undefined || asker === undefined) return;
  ctx.effects.push({ kind: 'client-queried', from, client, asker });
}
