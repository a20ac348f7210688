// Operators' words on real servers within the engine: takes orders and what the peer's director
// knows, says which word holds for which real server, and ends drains. It decides no weight: that
// is the desired table's matter.

import { after, type Instant, millis, type Now } from '../base/time.js';
import { bracketed } from '../checks/check-spec.js';
import type { RealServerConfig, VirtualServiceConfig } from '../config/director-config.js';
import { ipvsKeyText } from '../wire/ipvs-table.js';
import {
  type AdministrationEntry,
  type AdministrationState,
  ENTRIES_MAX,
  entryText,
  governing,
  mergeEntries,
  nextRevision,
} from './administration-entry.js';
import type { RealServer, RealServers } from './real-server.js';
import { destinationKey, endpointText, realDestination } from './real-server-text.js';
import type { TableModel } from './table-model.js';

/** What an operator asks for; texts are cleaned and bounded by whoever takes them in. */
export interface AdministrationOrder {
  readonly state: Exclude<AdministrationState, 'drained'>;
  /** As typed; several for a name with several addresses. */
  readonly servers: readonly string[];
  /** Any name of a virtual service; empty: all. */
  readonly service: string;
  readonly weight: number;
  /** 0: no end but that of the last connection. */
  readonly timeoutMs: number;
  readonly by: string;
  readonly reason: string;
  readonly node: string;
}

export interface OrderOutcome {
  readonly isDone: boolean;
  readonly text: string;
  readonly changed: readonly AdministrationEntry[];
}

export interface EndedDrain {
  readonly entry: AdministrationEntry;
  readonly text: string;
}

export interface Administration {
  entries(): readonly AdministrationEntry[];
  order(order: AdministrationOrder, reals: RealServers, now: Now): OrderOutcome;
  /** Returns what was news. */
  hear(entries: readonly AdministrationEntry[], now: Now): readonly AdministrationEntry[];
  /** Gives each real server the word that holds for it; returns those for which that changed. */
  apply(reals: RealServers): readonly RealServer[];
  /**
   * Ends drains, after a reading: counters and weight are then of one moment. Only the director
   * that owns the table may: another one sees no connections because it has none.
   */
  endDrains(reals: RealServers, model: TableModel, now: Instant): readonly EndedDrain[];
}

/** A word that takes a real server out, or changes its weight. */
export interface Administered {
  readonly kind: 'drain' | 'out' | 'weight';
  readonly weight: number;
  readonly entry: AdministrationEntry;
}

/** Longer than this is no timeout but a forgotten zero; and timers take no more than 24 days. */
const TIMEOUT_MS_MAX = 7 * 24 * 3600 * 1000;
const NAMES_SHOWN_MAX = 8;

const KINDS = { drain: 'drain', drained: 'out', disable: 'out', weight: 'weight' } as const;

function administeredBy(entry: AdministrationEntry | undefined): Administered | undefined {
  if (entry === undefined || entry.state === 'enable') return undefined;
  return { kind: KINDS[entry.state], weight: entry.weight, entry };
}

/** It may get new connections, as far as operators are concerned. */
export const isLetIn = (administered: Administered | undefined): boolean =>
  administered === undefined || (administered.kind === 'weight' && administered.weight > 0);

const serviceNames = (virtual: VirtualServiceConfig): readonly string[] => [
  virtual.name,
  virtual.id,
  ipvsKeyText(virtual.key),
  ...(virtual.serviceName === undefined ? [] : [virtual.serviceName]),
];

/** The canonical name of what was typed, if it means this real server. */
function serverNamed(typed: string, real: RealServerConfig): string | undefined {
  const whole = bracketed(real.family, real.address);
  if (typed === whole || typed === real.address) return whole;
  return typed === endpointText(real) ? typed : undefined;
}

export const createAdministration = (first: readonly AdministrationEntry[]): Administration =>
  new Words(first);

class Words implements Administration {
  #entries: readonly AdministrationEntry[];
  /** Ends of drains on the monotonic clock, by entry; computed when an entry is first seen. */
  readonly #ends = new Map<AdministrationEntry, Instant>();

  constructor(first: readonly AdministrationEntry[]) {
    this.#entries = mergeEntries([], first);
  }

  entries(): readonly AdministrationEntry[] {
    return this.#entries;
  }

  order(order: AdministrationOrder, reals: RealServers, now: Now): OrderOutcome {
    const refused = (text: string): OrderOutcome => ({ isDone: false, text, changed: [] });
    const targets = this.#targets(order, reals);
    if (typeof targets === 'string') return refused(targets);
    const { state, by, reason, node } = order;
    const timeout = Math.min(order.timeoutMs, TIMEOUT_MS_MAX);
    const until = state === 'drain' && timeout > 0 ? Math.round(now.wall + timeout) : 0;
    const weight = state === 'weight' ? order.weight : 0;
    const at = Math.max(0, Math.round(now.wall));
    const revision = nextRevision(this.#entries);
    const words = { state, weight, until, by, at, reason, revision, node };
    const changed = targets.map((target) => ({ ...target, ...words }));
    const merged = mergeEntries(this.#entries, changed);
    const inForce = merged.filter((entry) => entry.state !== 'enable').length;
    if (inForce >= ENTRIES_MAX) {
      return refused(`${inForce} real servers are administered already: enable some first`);
    }
    this.#entries = merged;
    this.#noteEnds(now);
    return { isDone: true, text: changed.map(wordText).join(', '), changed };
  }

  #targets(
    { servers, service, state }: AdministrationOrder,
    reals: RealServers,
  ): readonly { readonly server: string; readonly service: string }[] | string {
    const found = new Map<string, { server: string; service: string }>();
    const known = new Set<string>();
    let isServiceKnown = service === '';
    for (const { virtual, config } of reals.byKey.values()) {
      if (service !== '' && !serviceNames(virtual).includes(service)) continue;
      isServiceKnown = true;
      known.add(endpointText(config));
      for (const typed of servers) {
        const server = serverNamed(typed, config);
        if (server === undefined) continue;
        const target = { server, service: service === '' ? '' : ipvsKeyText(virtual.key) };
        found.set(`${target.service} ${server}`, target);
      }
    }
    // One that is no longer configured can still be enabled, so that it comes back as usual.
    if (state === 'enable' && service === '') {
      for (const { server } of this.#entries) {
        if (servers.includes(server)) found.set(` ${server}`, { server, service: '' });
      }
    }
    if (found.size > 0) return [...found.values()];
    if (!isServiceKnown) return `no virtual service ${service}`;
    const names = [...known].sort().slice(0, NAMES_SHOWN_MAX).join(' ');
    const where = service === '' ? '' : ` in ${service}`;
    return `no real server ${servers.join(' ')}${where}; there are: ${names}`;
  }

  hear(entries: readonly AdministrationEntry[], now: Now): readonly AdministrationEntry[] {
    const former = new Set(this.#entries.map((entry) => JSON.stringify(entry)));
    this.#entries = mergeEntries(this.#entries, entries);
    this.#noteEnds(now);
    return this.#entries.filter((entry) => !former.has(JSON.stringify(entry)));
  }

  #noteEnds(now: Now): void {
    const kept = new Set(this.#entries);
    for (const entry of this.#ends.keys()) if (!kept.has(entry)) this.#ends.delete(entry);
    for (const entry of this.#entries) {
      if (entry.state !== 'drain' || entry.until === 0 || this.#ends.has(entry)) continue;
      // The wall clock says how much is left, once; from then on it may jump.
      const left = Math.min(TIMEOUT_MS_MAX, Math.max(0, entry.until - now.wall));
      this.#ends.set(entry, after(now.monotonic, millis(left)));
    }
  }

  apply(reals: RealServers): readonly RealServer[] {
    return [...reals.byKey.values()].filter((real) => {
      const service = ipvsKeyText(real.virtual.key);
      const entry = governing(this.#entries, endpointText(real.config), service);
      if (real.administered?.entry === entry) return false;
      const before = real.administered;
      real.administered = administeredBy(entry);
      return before !== undefined || real.administered !== undefined;
    });
  }

  endDrains(reals: RealServers, model: TableModel, now: Instant): readonly EndedDrain[] {
    const governed = new Map<AdministrationEntry, RealServer[]>();
    for (const real of reals.byKey.values()) {
      const entry = real.administered?.entry;
      if (entry?.state !== 'drain') continue;
      governed.set(entry, [...(governed.get(entry) ?? []), real]);
    }
    const ended: EndedDrain[] = [];
    for (const [entry, servers] of governed) {
      const left = connectionsLeft(servers, model);
      const end = this.#ends.get(entry);
      const isOver = end !== undefined && end <= now;
      if (left !== 0 && !isOver) continue;
      const why = left === 0 ? 'no connections are left' : `in time, ${left ?? 'some'} are left`;
      const text = `drain of ${entry.server} is over: ${why}; out until lubdub enable`;
      const revision = nextRevision(this.#entries);
      ended.push({ entry: { ...entry, state: 'drained', revision }, text });
      this.#ends.delete(entry);
      this.#entries = mergeEntries(this.#entries, [{ ...entry, state: 'drained', revision }]);
    }
    return ended;
  }
}

/** For the log and for whoever asked. */
function wordText(entry: AdministrationEntry): string {
  const where = entry.service === '' ? 'all services' : entry.service;
  const weight = entry.state === 'weight' ? ` to ${entry.weight}` : '';
  return `${entry.server} (${where}) ${entryText(entry).replace(' by ', `${weight} by `)}`;
}

/** Undefined while one of them still gets new connections. Templates of persistence count. */
function connectionsLeft(servers: readonly RealServer[], model: TableModel): number | undefined {
  let left = 0;
  for (const { virtual, config, verdict } of servers) {
    const name = destinationKey(realDestination(virtual, config));
    const there = model.destination(ipvsKeyText(virtual.key), name);
    if (there === undefined) {
      // After a takeover it may not be in the table yet, and connections from the peer's table
      // find it only then.
      if (verdict === 'up' || verdict === 'undecided') return undefined;
      continue;
    }
    if (there.weight > 0) return undefined;
    left += there.activeConnections + there.persistentConnections;
  }
  return left;
}
