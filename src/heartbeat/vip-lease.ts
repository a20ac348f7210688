// The lease of the VIPs: the kernel takes an address away by itself when this daemon no longer
// renews it, because it hangs, stands still or is dead with its keeper. It is renewed here, in the
// main thread, and only while the beat worker beats: nobody holds what the peer has taken over.

import { logLine } from '../base/log-line.js';
import type { InterfaceAddress } from '../kernel/addresses.js';
import { monotonicMs } from '../runtime/clock.js';
import type { Daemon } from './daemon-parts.js';

/** The kernel counts in seconds: more often brings nothing, and every renewal is news to others. */
const RENEWAL_MS_MIN = 1000;
const RENEWALS_PER_LEASE = 8;
/** A worker that was silent for this part of the dead time may not have beaten any more. */
const SILENCE_SHARE = 1 / 2;

export interface VipLease {
  /** undefined: addresses stay until they are removed. */
  readonly seconds: number | undefined;
  /** True when the last renewal is so long ago that the kernel may have taken addresses away. */
  mayHaveLapsed(): boolean;
  close(): void;
}

interface Lease {
  readonly daemon: Daemon;
  readonly seconds: number;
  renewedAt: number;
  isSuspended: boolean;
  isAsking: boolean;
}

/** Held, and inherited from a predecessor whose resources were not asked for their status yet. */
function leased(daemon: Daemon): readonly InterfaceAddress[] {
  const vips = new Map<string, InterfaceAddress>();
  const inherited = daemon.held.groups().flatMap((group) => group.held);
  for (const { address } of inherited)
    if (address !== undefined) vips.set(address.address, address);
  for (const vip of daemon.resources.addresses.held().values()) vips.set(vip.address, vip);
  return [...vips.values()];
}

const hasLapsed = (lease: Lease): boolean =>
  monotonicMs() - lease.renewedAt >= (lease.seconds - 1) * 1000;

/** The worker's last sign; before its first it is as good as the daemon's start. */
function isBeating(daemon: Daemon): boolean {
  const sign = new Float64Array(daemon.prepared.setup.sign);
  const silence = monotonicMs() - (sign[1] || daemon.startedAt);
  return silence <= daemon.prepared.setup.cluster.deadtime * SILENCE_SHARE;
}

function renew(lease: Lease): void {
  const { daemon } = lease;
  const vips = leased(daemon);
  const now = monotonicMs();
  lease.renewedAt = now;
  if (vips.length === 0) return;
  for (const [at, outcome] of daemon.resources.table.renewMany(vips).entries()) {
    if (outcome.ok) continue;
    const text = `the lease of ${vips[at]?.address} cannot be renewed: ${outcome.detail}`;
    daemon.prepared.log.write(logLine('ERROR', 'lease-not-renewed', text));
  }
}

async function renewWhenDue(lease: Lease): Promise<void> {
  const { daemon } = lease;
  if (lease.isAsking || daemon.isLeaving === true) return;
  if (!isBeating(daemon)) {
    const text = `the beat stands still: the lease of the addresses is not renewed`;
    if (!lease.isSuspended) daemon.prepared.log.write(logLine('CRIT', 'lease-not-renewed', text));
    lease.isSuspended = true;
    return;
  }
  if (lease.isSuspended || hasLapsed(lease)) {
    // We were away. The engine's orders to give up come before its answer, and then there is
    // nothing left to renew.
    lease.isAsking = true;
    await daemon.thread.judged();
    lease.isAsking = false;
    lease.isSuspended = false;
  }
  renew(lease);
}

export function startVipLease(daemon: Daemon): VipLease {
  const { leaseSeconds } = daemon.prepared.config.vips;
  if (leaseSeconds === undefined) {
    // A predecessor with other files may have given them an end.
    daemon.resources.table.renewMany(leased(daemon));
    return { seconds: undefined, mayHaveLapsed: () => false, close: () => undefined };
  }
  const lease: Lease = {
    daemon,
    seconds: leaseSeconds,
    renewedAt: monotonicMs(),
    isSuspended: false,
    isAsking: false,
  };
  // What a dead predecessor held has run down meanwhile: before anything else.
  renew(lease);
  const interval = Math.max(RENEWAL_MS_MIN, (leaseSeconds * 1000) / RENEWALS_PER_LEASE);
  const timer = setInterval(() => void renewWhenDue(lease), interval);
  return {
    seconds: leaseSeconds,
    mayHaveLapsed: () => hasLapsed(lease),
    close: () => clearInterval(timer),
  };
}
