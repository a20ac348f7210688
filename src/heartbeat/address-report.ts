// What `lubdub status` says of the addresses that this node holds or has announced.

import { between } from '../base/time.js';
import { readNow } from '../runtime/clock.js';
import type { JsonObject } from '../runtime/control-socket.js';
import type { Daemon } from './daemon-parts.js';

/** A claim of another machine counts as going on for this long. */
const CLAIM_FRESH_SECONDS = 60;

function claimReport(daemon: Daemon, address: string): JsonObject | null {
  const claim = daemon.vipGuard?.report(address).claim;
  if (claim === undefined) return null;
  const age = between(claim.lastAt, readNow().monotonic);
  return { mac: claim.mac, claims: claim.claims, secondsAgo: Math.round(age) / 1000 };
}

export function reportAddresses(daemon: Daemon): readonly JsonObject[] {
  const { addresses } = daemon.resources;
  const announced = addresses.announced();
  const reports: JsonObject[] = [];
  const told = new Set<string>();
  for (const [word, vip] of addresses.held()) {
    const { address, prefixLength, interfaceName, label } = vip;
    const guard = daemon.vipGuard?.report(address);
    told.add(address);
    reports.push({
      address,
      announced: announced.get(address) ?? 0,
      isHeld: true,
      word,
      prefixLength,
      interface: interfaceName,
      label: label ?? null,
      leaseSeconds: daemon.vipLease?.seconds ?? null,
      restored: guard?.restored ?? 0,
      isUnkept: guard?.isUnkept ?? false,
      claim: claimReport(daemon, address),
    });
  }
  for (const [address, count] of announced) {
    if (!told.has(address)) reports.push({ address, announced: count, isHeld: false });
  }
  return reports;
}

/** Texts of what is wrong with held addresses: each makes the whole critical. */
export function findAddresses(reports: readonly JsonObject[]): readonly string[] {
  return reports.flatMap(({ address, isUnkept, claim }) => {
    const found: string[] = [];
    if (isUnkept === true) found.push(`${String(address)} does not stay in its place`);
    if (typeof claim === 'object' && claim !== null && 'mac' in claim) {
      const isFresh = Number(claim.secondsAgo) < CLAIM_FRESH_SECONDS;
      if (isFresh) found.push(`${String(address)} is claimed by ${String(claim.mac)} too`);
    }
    return found;
  });
}
