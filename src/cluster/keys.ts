// Which key signs, and what two Lubdub nodes tell each other about keys and files, so that a key
// is rolled on a live pair without a gap. heartbeat 3.0.6 judges a datagram by its own current key
// alone: beside such a peer we sign with the key that the peer signs with, as long as we have it.

import { type KeyRing, keyFingerprint } from '../auth/key-ring.js';
import { fieldText, type HaMessage, textField } from '../wire/ha-message.js';
import type { Agreement } from './cluster-status.js';
import { type Context, say } from './context.js';
import { sendMessage } from './egress.js';
import type { NodeRecord } from './node-table.js';

/** What a node said in its last `lubdub-facts`: only Lubdub sends them. */
export interface Facts {
  /** Fingerprints of its keys, by number. */
  readonly keys: ReadonlyMap<number, string>;
  /** Hash of what must be equal in ha.cf on both nodes. */
  readonly clusterHash: string;
  readonly resourcesHash: string;
}

export interface KeysState {
  /** As authkeys has it: its current key is the one that is to sign. */
  ring: KeyRing;
  /** The same with the key that does sign. */
  signing: KeyRing;
}

export const createKeys = (ring: KeyRing): KeysState => ({ ring, signing: ring });

/** Numbers are two digits, fingerprints eight: sixteen keys fit in less. */
const KEYS_TEXT_MAX = 16 * 12;
const HASH_TEXT_MAX = 64;

function keysText(ring: KeyRing): string {
  const numbers = [...ring.keys.keys()].sort((a, b) => a - b);
  return numbers.map((number) => `${number}:${keyFingerprint(ring, number)}`).join(' ');
}

/** Told when a node is heard or came anew, and when our keys changed; lost ones are asked for. */
export function sendFacts(ctx: Context): void {
  sendMessage(ctx, [
    textField('t', 'lubdub-facts'),
    textField('keys', keysText(ctx.keys.ring)),
    textField('hacf', ctx.config.clusterHash ?? ''),
    textField('hares', ctx.config.resourcesHash ?? ''),
  ]);
}

/** True when nothing was known of that node before: it came anew, or we did. */
export function takeFacts(ctx: Context, node: NodeRecord, message: HaMessage): boolean {
  const text = (fieldText(message, 'keys') ?? '').slice(0, KEYS_TEXT_MAX);
  const pairs = [...text.matchAll(/(\d{1,2}):([0-9a-f]{1,8})(?= |$)/g)];
  const hash = (name: string): string => (fieldText(message, name) ?? '').slice(0, HASH_TEXT_MAX);
  const isNews = node.facts === undefined;
  node.facts = {
    keys: new Map(pairs.map(([, number, print]) => [Number(number), print ?? ''])),
    clusterHash: hash('hacf'),
    resourcesHash: hash('hares'),
  };
  chooseSigningKey(ctx);
  // It may not have heard ours.
  if (isNews) sendFacts(ctx);
  return isNews;
}

/** A status of the node was good under this key of ours. */
export function noteKeyOf(ctx: Context, node: NodeRecord, number: number): void {
  if (node.keyUsed === number) return;
  node.keyUsed = number;
  if (node === ctx.peer) chooseSigningKey(ctx);
}

/** New keys from authkeys. What was signed before is signed anew if it has to be sent again. */
export function changeKeys(ctx: Context, ring: KeyRing): void {
  ctx.keys.ring = ring;
  ctx.keys.signing = ring;
  say(ctx, 'info', 'keys-reread', 'Rereading authentication file.');
  for (const node of ctx.nodes.values()) {
    if (node.keyUsed !== undefined && !ring.keys.has(node.keyUsed)) node.keyUsed = undefined;
  }
  chooseSigningKey(ctx);
  sendFacts(ctx);
}

const sharedKeys = ({ keys: { ring } }: Context, facts: Facts): readonly number[] =>
  [...ring.keys.keys()].filter((n) => facts.keys.get(n) === keyFingerprint(ring, n));

/** The keys of ours that the peer takes; undefined while nothing is known of it. */
function keysOfPeer(ctx: Context, peer: NodeRecord): readonly number[] | undefined {
  const { facts, keyUsed } = peer;
  if (facts === undefined) return keyUsed === undefined ? undefined : [keyUsed];
  const shared = [...sharedKeys(ctx, facts)];
  // What it signs with comes first among those that will do.
  return shared.sort((a, b) => Number(b === keyUsed) - Number(a === keyUsed));
}

export function agreementWith(ctx: Context, node: NodeRecord): Agreement | undefined {
  const { facts } = node;
  if (facts === undefined) return undefined;
  return {
    isClusterSame: facts.clusterHash === (ctx.config.clusterHash ?? ''),
    areResourcesSame: facts.resourcesHash === (ctx.config.resourcesHash ?? ''),
    sharedKeys: sharedKeys(ctx, facts),
  };
}

function chooseSigningKey(ctx: Context): void {
  const { keys, peer } = ctx;
  const wanted = keys.ring.current;
  const taken = peer && keysOfPeer(ctx, peer);
  const number = taken === undefined || taken.includes(wanted) ? wanted : (taken[0] ?? wanted);
  if (number === keys.signing.current) return;
  keys.signing = { ...keys.ring, current: number };
  const why = number === wanted ? 'as authkeys says' : `until node ${peer?.name} has key ${wanted}`;
  say(ctx, 'notice', 'key-signs', `key ${number} signs our messages, ${why}`);
}
