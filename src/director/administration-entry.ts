// What operators have said about real servers, as a set that two directors can merge: the order of
// arrival does not matter, and nothing that comes from a file or from the peer is trusted.
//
// The rule: of all words that are about a real server the one with the highest revision holds. A
// revision is one more than the highest known where the command was given, so that whoever has
// seen a word outbids it, whatever the clocks say. Of two given in one moment on both directors an
// operator's word beats the end of a drain, then the later wall clock wins, then the node's name.

/** `drained`: a drain that is over; the real server stays out until somebody says `enable`. */
export type AdministrationState = 'drain' | 'drained' | 'disable' | 'enable' | 'weight';

export interface AdministrationEntry {
  /** `10.0.0.2:80`, or `10.0.0.2` for all its ports; IPv6 in brackets. */
  readonly server: string;
  /** The key of one virtual service, `tcp 10.0.0.1:80`; empty: all of them. */
  readonly service: string;
  readonly state: AdministrationState;
  /** Of `weight` alone, else 0. */
  readonly weight: number;
  /** Wall clock in milliseconds when a drain ends whatever is left; 0: when the last has gone. */
  readonly until: number;
  readonly by: string;
  /** Wall clock in milliseconds; shown, and the last but one resort between equal revisions. */
  readonly at: number;
  readonly reason: string;
  readonly revision: number;
  /** The director where it was said. */
  readonly node: string;
}

/** Words of operators about real servers: one each for a rack, not a database. */
export const ENTRIES_MAX = 256;
/** The kernel takes a weight of 0 to 65535 (ip_vs.h). */
export const ADMINISTERED_WEIGHT_MAX = 65_535;
export const REASON_CHARS_MAX = 200;
export const NAME_CHARS_MAX = 64;
/** One a second for thirty thousand years; a larger one is nobody's honest count. */
const REVISION_MAX = 1e12;
/** The year 5138; JSON knows no dates. */
const WALL_MAX = 1e14;

const STATES: ReadonlySet<string> = new Set(['drain', 'drained', 'disable', 'enable', 'weight']);

const isState = (value: unknown): value is AdministrationState =>
  typeof value === 'string' && STATES.has(value);

const isCount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;

/** Printable and on one line: it goes into logs and onto terminals. */
export const cleanText = (text: string, most: number): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, most);

const isClean = (value: unknown, most: number): value is string =>
  typeof value === 'string' && cleanText(value, most) === value;

/** Undefined for everything that this program would not have written itself. */
export function readEntry(value: unknown): AdministrationEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Partial<Record<keyof AdministrationEntry, unknown>>;
  const { server, service, state, weight, until, by, at, reason, revision, node } = given;
  if (!isClean(server, NAME_CHARS_MAX) || server === '') return undefined;
  if (!isClean(service, NAME_CHARS_MAX) || !isState(state)) return undefined;
  if (!isCount(weight, ADMINISTERED_WEIGHT_MAX) || !isCount(until, WALL_MAX)) return undefined;
  if (!isClean(by, NAME_CHARS_MAX) || !isCount(at, WALL_MAX)) return undefined;
  if (!isClean(reason, REASON_CHARS_MAX) || !isCount(revision, REVISION_MAX)) return undefined;
  if (!isClean(node, NAME_CHARS_MAX)) return undefined;
  return { server, service, state, weight, until, by, at, reason, revision, node };
}

/** Those that are good, of a list from outside. */
export function readEntries(value: unknown): readonly AdministrationEntry[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, ENTRIES_MAX).flatMap((each: unknown) => readEntry(each) ?? []);
}

const entryKey = (entry: AdministrationEntry): string => `${entry.service} ${entry.server}`;

const rank = (entry: AdministrationEntry): number => (entry.state === 'drained' ? 0 : 1);

/** Positive when `a` is the later word. */
export function compareEntries(a: AdministrationEntry, b: AdministrationEntry): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a.at !== b.at) return a.at - b.at;
  const [left, right] = [JSON.stringify([a.node, a]), JSON.stringify([b.node, b])];
  return left === right ? 0 : left > right ? 1 : -1;
}

/** `10.0.0.2` of `10.0.0.2:80`; brackets keep the colons of IPv6 apart. */
const addressOf = (server: string): string =>
  server.startsWith('[') ? server.replace(/\]:\d+$/, ']') : server.replace(/:\d+$/, '');

export const concerns = (entry: AdministrationEntry, server: string, service: string): boolean =>
  (entry.service === '' || entry.service === service) &&
  (entry.server === server || entry.server === addressOf(server));

const covers = (wide: AdministrationEntry, narrow: AdministrationEntry): boolean =>
  concerns(wide, narrow.server, narrow.service);

/**
 * Both sets as one: the later of two words about the same, and none that a later and wider word
 * has overtaken. Merging in any order, and again, gives the same. When there are too many, the
 * oldest `enable` go first, then the oldest of all.
 */
export function mergeEntries(
  mine: readonly AdministrationEntry[],
  others: readonly AdministrationEntry[],
): readonly AdministrationEntry[] {
  const byKey = new Map<string, AdministrationEntry>();
  for (const entry of [...mine, ...others]) {
    const known = byKey.get(entryKey(entry));
    if (known === undefined || compareEntries(entry, known) > 0) byKey.set(entryKey(entry), entry);
  }
  const all = [...byKey.values()];
  const kept = all.filter(
    (entry) => !all.some((other) => covers(other, entry) && compareEntries(other, entry) > 0),
  );
  const isDone = (entry: AdministrationEntry): number => (entry.state === 'enable' ? 1 : 0);
  kept.sort((a, b) => isDone(a) - isDone(b) || compareEntries(b, a));
  const some = kept.slice(0, ENTRIES_MAX);
  return some.sort((a, b) => (entryKey(a) < entryKey(b) ? -1 : 1));
}

export const nextRevision = (entries: readonly AdministrationEntry[]): number =>
  entries.reduce((most, { revision }) => Math.max(most, revision), 0) + 1;

/** The word that holds for one real server of one virtual service. */
export function governing(
  entries: readonly AdministrationEntry[],
  server: string,
  service: string,
): AdministrationEntry | undefined {
  let last: AdministrationEntry | undefined;
  for (const entry of entries) {
    if (!concerns(entry, server, service)) continue;
    if (last === undefined || compareEntries(entry, last) > 0) last = entry;
  }
  return last;
}

const VERBS: Readonly<Record<AdministrationState, string>> = {
  drain: 'drained',
  drained: 'drained and out',
  disable: 'disabled',
  enable: 'enabled',
  weight: 'weight set',
};

/** `disabled by root@a: new kernel`, for log lines. */
export function entryText(entry: AdministrationEntry): string {
  const reason = entry.reason === '' ? '' : `: ${entry.reason}`;
  return `${VERBS[entry.state]} by ${entry.by}${reason}`;
}
