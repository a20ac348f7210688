// The built-in IPaddr and IPaddr2: a VIP as an alias of an interface, announced to the segment.
// All of it is a few synchronous kernel calls of some 20 microseconds; nothing is spawned.

import type { LogLine } from '../base/log-line.js';
import { type IpaddrArguments, parseIpaddrArguments } from '../config/ipaddr-arguments.js';
import type { ResourceSpec } from '../config/resource-group.js';
import { isAddressScript } from '../config/resource-kind.js';
import type { AddressVerb, ResourceOutcome } from '../config/resource-order.js';
import type { AddressTable, InterfaceAddress } from '../kernel/addresses.js';
import type { Announcer } from '../kernel/announcer.js';
import { monotonicMs } from '../runtime/clock.js';
import { isSamePlace } from './address-place.js';
import { describe, type LabelBook, openLabelBook, planAddress } from './address-plan.js';

/** Announcements of a VIP after it was taken, and their distance (IPaddr2's defaults). */
export const ANNOUNCEMENTS = 5;
const ANNOUNCEMENT_SPACING_MS = 200;
/** Later than this, one more spacing is waited for: see where it is used. */
const ANNOUNCEMENT_LATE_MS = 500;
/**
 * A hundred VIPs are taken one after the other, and a dump of all addresses for each would cost
 * more than the taking. `add` itself is judged by the kernel's answer, never by this listing.
 */
const LISTING_AGE_MS = 1000;

export interface AddressResources {
  /** One request to the kernel and one burst of announcements for all. */
  run(resources: readonly ResourceSpec[], verb: AddressVerb): AddressesRan;
  heldBy(resource: ResourceSpec): InterfaceAddress | undefined;
  /** By resource word, but for what is in place while the other node announces it. */
  held(): ReadonlyMap<string, InterfaceAddress>;
  /** As it would be taken by a start now; undefined when it is in the kernel or cannot be taken. */
  toBeTaken(resource: ResourceSpec): InterfaceAddress | undefined;
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

export interface AddressesRan {
  /** One for each resource, in their order. */
  readonly outcomes: readonly ResourceOutcome[];
  /**
   * Writes what was done to the log. Clients wait for what follows from the outcomes, and two lines
   * for each of a hundred addresses take longer than taking them.
   */
  say(): void;
}

export interface AddressParts {
  readonly table: AddressTable;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
}

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
  /** Words of addresses that are in place while the other node announces them. */
  readonly muted: Set<string>;
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

/** What one start of several comes to: an address to have, or why it cannot be. */
type PlannedStart =
  | { readonly kind: 'refused'; readonly outcome: ResourceOutcome }
  | { readonly kind: 'add' | 'present'; readonly vip: InterfaceAddress };

function planStart(state: AddressState, book: LabelBook, resource: ResourceSpec): PlannedStart {
  const parsed = parseIpaddrArguments(resource.args);
  if (!parsed.ok) return { kind: 'refused', outcome: failed(6, parsed.detail) };
  const present = findInKernel(state, parsed.value);
  if (present !== undefined) return { kind: 'present', vip: present };
  const vip = planAddress(state.table, book, resource.script, parsed.value);
  if (typeof vip === 'string') return { kind: 'refused', outcome: failed(6, vip) };
  book.taken.add(vip.label);
  state.listed?.push(vip);
  return { kind: 'add', vip };
}

const nothingToSay = (): void => undefined;

/** Kernel and network first, words afterwards. */
function start(
  state: AddressState,
  resources: readonly ResourceSpec[],
  isAnnounced: boolean,
): AddressesRan {
  const book = openLabelBook(listing(state) ?? []);
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
    if (resource !== undefined) noteHeld(state, resource, vip, isAnnounced);
    taken.push(vip);
    const how = each.kind === 'add' ? 'added' : 'already there:';
    texts.push(`${resource?.script}: ${how} ${describe(vip)}`);
    return { kind: 'done' };
  });
  if (isAnnounced) oweAnnouncements(state, taken, ANNOUNCEMENTS);
  const say = (): void => {
    for (const text of texts) state.log({ level: 'info', code: 'address-started', text });
    for (const vip of isAnnounced ? taken : []) sayAnnounced(state, vip, '');
  };
  return { outcomes, say };
}

function noteHeld(
  state: AddressState,
  resource: ResourceSpec,
  vip: InterfaceAddress,
  isAnnounced: boolean,
): void {
  state.held.set(resource.word, vip);
  if (isAnnounced) state.muted.delete(resource.word);
  else state.muted.add(resource.word);
}

function stop(state: AddressState, resources: readonly ResourceSpec[]): AddressesRan {
  // A stop must see what is there now: an address left behind would be served by two nodes.
  state.listedAt = Number.NEGATIVE_INFINITY;
  const isReadable = listing(state) !== undefined;
  // With another prefix somebody may have added it once more, and all of them answer for it.
  const present = resources.map((resource) => {
    const parsed = parseIpaddrArguments(resource.args);
    if (!parsed.ok) return [];
    state.owed.delete(parsed.value.address);
    const vip = findInKernel(state, parsed.value);
    return listing(state)?.filter((known) => vip && isSamePlace(vip, known)) ?? [];
  });
  const removed = [...state.table.removeMany(present.flat())];
  const texts: string[] = [];
  const outcomes = resources.map((resource, at): ResourceOutcome => {
    if (!isReadable) return failed(1, "the kernel's addresses cannot be read");
    let refused: ResourceOutcome | undefined;
    for (const vip of present[at] ?? []) {
      const answer = removed.shift();
      if (answer?.ok === true) {
        forget(state, vip);
        texts.push(`${resource.script}: removed ${describe(vip)}`);
      } else refused = failed(1, `cannot remove ${describe(vip)}: ${answer?.detail ?? ''}`);
    }
    if (refused !== undefined) return refused;
    state.held.delete(resource.word);
    state.muted.delete(resource.word);
    return { kind: 'done' };
  });
  const say = (): void => {
    for (const text of texts) state.log({ level: 'info', code: 'address-stopped', text });
  };
  return { outcomes, say };
}

function statusOf(state: AddressState, resource: ResourceSpec): ResourceOutcome {
  const parsed = parseIpaddrArguments(resource.args);
  if (!parsed.ok) return failed(6, parsed.detail);
  const present = findInKernel(state, parsed.value);
  if (present === undefined) return { kind: 'stopped' };
  // A predecessor of ours put it there: the engine goes on holding it.
  state.held.set(resource.word, present);
  return { kind: 'running' };
}

/** What is held but for what the other node announces. */
function announcedOnes(state: AddressState): ReadonlyMap<string, InterfaceAddress> {
  if (state.muted.size === 0) return state.held;
  return new Map([...state.held].filter(([word]) => !state.muted.has(word)));
}

/** The other node is about to announce them, and ours must not speak against it. */
function mute(state: AddressState, resources: readonly ResourceSpec[]): AddressesRan {
  for (const { word } of resources) {
    state.muted.add(word);
    const vip = state.held.get(word);
    if (vip !== undefined) state.owed.delete(vip.address);
  }
  return { outcomes: resources.map(() => ({ kind: 'done' })), say: nothingToSay };
}

function run(
  state: AddressState,
  resources: readonly ResourceSpec[],
  verb: AddressVerb,
): AddressesRan {
  switch (verb) {
    case 'start':
    case 'prepare':
      return start(state, resources, verb === 'start');
    case 'stop':
      return stop(state, resources);
    case 'mute':
      return mute(state, resources);
    case 'status': {
      const outcomes = resources.map((resource) => statusOf(state, resource));
      return { outcomes, say: nothingToSay };
    }
  }
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
  if (state.timer === undefined && state.owed.size > 0) announceLater(state, false);
}

function announceLater(state: AddressState, isSecondTry: boolean): void {
  const dueAt = monotonicMs() + ANNOUNCEMENT_SPACING_MS;
  const run = (): void => {
    // Who was away may no longer have the right to it, and is about to be told.
    const isLate = !isSecondTry && monotonicMs() - dueAt > ANNOUNCEMENT_LATE_MS;
    if (isLate) announceLater(state, true);
    else announceOwed(state);
  };
  state.timer = setTimeout(run, ANNOUNCEMENT_SPACING_MS);
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
  if (state.owed.size > 0) announceLater(state, false);
}

/** Without a label, which is chosen when the address is taken. */
function toBeTaken(state: AddressState, resource: ResourceSpec): InterfaceAddress | undefined {
  const parsed = parseIpaddrArguments(resource.args);
  if (!parsed.ok || findInKernel(state, parsed.value) !== undefined) return undefined;
  const unlabelled: LabelBook = { taken: new Set(), next: new Map() };
  const vip = planAddress(state.table, unlabelled, 'IPaddr2', parsed.value);
  return typeof vip === 'string' ? undefined : vip;
}

/** Turns of the rehearsal: enough for what runs once for each of many addresses. */
const REHEARSAL_TURNS = 30;

/**
 * An address of our own, which is there already, is asked for and announced: the kernel answers
 * that it exists, and neighbours hear what they know.
 */
function rehearse(state: AddressState, resources: readonly ResourceSpec[]): void {
  const wanted = new Map<string, string | undefined>();
  const book = openLabelBook(listing(state) ?? []);
  for (const resource of resources) {
    const parsed = parseIpaddrArguments(resource.args);
    if (!parsed.ok) continue;
    wanted.set(parsed.value.address, parsed.value.interfaceName);
    planAddress(state.table, book, resource.script, parsed.value);
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
    muted: new Set(),
    timer: undefined,
    listed: undefined,
    listedAt: Number.NEGATIVE_INFINITY,
  };
  return {
    run: (resources, verb) => run(state, resources, verb),
    heldBy: (resource) => state.held.get(resource.word),
    held: () => announcedOnes(state),
    toBeTaken: (resource) => toBeTaken(state, resource),
    announceOne: (address, times) => {
      const vips = [...announcedOnes(state).values()].filter((vip) => vip.address === address);
      oweAnnouncements(state, vips, times);
      return vips.length > 0;
    },
    announceHeld: (reason, isQuiet, times = ANNOUNCEMENTS) => {
      const vips = [...announcedOnes(state).values()];
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
