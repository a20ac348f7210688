// Operators' words around the engine: the file that keeps them, and the heartbeat daemon beside us
// that carries them to the director of the same configuration on the other node. Neither holds up
// the director: what cannot be told now is told when the other node is heard again.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DirectorConfig } from '../config/director-config.js';
import type { AdministrationOrder } from '../director/administration.js';
import {
  ADMINISTERED_WEIGHT_MAX,
  type AdministrationEntry,
  cleanText,
  NAME_CHARS_MAX,
  REASON_CHARS_MAX,
  readEntries,
} from '../director/administration-entry.js';
import { configMeaning } from '../director/config-meaning.js';
import { askControl, type JsonObject, type JsonValue } from '../runtime/control-socket.js';
import { writeAdministration } from './administration-file.js';
import type { Instance } from './instance.js';

/** Heartbeat answers from memory. */
const HEARTBEAT_WAIT_MS = 3000;
const DIGEST_DIGITS = 12;
const SERVERS_MAX = 16;

/** What the other director said of itself last. */
export interface PeerDirector {
  readonly node: string;
  readonly configHash: string;
  readonly digest: string;
  readonly heardAtWallMs: number;
}

export interface AdministrationKeeping {
  /** Writes all and tells the other director the news. Resolves with what became of the latter. */
  take(entries: readonly AdministrationEntry[], news: readonly AdministrationEntry[]): void;
  /** When what was taken is on disk and told: in words for the operator. */
  done(): Promise<string>;
  /** Tells the other director everything. */
  share(isReply?: boolean): Promise<string>;
  /** Words of the other director; returns those that are good. */
  hear(question: JsonObject): readonly AdministrationEntry[];
  /** After the engine took what was heard: answers if we know what the other does not. */
  answer(question: JsonObject): void;
  configure(configHash: string): void;
  peer(): PeerDirector | undefined;
  configHash(): string;
  isSameAsPeer(): boolean | undefined;
}

export interface KeepingFace {
  /** The file could not be written. */
  failed(text: string): void;
  wallMs(): number;
}

const hashText = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);

/** Equal on two directors whose files mean the same; where they log may differ. */
export function configHashOf(config: DirectorConfig): string {
  const meaning = JSON.stringify(configMeaning(config), (name, value: unknown) =>
    name === 'logfile' ? undefined : value,
  );
  return hashText(meaning);
}

const digestOf = (entries: readonly AdministrationEntry[]): string =>
  hashText(JSON.stringify(entries));

const textOf = (value: JsonValue | undefined, most: number): string =>
  typeof value === 'string' ? cleanText(value, most) : '';

const numberOf = (value: JsonValue | undefined, most: number): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
    ? value
    : undefined;

const ORDERS = ['drain', 'disable', 'enable', 'weight'] as const;

/** An operator's question as an order; a text when it is none. */
export function orderOf(question: JsonObject, node: string): AdministrationOrder | string {
  const state = ORDERS.find((each) => each === question.state);
  if (state === undefined) return `state must be one of ${ORDERS.join(', ')}`;
  const given = Array.isArray(question.servers) ? question.servers : [];
  const servers = given
    .slice(0, SERVERS_MAX)
    .flatMap((each: JsonValue) => textOf(each, NAME_CHARS_MAX) || []);
  if (servers.length === 0) return 'no real server is named';
  const weight = state === 'weight' ? numberOf(question.weight, ADMINISTERED_WEIGHT_MAX) : 0;
  if (weight === undefined) return `the weight must be 0 to ${ADMINISTERED_WEIGHT_MAX}`;
  const timeoutMs = numberOf(question.timeoutMs ?? 0, Number.MAX_SAFE_INTEGER);
  if (timeoutMs === undefined) return 'the timeout must be a time';
  return {
    state,
    servers,
    service: textOf(question.service, NAME_CHARS_MAX),
    weight,
    timeoutMs,
    by: textOf(question.by, NAME_CHARS_MAX) || 'unknown',
    reason: textOf(question.reason, REASON_CHARS_MAX),
    node: cleanText(node, NAME_CHARS_MAX),
  };
}

/** One file at a time; a burst of changes ends in one more. */
function createWriter(
  path: string,
  entries: () => readonly AdministrationEntry[],
  face: KeepingFace,
): { begin(): void; end(): Promise<void> } {
  let isStale = false;
  let writing: Promise<void> | undefined;
  const writeAll = async (): Promise<void> => {
    while (isStale) {
      isStale = false;
      const trouble = await writeAdministration(path, entries());
      if (trouble !== undefined) face.failed(`${path}: ${trouble}`);
    }
    writing = undefined;
  };
  return {
    begin: () => {
      isStale = true;
      writing ??= writeAll();
    },
    end: async () => writing,
  };
}

export function createAdministrationKeeping(
  instance: Instance,
  first: readonly AdministrationEntry[],
  face: KeepingFace,
): AdministrationKeeping {
  const socket = join(instance.places.runDir, 'heartbeat.sock');
  let entries = first;
  let configHash = '';
  let peer: PeerDirector | undefined;
  let telling: Promise<string> = Promise.resolve('');
  const write = createWriter(instance.administrationFile, () => entries, face);
  const tell = async (some: readonly AdministrationEntry[], isReply: boolean): Promise<string> => {
    const question = {
      command: 'share-administration',
      instance: instance.name,
      entries: some.map((entry) => ({ ...entry })),
      digest: digestOf(entries),
      configHash,
      isReply,
    };
    const answer = await askControl(socket, question, HEARTBEAT_WAIT_MS);
    if (!answer.ok) return 'no heartbeat runs here: no other director is told';
    return String(answer.value.text ?? answer.value.error);
  };
  return {
    take: (all, news) => {
      entries = all;
      write.begin();
      if (news.length > 0) telling = tell(news, false);
    },
    done: async () => {
      await write.end();
      return telling;
    },
    share: (isReply = false) => tell(entries, isReply),
    hear: (question) => {
      peer = {
        node: textOf(question.node, NAME_CHARS_MAX),
        configHash: textOf(question.configHash, NAME_CHARS_MAX),
        digest: textOf(question.digest, NAME_CHARS_MAX) || (peer?.digest ?? ''),
        heardAtWallMs: face.wallMs(),
      };
      return readEntries(question.entries);
    },
    answer: (question) => {
      // Only the last part of what the other said carries the digest of all.
      const digest = textOf(question.digest, NAME_CHARS_MAX);
      if (digest === '' || question.isReply === true || digest === digestOf(entries)) return;
      telling = tell(entries, true);
    },
    configure: (hash) => {
      configHash = hash;
    },
    peer: () => peer,
    configHash: () => configHash,
    isSameAsPeer: () => peer && peer.configHash === configHash,
  };
}
