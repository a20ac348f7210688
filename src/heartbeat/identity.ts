// Who this node is across starts: its generation, which must grow with every start or peers take
// its messages for a replay, and its uuid. File forms as heartbeat 3.0.6 has them, so that a node
// can change programs without its peers noticing.

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesEqual } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';

export interface Identity {
  /** Of this start; already on disk. */
  readonly generation: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /** What happened that the log should say; empty in the ordinary case. */
  readonly remarks: readonly string[];
}

/** Where heartbeat 3.0.6 keeps its own: a generation there must be exceeded, a uuid kept. */
const ORIGINAL_STATE_DIR = '/var/lib/heartbeat';
const GENERATION_FILE = 'hb_generation';
const UUID_FILE = 'hb_uuid';
const UUID_BYTES = 16;
/** The wire carries it as 32 bits of hexadecimal. */
const GENERATION_MAX = 0xffff_ffff;

async function readGeneration(folder: string): Promise<number | undefined> {
  try {
    const text = await readFile(join(folder, GENERATION_FILE), 'latin1');
    const match = /^\s*(\d{1,15})\s*$/.exec(text);
    const value = match === null ? Number.NaN : Number(match[1]);
    return value >= 0 && value < GENERATION_MAX ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readUuid(folder: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(join(folder, UUID_FILE));
    return bytes.length === UUID_BYTES ? new Uint8Array(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The same at every start, for nodes whose disk does not last. 3.0.6 draws it from the C library's
 * random numbers; ours is another, which no peer can tell (RFC 9562 section 5.8 for its form).
 */
export function uuidOfName(name: string): Uint8Array {
  const digest = createHash('sha256').update(`lubdub uuid of node ${name}`).digest();
  const uuid = new Uint8Array(digest.subarray(0, UUID_BYTES));
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
}

/** Whole and on disk before it is believed: written beside, synced, renamed. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

/** Whoever goes back to 3.0.6 must not be taken for a replay of its own past. */
async function keepInStep(folder: string, text: string): Promise<readonly string[]> {
  try {
    await writeDurably(join(folder, GENERATION_FILE), Buffer.from(text, 'latin1'));
    return [];
  } catch (cause) {
    return [`${folder}/${GENERATION_FILE} of heartbeat 3.0.6 stays behind ours: ${String(cause)}`];
  }
}

/**
 * Reads the identity of this node, increases its generation and writes it before anything is
 * sent. Without a readable generation it starts at the wall clock's seconds + 1, as 3.0.6 does;
 * with `hbgenmethod time` it is the wall clock's seconds, but never a number used before. With
 * `uuidName` (`uuidfrom nodename`) the uuid is made from that name, and no file of one is needed.
 * Where 3.0.6 has left its generation, it is kept in step, so that the way back is open.
 */
export async function takeIdentity(
  stateDir: string,
  wallSeconds: number,
  method: 'file' | 'time',
  uuidName?: string,
  originalStateDir: string = ORIGINAL_STATE_DIR,
): Promise<Result<Identity, 'not-writable'>> {
  const remarks: string[] = [];
  const own = await readGeneration(stateDir);
  const original = await readGeneration(originalStateDir);
  const known = Math.max(own ?? -1, original ?? -1);
  const clock = Math.floor(wallSeconds) + 1;
  const next = known < 0 ? clock : known + 1;
  const generation = method === 'time' ? Math.max(clock, next) : next;
  if (known < 0) remarks.push(`No Previous generation - starting at ${generation}`);
  let uuid =
    uuidName === undefined
      ? ((await readUuid(stateDir)) ?? (await readUuid(originalStateDir)))
      : uuidOfName(uuidName);
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o750 });
    if (uuid === undefined) {
      remarks.push('No uuid found for current node - generating a new uuid.');
      uuid = new Uint8Array(randomBytes(UUID_BYTES));
    }
    const kept = await readUuid(stateDir);
    // The keeper reads the file to speak for this node, wherever the uuid comes from.
    if (kept === undefined || !bytesEqual(kept, uuid))
      await writeDurably(join(stateDir, UUID_FILE), uuid);
    const text = `${String(generation).padStart(15)}\n`;
    await writeDurably(join(stateDir, GENERATION_FILE), Buffer.from(text, 'latin1'));
    if (original !== undefined) remarks.push(...(await keepInStep(originalStateDir, text)));
  } catch (cause) {
    return failure('not-writable', `${stateDir}: ${String(cause)}`);
  }
  return ok({ generation, uuid, remarks });
}

/** The generation of the last start, for the keeper's hand-over; undefined when unreadable. */
export const lastGeneration = (stateDir: string): Promise<number | undefined> =>
  readGeneration(stateDir);

export const readIdentityUuid = (stateDir: string): Promise<Uint8Array | undefined> =>
  readUuid(stateDir);
