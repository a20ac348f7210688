// While this node does not hold a VIP, it looks from time to time which MAC does, so that the log
// can say at a takeover from whom the address was taken. The look-up starts two processes and may
// take seconds: it is never on the way of a takeover, whose line uses the last answer.

import { logLine } from '../base/log-line.js';
import { parseIpaddrArguments } from '../config/ipaddr-arguments.js';
import { isAddressScript } from '../config/resource-kind.js';
import { whoHolds } from '../kernel/who-holds.js';
import type { Daemon } from './daemon-parts.js';

const LOOK_INTERVAL_MS = 60_000;
const FIRST_LOOK_MS = 5_000;
const LOOK_DEADLINE_MS = 4_000;
/** VIPs looked at in one round; the look-up costs two processes each. */
const LOOKS_PER_ROUND_MAX = 8;

function watchedAddresses(daemon: Daemon): readonly string[] {
  const held = new Set(
    daemon.held.groups().flatMap((group) => group.held.map((each) => each.address?.address)),
  );
  const addresses: string[] = [];
  for (const group of daemon.prepared.setup.cluster.groups) {
    for (const resource of group.resources) {
      if (!isAddressScript(resource.script)) continue;
      const parsed = parseIpaddrArguments(resource.args);
      if (!parsed.ok || parsed.value.family !== 4 || held.has(parsed.value.address)) continue;
      addresses.push(parsed.value.address);
    }
  }
  return addresses;
}

export interface VipWatch {
  readonly timer: NodeJS.Timeout;
  /** The hardware address that answered at the last look; undefined for nobody, or no look yet. */
  lastSeen(address: string): string | undefined;
}

/** Says each change once: who holds it now, or that nobody answers any more. */
export function startVipWatch(daemon: Daemon): VipWatch {
  const lastSeen = new Map<string, string | undefined>();
  let next = 0;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const addresses = watchedAddresses(daemon);
      for (let count = 0; count < Math.min(LOOKS_PER_ROUND_MAX, addresses.length); count++) {
        const address = addresses[next++ % addresses.length];
        if (address === undefined) break;
        const mac = await whoHolds(address, LOOK_DEADLINE_MS);
        // Taken by this node while the look-up ran: its answer is of no use.
        if (!watchedAddresses(daemon).includes(address)) continue;
        if (lastSeen.has(address) && lastSeen.get(address) === mac) continue;
        lastSeen.set(address, mac);
        const text =
          mac === undefined ? `nobody answers for ${address}` : `${address} is at ${mac}`;
        daemon.prepared.log.write(logLine('info', 'vip-seen', text));
      }
    } finally {
      isLooking = false;
    }
  };
  setTimeout(() => void look(), FIRST_LOOK_MS).unref();
  return {
    timer: setInterval(() => void look(), LOOK_INTERVAL_MS).unref(),
    lastSeen: (address) => lastSeen.get(address),
  };
}
