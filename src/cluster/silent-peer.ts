// Healing beside a peer that takes no part in it: 3.0.6, which restarts by itself once it notices
// that it had taken us for dead, or one that does not hear us or never missed us. See partition.ts.

import { after, type Duration, seconds } from '../base/time.js';
import { fieldText } from '../wire/ha-message.js';
import { type Context, say } from './context.js';
import {
  claimSet,
  holdingWord,
  isLegacy,
  mirrored,
  sendResource,
  setsOf,
  yieldSet,
} from './holding.js';
import type { Received } from './ingress.js';
import { acquireLegacy } from './legacy.js';
import { announceHeld, closeHeal, none, settleHeal } from './partition.js';

/** 3.0.6 releases everything 2 s after it noticed a partition; then it says so. */
const healPatience: Duration = seconds(4);
/** It waits with that for scripts that run, which may take their time. */
const healPatienceMax: Duration = seconds(30);

/**
 * `stonith` with our name: the sender has taken us for dead. When it comes as one of the messages
 * that were missed, that was while neither heard the other, and a 3.0.6 restarts once it hears us.
 * When it comes in its turn, a 3.0.6 has only heard us late, takes what it finds, and goes on.
 */
export function takeStonith(ctx: Context, received: Received): void {
  const { from, message, seq } = received;
  if (fieldText(message, 'node') !== ctx.local.name) return;
  if (from.track.last !== undefined && seq < from.track.last) from.missedUs = true;
}

/** No answer: not a node of this program, or one that does not hear us. */
export function noteHealSilence(ctx: Context): void {
  if (!ctx.heal.isActive) return;
  const name = ctx.peer?.name ?? '';
  const text = `node ${name} does not take part in healing; it is expected to restart by itself`;
  say(ctx, 'info', 'heal-unanswered', text);
  ctx.heal.patientUntil = after(ctx.now.monotonic, healPatienceMax);
  ctx.deadlines.set('heal-patience', after(ctx.now.monotonic, healPatience));
  announceHeld(ctx);
  if (ctx.peer?.claim !== undefined) return;
  // A 3.0.6 states its own holding when we become stable.
  sendResource(ctx, undefined, false);
  sendResource(ctx);
}

/**
 * It neither answered nor restarted: it does not hear us, or never missed us. We can be told and
 * it cannot, so what it claims is its own; what it does not claim and we held stays or comes back.
 */
export function expireHeal(ctx: Context): void {
  const { heal } = ctx;
  if (!heal.isActive || isRestartDue(ctx)) return;
  const theirs = ctx.peer?.claim ?? ctx.peer?.formerClaim ?? none();
  const lost = setsOf(ctx.holding.claim).filter((set) => theirs[mirrored(set)]);
  const { steppedDown } = heal;
  for (const set of lost) yieldSet(ctx, set, 'the other node does not give it up');
  for (const set of setsOf(steppedDown)) {
    if (!theirs[mirrored(set)]) claimSet(ctx, set, 'nobody took it meanwhile');
  }
  closeHeal(ctx);
  if (isLegacy(ctx)) acquireLegacy(ctx, 'healing ended');
  const holds = holdingWord(ctx.holding.claim);
  say(ctx, 'WARN', 'heal-alone', `healing ended without the other side: we hold ${holds}`);
  settleHeal(ctx);
}

/** It missed us and hears us again; its scripts may take their time before it lets go. */
function isRestartDue(ctx: Context): boolean {
  const { heal, peer, now } = ctx;
  const hearsUs = peer !== undefined && peer.ackedSeq > heal.startSeq;
  const isPatient = heal.patientUntil !== undefined && heal.patientUntil > now.monotonic;
  if (peer?.missedUs !== true || !hearsUs || !isPatient) return false;
  ctx.deadlines.set('heal-patience', after(now.monotonic, healPatience));
  return true;
}
