// Other machines that say that they have an address of ours: heard while it is held, and asked for
// when it is taken. With `vip_conflict warn` the question goes out after the address was taken and
// announced, so that nobody waits for it; with `wait` and `refuse` before.

import { logLine } from '../base/log-line.js';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome } from '../config/resource-order.js';
import type { InterfaceAddress } from '../kernel/addresses.js';
import { type ClaimWatch, watchClaims } from '../kernel/claims.js';
import { monotonicMs } from '../runtime/clock.js';
import type { Daemon } from './daemon-parts.js';

/** Our own hardware addresses are read anew at most this often when a claim is doubted. */
const OWN_MACS_AGE_MS = 1_000;

export interface VipClaims {
  /** What is held may have changed: whatever is new is asked for, and all of it listened for. */
  update(): void;
  /** Asks who else has what is held: one that claims nothing answers all the same. */
  askHeld(): void;
  /**
   * With `wait` and `refuse`, before addresses are started: returns when nobody else answers for
   * them or no longer is waited for, with the outcomes of those that must not be taken, by word.
   */
  whenFree(resources: readonly ResourceSpec[]): Promise<ReadonlyMap<string, ResourceOutcome>>;
  close(): void;
}

interface Claims {
  readonly daemon: Daemon;
  readonly watch: ClaimWatch;
  /** Held and asked for. */
  held: ReadonlySet<string>;
  /** To be taken, with whoever answers for it. */
  readonly asked: Map<string, string | undefined>;
  /** Until when a claim is an answer to our question rather than news. */
  readonly taking: Map<string, number>;
  readonly timers: Set<NodeJS.Timeout>;
  ownMacs: ReadonlySet<string>;
  ownMacsAt: number;
  isUpdateDue: boolean;
  isClosed: boolean;
}

const pause = (claims: Claims, spanMs: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      claims.timers.delete(timer);
      resolve();
    }, spanMs);
    claims.timers.add(timer);
  });

/** Two interfaces on one segment hear each other; an interface made anew has another address. */
function isOwnMac(claims: Claims, mac: string): boolean {
  if (claims.ownMacs.has(mac)) return true;
  if (monotonicMs() - claims.ownMacsAt < OWN_MACS_AGE_MS) return false;
  const interfaces = claims.daemon.resources.table.interfaces();
  claims.ownMacsAt = monotonicMs();
  if (interfaces.ok) claims.ownMacs = new Set(interfaces.value.map((each) => each.mac));
  return claims.ownMacs.has(mac);
}

function onClaim(claims: Claims, address: string, mac: string): void {
  if (claims.isClosed || isOwnMac(claims, mac)) return;
  if (claims.asked.has(address)) claims.asked.set(address, mac);
  if (!claims.held.has(address)) return;
  const { daemon } = claims;
  if ((claims.taking.get(address) ?? 0) > monotonicMs()) {
    claims.taking.delete(address);
    const seen = daemon.vipWatch?.lastSeen(address);
    const before = seen === undefined ? '' : ` (node-arp saw it at ${seen} before)`;
    const text = `${address} was taken, and ${mac} still answers for it${before}`;
    daemon.prepared.log.write(logLine('WARN', 'vip-answered', text));
  }
  daemon.vipGuard?.onClaim(address, mac);
}

function listenFor(claims: Claims): void {
  claims.watch.watch([...claims.held, ...claims.asked.keys()]);
}

const heldVips = (claims: Claims): readonly InterfaceAddress[] => [
  ...claims.daemon.resources.addresses.held().values(),
];

/** Once for all the addresses of a takeover, after they were announced. */
function updateNow(claims: Claims): void {
  claims.isUpdateDue = false;
  if (claims.isClosed) return;
  const vips = heldVips(claims);
  const taken = vips.filter(({ address }) => !claims.held.has(address));
  const isSame = taken.length === 0 && vips.length === claims.held.size;
  if (isSame) return;
  claims.held = new Set(vips.map(({ address }) => address));
  listenFor(claims);
  if (taken.length > 0) void askWhetherAnswered(claims, taken);
}

async function askWhetherAnswered(
  claims: Claims,
  taken: readonly InterfaceAddress[],
): Promise<void> {
  const { count, spacing } = claims.daemon.prepared.config.vips.probe;
  const until = monotonicMs() + count * spacing;
  for (const { address } of taken) claims.taking.set(address, until);
  for (let time = 0; time < count && !claims.isClosed; time++) {
    for (const vip of taken) if (claims.held.has(vip.address)) claims.watch.ask(vip);
    await pause(claims, spacing);
  }
  for (const { address } of taken) claims.taking.delete(address);
}

/** One round of questions: who answered for which address. */
async function probe(
  claims: Claims,
  vips: readonly InterfaceAddress[],
): Promise<ReadonlyMap<string, string>> {
  const { count, spacing } = claims.daemon.prepared.config.vips.probe;
  for (const { address } of vips) claims.asked.set(address, undefined);
  listenFor(claims);
  for (let time = 0; time < count && !claims.isClosed; time++) {
    for (const vip of vips) claims.watch.ask(vip);
    await pause(claims, spacing);
  }
  const answered = new Map<string, string>();
  for (const { address } of vips) {
    const mac = claims.asked.get(address);
    if (mac !== undefined) answered.set(address, mac);
    claims.asked.delete(address);
  }
  listenFor(claims);
  return answered;
}

const sayAll = (claims: Claims, answered: ReadonlyMap<string, string>, what: string): void => {
  for (const [address, mac] of answered) {
    const text = `${address} is to be taken, but ${mac} answers for it: ${what}`;
    claims.daemon.prepared.log.write(logLine('WARN', 'vip-answered', text));
  }
};

async function whenFree(
  claims: Claims,
  resources: readonly ResourceSpec[],
): Promise<ReadonlyMap<string, ResourceOutcome>> {
  const { config, log } = claims.daemon.prepared;
  const { addresses } = claims.daemon.resources;
  const taken = resources.flatMap((resource) => {
    const vip = addresses.toBeTaken(resource);
    return vip === undefined ? [] : [{ word: resource.word, vip }];
  });
  const vips = taken.map(({ vip }) => vip);
  const refusals = new Map<string, ResourceOutcome>();
  if (vips.length === 0) return refusals;
  const until = monotonicMs() + config.deadtime;
  let answered = await probe(claims, vips);
  if (config.vips.conflict === 'wait') {
    sayAll(claims, answered, 'waiting');
    while (answered.size > 0 && monotonicMs() < until && !claims.isClosed) {
      answered = await probe(claims, vips);
    }
    sayAll(claims, answered, 'taking it all the same');
    return refusals;
  }
  for (const { word, vip } of taken) {
    const mac = answered.get(vip.address);
    if (mac === undefined) continue;
    const reason = `${vip.address} is in use by ${mac} (vip_conflict refuse)`;
    log.write(logLine('CRIT', 'vip-refused', reason));
    refusals.set(word, { kind: 'failed', exitCode: 1, reason });
  }
  return refusals;
}

/** undefined when packets cannot be listened to; the log says so. */
export function startVipClaims(daemon: Daemon): VipClaims | undefined {
  const opened = watchClaims((address, mac) => onClaim(claims, address, mac));
  if (!opened.ok) {
    const text = `claims of other machines are not heard: ${opened.detail}`;
    daemon.prepared.log.write(logLine('WARN', 'claims-not-heard', text));
    return undefined;
  }
  const claims: Claims = {
    daemon,
    watch: opened.value,
    held: new Set(),
    asked: new Map(),
    taking: new Map(),
    timers: new Set(),
    ownMacs: new Set(),
    ownMacsAt: Number.NEGATIVE_INFINITY,
    isUpdateDue: false,
    isClosed: false,
  };
  return {
    update: () => {
      if (claims.isUpdateDue) return;
      claims.isUpdateDue = true;
      setImmediate(() => updateNow(claims));
    },
    askHeld: () => {
      for (const vip of heldVips(claims)) claims.watch.ask(vip);
    },
    whenFree: (resources) => whenFree(claims, resources),
    close: () => {
      claims.isClosed = true;
      for (const timer of claims.timers) clearTimeout(timer);
      claims.watch.close();
    },
  };
}
