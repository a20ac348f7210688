// What to do about a VIP that this node holds and that is taken away or changed behind its back,
// or that another machine claims as well. Pure: it is told what was seen and orders what follows;
// looking, putting back and announcing are done elsewhere. Every answer has a limit, because
// whoever removes an address once may do so in a loop, and two machines that both defend one
// address by announcements would flood the segment.

import type { LogLine } from '../base/log-line.js';
import { after, between, type Duration, type Instant, millis, seconds } from '../base/time.js';

/** So many times an address is put back at once; more often within the window it will not stay. */
export const restoresMax = 5;
export const restoreWindow: Duration = seconds(10);
/** From then on it is put back this often, for as long as the peer does not take it. */
export const slowRestore: Duration = seconds(2);
/** The hand-over of an address that will not stay is asked for this often. */
export const handOverRepeat: Duration = seconds(30);
/** After so long in its place an address counts as kept. */
const forgetAfter: Duration = seconds(60);
/** A claim of another machine is answered at once, then at growing distances up to the longest. */
export const defenceShortest: Duration = seconds(1);
export const defenceLongest: Duration = seconds(10);
/** Claims with less than this between them are one conflict. */
const conflictQuiet: Duration = seconds(30);
/** One line for this long, whatever comes in. */
export const sayRepeat: Duration = seconds(10);

export type GuardEffect =
  /** Put the address back as it was, and announce it. */
  | { readonly kind: 'put-back' }
  | { readonly kind: 'announce' }
  /** Look at the address again after this time, whether or not anything is heard. */
  | { readonly kind: 'look-again'; readonly wait: Duration }
  /** Offer the group of the address to the peer. */
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'log'; readonly line: LogLine };

export interface ForeignClaim {
  /** Of the last claim. */
  readonly mac: string;
  /** Since the conflict began. */
  readonly claims: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
}

export interface GuardReport {
  /** How often the address was put back since it is held. */
  readonly restored: number;
  /** It does not stay: it was taken away again and again, or cannot be put back. */
  readonly isUnkept: boolean;
  readonly claim: ForeignClaim | undefined;
}

export interface VipGuardEngine {
  /** `what` says what was found, such as `is gone`. */
  displaced(now: Instant, address: string, what: string): readonly GuardEffect[];
  putBackRefused(now: Instant, address: string, reason: string): readonly GuardEffect[];
  claimed(now: Instant, address: string, mac: string): readonly GuardEffect[];
  /** Given up by this node: what was known of it is of no use any more. */
  released(address: string): void;
  report(address: string): GuardReport;
}

interface Guarded {
  restored: number;
  /** Within the window. */
  recent: Instant[];
  lastAt: Instant | undefined;
  isUnkept: boolean;
  handOverAt: Instant | undefined;
  saidAt: Instant | undefined;
  claim: ForeignClaim | undefined;
  claimSaidAt: Instant | undefined;
  defendAt: Instant | undefined;
  defence: Duration;
}

const fresh = (): Guarded => ({
  restored: 0,
  recent: [],
  lastAt: undefined,
  isUnkept: false,
  handOverAt: undefined,
  saidAt: undefined,
  claim: undefined,
  claimSaidAt: undefined,
  defendAt: undefined,
  defence: defenceShortest,
});

const isOlder = (now: Instant, point: Instant | undefined, span: Duration): boolean =>
  point === undefined || between(point, now) >= span;

const log = (level: LogLine['level'], code: LogLine['code'], text: string): GuardEffect => ({
  kind: 'log',
  line: { level, code, text },
});

function displaced(
  vip: Guarded,
  now: Instant,
  address: string,
  what: string,
): readonly GuardEffect[] {
  if (isOlder(now, vip.lastAt, forgetAfter)) {
    vip.isUnkept = false;
    vip.handOverAt = undefined;
  }
  vip.recent = vip.recent.filter((each) => between(each, now) < restoreWindow);
  const isSpent = vip.recent.length >= restoresMax;
  if (!isSpent && !vip.isUnkept) {
    vip.lastAt = now;
    vip.recent.push(now);
    vip.restored++;
    const text = `${address} ${what}: putting it back (${vip.recent.length} of ${restoresMax})`;
    return [log('WARN', 'vip-displaced', text), { kind: 'put-back' }];
  }
  const effects = willNotStay(vip, now, `${address} does not stay: it ${what} again`);
  // While nobody takes it, an address that is there now and then is better than none.
  if (isOlder(now, vip.lastAt, slowRestore)) {
    vip.lastAt = now;
    vip.restored++;
    effects.push({ kind: 'put-back' });
  } else effects.push({ kind: 'look-again', wait: slowRestore });
  return effects;
}

/** The alarm, and from time to time the offer to the peer. */
function willNotStay(vip: Guarded, now: Instant, text: string): GuardEffect[] {
  const effects: GuardEffect[] = [];
  vip.isUnkept = true;
  if (isOlder(now, vip.saidAt, sayRepeat)) {
    vip.saidAt = now;
    effects.push(log('CRIT', 'vip-unkept', text));
  }
  if (isOlder(now, vip.handOverAt, handOverRepeat)) {
    vip.handOverAt = now;
    effects.push({ kind: 'hand-over' });
  }
  return effects;
}

function putBackRefused(
  vip: Guarded,
  now: Instant,
  address: string,
  reason: string,
): readonly GuardEffect[] {
  const again: GuardEffect = { kind: 'look-again', wait: slowRestore };
  const text = `${address} cannot be put back: ${reason}`;
  // The first refusal may be a moment's: an interface that is being made anew.
  if (vip.recent.length < 2 && !vip.isUnkept) return [log('WARN', 'vip-displaced', text), again];
  return [...willNotStay(vip, now, text), again];
}

function claimed(vip: Guarded, now: Instant, address: string, mac: string): readonly GuardEffect[] {
  const before = vip.claim;
  const isNew = before === undefined || between(before.lastAt, now) >= conflictQuiet;
  vip.claim = {
    mac,
    claims: isNew ? 1 : before.claims + 1,
    firstAt: isNew ? now : before.firstAt,
    lastAt: now,
  };
  if (isNew) vip.defence = defenceShortest;
  const effects: GuardEffect[] = [];
  if (isOlder(now, vip.claimSaidAt, sayRepeat) || before?.mac !== mac) {
    if (isOlder(now, vip.claimSaidAt, millis(sayRepeat / 10))) {
      vip.claimSaidAt = now;
      const times = vip.claim.claims === 1 ? '' : `, ${vip.claim.claims} times by now`;
      const text = `${address} is claimed by ${mac} too${times}: announcing that it is here`;
      effects.push(log('CRIT', 'vip-claimed', text));
    }
  }
  if (isNew || vip.defendAt === undefined || now >= vip.defendAt) {
    vip.defendAt = after(now, vip.defence);
    vip.defence = millis(Math.min(vip.defence * 2, defenceLongest));
    effects.push({ kind: 'announce' });
  }
  return effects;
}

export function createVipGuard(): VipGuardEngine {
  const vips = new Map<string, Guarded>();
  const of = (address: string): Guarded => {
    const vip = vips.get(address) ?? fresh();
    vips.set(address, vip);
    return vip;
  };
  return {
    displaced: (now, address, what) => displaced(of(address), now, address, what),
    putBackRefused: (now, address, reason) => putBackRefused(of(address), now, address, reason),
    claimed: (now, address, mac) => claimed(of(address), now, address, mac),
    released: (address) => void vips.delete(address),
    report: (address) => {
      const vip = vips.get(address) ?? fresh();
      return { restored: vip.restored, isUnkept: vip.isUnkept, claim: vip.claim };
    },
  };
}
