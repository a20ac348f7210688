// The built-in IPaddr and IPaddr2: a VIP as an alias of an interface, announced to the segment.
// All of it is a few synchronous kernel calls of some 20 microseconds; nothing is spawned.

import type { LogLine } from '../base/log-line.js';
import { type IpaddrArguments, parseIpaddrArguments } from '../config/ipaddr-arguments.js';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { AddressTable, InterfaceAddress } from '../kernel/addresses.js';
import type { Announcer } from '../kernel/announcer.js';
import { monotonicMs } from '../runtime/clock.js';
import { isSamePlace } from './address-place.js';

/** Announcements of a VIP after it was taken, and their distance (IPaddr2's defaults). */
export const ANNOUNCEMENTS = 5;
const ANNOUNCEMENT_SPACING_MS = 200;
/**
 * A hundred VIPs are taken one after the other, and a dump of all addresses for each would cost
 * more than the taking. `add` itself is judged by the kernel's answer, never by this listing.
 */
const LISTING_AGE_MS = 1000;
/** IFNAMSIZ - 1 (linux/if.h): the longest label. */
const LABEL_CHARACTERS_MAX = 15;

export interface AddressResources {
  run(resource: ResourceSpec, verb: ResourceVerb): ResourceOutcome;
  /** Starts many with one request to the kernel and announces them; one outcome each. */
  startMany(resources: readonly ResourceSpec[]): readonly ResourceOutcome[];
  heldBy(resource: ResourceSpec): InterfaceAddress | undefined;
  /** By resource word. */
  held(): ReadonlyMap<string, InterfaceAddress>;
  /** Announces one held address now and `times - 1` times later; false when it is not held. */
  announceOne(address: string, times: number): boolean;
  /** Announces all held addresses anew, `times` times; `isQuiet` writes no line of it. */
  announceHeld(reason: string, isQuiet: boolean, times?: number): void;
  /**
   * Goes through a start once without changing anything: the first run of this code costs ten
   * times the second, and clients should not wait for that. Takes some ten milliseconds.
   */
  rehearse(resources: readonly ResourceSpec[]): void;
  /** Announcements sent per address since the start. */
  announced(): ReadonlyMap<string, number>;
  close(): void;
}

export interface AddressParts {
  readonly table: AddressTable;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
}

export const isAddressScript = (script: string): boolean =>
  script === 'IPaddr' || script === 'IPaddr2' || script === 'IPv6addr';

const failed = (exitCode: number, reason: string): ResourceOutcome => ({
  kind: 'failed',
  exitCode,
  reason,
});

interface AddressState extends AddressParts {
  /** By resource word. */
  readonly held: Map<string, InterfaceAddress>;
  /** Announcements still to come, by address. */
  readonly owed: Map<string, { readonly vip: InterfaceAddress; left: number }>;
  readonly announced: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
  listed: InterfaceAddress[] | undefined;
  listedAt: number;
}

/**
 * The kernel's addresses, read anew when the last look is older than LISTING_AGE_MS; undefined
 * when they cannot be read, which is not the same as there being none.
 */
function listing(state: AddressState): InterfaceAddress[] | undefined {
  const now = monotonicMs();
  if (state.listed === undefined || now - state.listedAt > LISTING_AGE_MS) {
    const listed = state.table.list();
    state.listedAt = now;
    state.listed = listed.ok ? [...listed.value] : undefined;
  }
  return state.listed;
}

/** A real server's VIP on lo (LVS-DR) is no alias of ours: only a word that names lo means it. */
function findInKernel(state: AddressState, wanted: IpaddrArguments): InterfaceAddress | undefined {
  return listing(state)?.find(
    (known) =>
      known.address === wanted.address &&
      (wanted.interfaceName === undefined
        ? known.interfaceName !== 'lo'
        : known.interfaceName === wanted.interfaceName),
  );
}

function forget(state: AddressState, vip: InterfaceAddress): void {
  state.listed = state.listed?.filter(
    (known) => known.address !== vip.address || known.interfaceName !== vip.interfaceName,
  );
}

/** The network part of an IPv4 address with all host bits set. */
function broadcastOf(address: string, prefixLength: number): string {
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const hostBits = 32 - prefixLength;
  const last = bits - (bits % 2 ** hostBits) + (2 ** hostBits - 1);
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.');
}

/** The labels that are taken, for choosing several in a row. */
interface LabelBook {
  readonly taken: Set<string | undefined>;
  /** The first number that may be free, by interface. */
  readonly next: Map<string, number>;
}

function openLabelBook(state: AddressState): LabelBook {
  const taken = new Set<string | undefined>();
  for (const known of listing(state) ?? []) taken.add(known.label);
  return { taken, next: new Map() };
}

/** IPaddr names its alias `nic:N` with the first free N (recorded); IPaddr2 names none. */
function chooseLabel(
  book: LabelBook,
  script: string,
  interfaceName: string,
  wanted: IpaddrArguments,
): string | undefined {
  if (wanted.label !== undefined) return wanted.label;
  if (script !== 'IPaddr' || wanted.family === 6) return undefined;
  let number = book.next.get(interfaceName) ?? 0;
  while (book.taken.has(`${interfaceName}:${number}`)) number++;
  book.next.set(interfaceName, number + 1);
  const label = `${interfaceName}:${number}`;
  return label.length <= LABEL_CHARACTERS_MAX ? label : undefined;
}

function describe(vip: InterfaceAddress): string {
  const label = vip.label === undefined ? '' : ` as ${vip.label}`;
  return `${vip.address}/${vip.prefixLength} on ${vip.interfaceName}${label}`;
}

function planAddress(
  state: AddressState,
  book: LabelBook,
  script: string,
  wanted: IpaddrArguments,
): InterfaceAddress | string {
  // Asked only where the word leaves it open: a hundred VIPs that say it need no hundred look-ups.
  const isOpen = wanted.interfaceName === undefined || wanted.prefixLength === undefined;
  const place = isOpen ? state.table.placeOf(wanted.address) : undefined;
  const interfaceName = wanted.interfaceName ?? place?.interfaceName;
  if (interfaceName === undefined) {
    const { address } = wanted;
    return `no interface is on a network with ${address}: name one, as in ${address}/24/eth0`;
  }
  const widest = wanted.family === 4 ? 32 : 128;
  const prefixLength = wanted.prefixLength ?? place?.prefixLength ?? widest;
  const label = chooseLabel(book, script, interfaceName, wanted);
  const broadcast =
    wanted.family === 6
      ? undefined
      : (wanted.broadcast ??
        (prefixLength < 31 ? broadcastOf(wanted.address, prefixLength) : undefined));
  return {
    family: wanted.family,
    address: wanted.address,
    prefixLength,
    interfaceName,
    ...(label === undefined ? {} : { label }),
    ...(broadcast === undefined ? {} : { broadcast }),
  };
}

/** What one start of several comes to: an address to have, or why it cannot be. */
type PlannedStart =
  | { readonly kind: 'refused'; readonly outcome: ResourceOutcome }
  | { readonly kind: 'add' | 'present'; readonly vip: InterfaceAddress };

function planStart(state: AddressState, book: LabelBook, resource: ResourceSpec): PlannedStart {
  const parsed = parseIpaddrArguments(resource.args);
  if (!parsed.ok) return { kind: 'refused', outcome: failed(6, parsed.detail) };
  const present = findInKernel(state, parsed.value);
  if (present !== undefined) return { kind: 'present', vip: present };
  const vip = planAddress(state, book, resource.script, parsed.value);
  if (typeof vip === 'string') return { kind: 'refused', outcome: failed(6, vip) };
  book.taken.add(vip.label);
  state.listed?.push(vip);
  return { kind: 'add', vip };
}

/**
 * Kernel and network first, words afterwards: clients wait for the announcements, and two lines
 * for each of a hundred addresses take longer than taking them.
 */
function startMany(
  state: AddressState,
  resources: readonly ResourceSpec[],
): readonly ResourceOutcome[] {
  const book = openLabelBook(state);
  const planned = resources.map((resource) => planStart(state, book, resource));
  const adding = planned.flatMap((each) => (each.kind === 'add' ? [each.vip] : []));
  const added = [...state.table.addMany(adding)];
  const texts: string[] = [];
  const taken: InterfaceAddress[] = [];
  const outcomes = planned.map((each, at): ResourceOutcome => {
    if (each.kind === 'refused') return each.outcome;
    const { vip } = each;
    const answer = each.kind === 'add' ? added.shift() : undefined;
    if (answer?.ok === false) {
      forget(state, vip);
      return failed(1, `cannot add ${describe(vip)}: ${answer.detail}`);
    }
    const resource = resources[at];
    if (resource !== undefined) state.held.set(resource.word, vip);
    taken.push(vip);
    const how = each.kind === 'add' ? 'added' : 'already there:';
    texts.push(`${resource?.script}: ${how} ${describe(vip)}`);
    return { kind: 'done' };
  });
  oweAnnouncements(state, taken, ANNOUNCEMENTS);
  for (const text of texts) state.log({ level: 'info', code: 'address-started', text });
  for (const vip of taken) sayAnnounced(state, vip, '');
  return outcomes;
}

function stop(
  state: AddressState,
  resource: ResourceSpec,
  wanted: IpaddrArguments,
): ResourceOutcome {
  // A stop must see what is there now: an address left behind would be served by two nodes.
  state.listedAt = Number.NEGATIVE_INFINITY;
  if (listing(state) === undefined) return failed(1, "the kernel's addresses cannot be read");
  const present = findInKernel(state, wanted);
  state.owed.delete(wanted.address);
  // With another prefix somebody may have added it once more, and all of them answer for it.
  const all = listing(state)?.filter((known) => present && isSamePlace(present, known)) ?? [];
  for (const each of all) {
    const removed = state.table.remove(each);
    if (!removed.ok) return failed(1, `cannot remove ${describe(each)}: ${removed.detail}`);
    const text = `${resource.script}: removed ${describe(each)}`;
    state.log({ level: 'info', code: 'address-stopped', text });
  }
  if (present !== undefined) forget(state, present);
  state.held.delete(resource.word);
  return { kind: 'done' };
}

function sayAnnounced(state: AddressState, vip: InterfaceAddress, why: string): void {
  const text = `Sending Gratuitous Arp for ${vip.address} on ${vip.interfaceName}${why}`;
  state.log({ level: 'info', code: 'address-announced', text });
}

/** Announces at once and plans the rest. */
function oweAnnouncements(
  state: AddressState,
  vips: readonly InterfaceAddress[],
  times: number,
): void {
  for (const vip of vips) {
    // One more never shortens a row that goes on.
    const left = Math.max(times, state.owed.get(vip.address)?.left ?? 0);
    state.owed.set(vip.address, { vip, left });
  }
  announce(state, new Set(vips.map((vip) => vip.address)));
  if (state.timer === undefined && state.owed.size > 0) {
    state.timer = setTimeout(() => announceOwed(state), ANNOUNCEMENT_SPACING_MS);
  }
}

function announce(state: AddressState, addresses: ReadonlySet<string>): void {
  const vips: InterfaceAddress[] = [];
  for (const address of addresses) {
    const owed = state.owed.get(address);
    if (owed === undefined) continue;
    owed.left--;
    if (owed.left <= 0) state.owed.delete(address);
    vips.push(owed.vip);
  }
  for (const [at, sent] of state.announcer.announceMany(vips).entries()) {
    const vip = vips[at];
    if (vip === undefined) continue;
    // An interface without hardware addresses has nobody to tell.
    if (!sent.ok && sent.code === 'unsupported') continue;
    if (sent.ok) {
      state.announced.set(vip.address, (state.announced.get(vip.address) ?? 0) + 1);
      continue;
    }
    const text = `cannot announce ${describe(vip)}: ${sent.detail}`;
    state.log({ level: 'WARN', code: 'announcement-failed', text });
  }
}

function announceOwed(state: AddressState): void {
  state.timer = undefined;
  announce(state, new Set(state.owed.keys()));
  if (state.owed.size > 0) {
    state.timer = setTimeout(() => announceOwed(state), ANNOUNCEMENT_SPACING_MS);
  }
}

/** Turns of the rehearsal: enough for what runs once for each of many addresses. */
const REHEARSAL_TURNS = 30;

/**
 * An address of our own, which is there already, is asked for and announced: the kernel answers
 * that it exists, and neighbours hear what they know.
 */
function rehearse(state: AddressState, resources: readonly ResourceSpec[]): void {
  const wanted = new Map<string, string | undefined>();
  const book = openLabelBook(state);
  for (const resource of resources) {
    const parsed = parseIpaddrArguments(resource.args);
    if (!parsed.ok) continue;
    wanted.set(parsed.value.address, parsed.value.interfaceName);
    planAddress(state, book, resource.script, parsed.value);
  }
  const interfaces = new Set(wanted.values());
  const own = (listing(state) ?? []).find(
    (known) =>
      known.family === 4 && interfaces.has(known.interfaceName) && !wanted.has(known.address),
  );
  if (own === undefined) return;
  for (let turn = 0; turn < REHEARSAL_TURNS; turn++) state.table.addMany([own]);
  state.announcer.announceMany([own]);
  describe(own);
}

export function createAddressResources(parts: AddressParts): AddressResources {
  const state: AddressState = {
    ...parts,
    held: new Map(),
    owed: new Map(),
    announced: new Map(),
    timer: undefined,
    listed: undefined,
    listedAt: Number.NEGATIVE_INFINITY,
  };
  return {
    run: (resource, verb) => {
      const parsed = parseIpaddrArguments(resource.args);
      if (!parsed.ok) return failed(6, parsed.detail);
      const wanted = parsed.value;
      if (verb === 'start') return startMany(state, [resource])[0] ?? failed(1, 'no outcome');
      if (verb === 'stop') return stop(state, resource, wanted);
      const present = findInKernel(state, wanted);
      if (present === undefined) return { kind: 'stopped' };
      // A predecessor of ours put it there: the engine goes on holding it.
      state.held.set(resource.word, present);
      return { kind: 'running' };
    },
    startMany: (resources) => startMany(state, resources),
    heldBy: (resource) => state.held.get(resource.word),
    held: () => state.held,
    announceOne: (address, times) => {
      const vips = [...state.held.values()].filter((vip) => vip.address === address);
      oweAnnouncements(state, vips, times);
      return vips.length > 0;
    },
    announceHeld: (reason, isQuiet, times = ANNOUNCEMENTS) => {
      const vips = [...state.held.values()];
      oweAnnouncements(state, vips, times);
      for (const vip of isQuiet ? [] : vips) sayAnnounced(state, vip, ` (${reason})`);
    },
    rehearse: (resources) =>
      rehearse(
        state,
        resources.filter((one) => isAddressScript(one.script)),
      ),
    announced: () => state.announced,
    close: () => {
      clearTimeout(state.timer);
      state.owed.clear();
    },
  };
}
