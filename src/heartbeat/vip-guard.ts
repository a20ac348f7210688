// Watches the VIPs that this node holds: the kernel's news of addresses come in, and what the guard
// engine makes of them is carried out. Before anything is put back or defended the cluster engine
// is asked: a daemon that was away has lost the right to its addresses, whether it has them or not.

import { logLine } from '../base/log-line.js';
import type { GroupStatus } from '../cluster/cluster-status.js';
import {
  createVipGuard,
  type GuardEffect,
  type GuardReport,
  type VipGuardEngine,
} from '../cluster/vip-guard.js';
import type { InterfaceAddress } from '../kernel/addresses.js';
import { displacement, isAsPut, putBack } from '../resources/address-place.js';
import { ANNOUNCEMENTS } from '../resources/address-resource.js';
import { readNow } from '../runtime/clock.js';
import type { RtAddress } from '../wire/rtnetlink.js';
import type { Daemon } from './daemon-parts.js';
import { askEngine } from './operator.js';

/** The kernel's news may be lost in a storm of them: so much later it is noticed all the same. */
const AUDIT_INTERVAL_MS = 5_000;

export interface VipGuard {
  /** The kernel's news of any address of this machine. */
  onAddress(address: RtAddress, isPresent: boolean): void;
  /** News were lost: every held address is looked at. */
  lookAtAll(): void;
  /** Another machine said that a held address is its own. */
  onClaim(address: string, mac: string): void;
  report(address: string): GuardReport;
  close(): void;
}

interface Guard {
  readonly daemon: Daemon;
  readonly engine: VipGuardEngine;
  /** Addresses to be looked at once the cluster engine has answered. */
  readonly wanted: Set<string>;
  /** Claims of others, by address, that wait for the same answer: they may be in the right. */
  readonly claims: Map<string, string>;
  /** Held at the last look, to notice what was given up since. */
  known: ReadonlySet<string>;
  readonly timers: Set<NodeJS.Timeout>;
  isAsking: boolean;
  isClosed: boolean;
}

const heldVips = (guard: Guard): readonly InterfaceAddress[] => [
  ...guard.daemon.resources.addresses.held().values(),
];

function isHeldByEngine(guard: Guard, groups: readonly GroupStatus[], address: string): boolean {
  const owner = guard.daemon.held
    .groups()
    .find((group) => group.held.some((each) => each.address?.address === address));
  const state = groups.find((group) => group.key === owner?.key)?.state;
  return state === 'held' || state === 'acquiring';
}

function want(guard: Guard, address: string): void {
  guard.wanted.add(address);
  if (!guard.isAsking && !guard.isClosed) void look(guard);
}

/** Orders of the engine come by the same way as its answer: after it they are carried out. */
async function look(guard: Guard): Promise<void> {
  guard.isAsking = true;
  const { cluster } = await guard.daemon.thread.judged();
  guard.isAsking = false;
  const wanted = [...guard.wanted];
  const claims = [...guard.claims];
  guard.wanted.clear();
  guard.claims.clear();
  if (guard.isClosed || guard.daemon.isLeaving === true) return;
  for (const [address, mac] of claims) answerClaim(guard, cluster.groups, address, mac);
  if (wanted.length > 0) lookAt(guard, cluster.groups, wanted);
}

function answerClaim(
  guard: Guard,
  groups: readonly GroupStatus[],
  address: string,
  mac: string,
): void {
  const vip = heldVips(guard).find((each) => each.address === address);
  if (vip === undefined || !isHeldByEngine(guard, groups, address)) return;
  const { monotonic } = readNow();
  carryOut(guard, vip, [], guard.engine.claimed(monotonic, address, mac));
}

function lookAt(guard: Guard, groups: readonly GroupStatus[], wanted: readonly string[]): void {
  const listed = guard.daemon.resources.table.list();
  if (!listed.ok) return;
  const held = heldVips(guard);
  for (const address of wanted) {
    const vip = held.find((each) => each.address === address);
    if (vip === undefined || !isHeldByEngine(guard, groups, address)) continue;
    const found = displacement(vip, listed.value);
    if (found === undefined) continue;
    const isLapsed = guard.daemon.vipLease?.mayHaveLapsed() === true;
    const what = isLapsed ? 'lapsed while this daemon was away' : found;
    const { monotonic } = readNow();
    carryOut(guard, vip, listed.value, guard.engine.displaced(monotonic, address, what));
  }
}

function carryOut(
  guard: Guard,
  vip: InterfaceAddress,
  listed: readonly InterfaceAddress[],
  effects: readonly GuardEffect[],
): void {
  const { daemon, engine } = guard;
  const lines = effects.flatMap((each) => (each.kind === 'log' ? [each.line] : []));
  for (const effect of effects) {
    switch (effect.kind) {
      case 'log':
        break;
      case 'put-back': {
        const done = putBack(daemon.resources.table, vip, listed);
        if (done.ok) daemon.resources.addresses.announceOne(vip.address, ANNOUNCEMENTS);
        else {
          const { monotonic } = readNow();
          const then = engine.putBackRefused(monotonic, vip.address, done.detail);
          carryOut(guard, vip, listed, then);
        }
        break;
      }
      case 'announce':
        daemon.resources.addresses.announceOne(vip.address, 1);
        break;
      case 'look-again':
        lookLater(guard, vip.address, effect.wait);
        break;
      case 'hand-over':
        void handOver(guard, vip.address);
        break;
    }
  }
  // Clients wait for the address, not for the line.
  for (const line of lines) daemon.prepared.log.write(line);
}

function lookLater(guard: Guard, address: string, waitMs: number): void {
  const timer = setTimeout(() => {
    guard.timers.delete(timer);
    want(guard, address);
  }, waitMs);
  guard.timers.add(timer);
}

/** Groups move in sets: the one of the address goes, with what else belongs to it. */
async function handOver(guard: Guard, address: string): Promise<void> {
  const { daemon } = guard;
  const key = daemon.held
    .groups()
    .find((group) => group.held.some((each) => each.address?.address === address))?.key;
  const { cluster } = daemon.prepared.setup;
  const group = cluster.groups.find((each) => each.key === key);
  if (group === undefined) return;
  const selection = group.preferredNode === cluster.localNode ? 'local' : 'foreign';
  const answer = await askEngine(daemon, 'standby', selection);
  const text = answer.isDone
    ? `${address} does not stay here: the peer has ${selection} resources now`
    : `${address} does not stay here, and the peer does not take it: ${answer.text}`;
  daemon.prepared.log.write(logLine(answer.isDone ? 'notice' : 'CRIT', 'vip-unkept', text));
}

/** What is no longer held begins anew when it is held again. */
function forgetReleased(guard: Guard): void {
  const held = new Set(heldVips(guard).map((vip) => vip.address));
  for (const address of guard.known) if (!held.has(address)) guard.engine.released(address);
  guard.known = held;
}

function lookAtAll(guard: Guard): void {
  forgetReleased(guard);
  const vips = heldVips(guard);
  if (vips.length === 0) return;
  const listed = guard.daemon.resources.table.list();
  if (!listed.ok) return;
  for (const vip of vips) {
    if (displacement(vip, listed.value) !== undefined) want(guard, vip.address);
  }
}

function onAddress(guard: Guard, address: RtAddress, isPresent: boolean): void {
  const vip = heldVips(guard).find((each) => each.address === address.address);
  if (vip === undefined) return;
  // Our own putting and every renewal are news as well; only the label's interface is not told.
  const said = { ...address, interfaceName: vip.interfaceName };
  if (isPresent && isAsPut(vip, said)) return;
  want(guard, vip.address);
}

export function startVipGuard(daemon: Daemon): VipGuard {
  const guard: Guard = {
    daemon,
    engine: createVipGuard(),
    wanted: new Set(),
    claims: new Map(),
    known: new Set(),
    timers: new Set(),
    isAsking: false,
    isClosed: false,
  };
  const audit = setInterval(() => lookAtAll(guard), AUDIT_INTERVAL_MS);
  return {
    onAddress: (address, isPresent) => onAddress(guard, address, isPresent),
    lookAtAll: () => lookAtAll(guard),
    onClaim: (address, mac) => {
      guard.claims.set(address, mac);
      if (!guard.isAsking && !guard.isClosed) void look(guard);
    },
    report: (address) => guard.engine.report(address),
    close: () => {
      guard.isClosed = true;
      clearInterval(audit);
      for (const timer of guard.timers) clearTimeout(timer);
    },
  };
}
