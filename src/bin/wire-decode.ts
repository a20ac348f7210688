// `lubdub wire decode`: captured heartbeat messages, base64 or hex, one a line, printed with their
// fields and the verdict on their signatures. It never sends anything and needs no rights but to
// read the key file.

import { type Inspection, inspectMessage } from '../auth/inspection.js';
import { createKeyRing, type KeyRing } from '../auth/key-ring.js';
import { base64ToBytes, bytesToBase64, bytesToHex, hexToBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { parseAuthKeys } from '../config/auth-keys.js';
import { describeDiagnostics } from '../config/diagnostic.js';
import { nodeCompressor } from '../runtime/compressor.js';
import { nodeHmac } from '../runtime/hmac.js';
import { readConfigFile } from '../runtime/load-files.js';
import { messageBytesMax } from '../wire/frame.js';
import type { HaField, HaMessage } from '../wire/ha-message.js';

export interface WireDecodeOptions {
  readonly authkeysPath: string;
  /** One object a line instead of text for people. */
  readonly json: boolean;
  readonly input: NodeJS.ReadableStream;
  readonly write: (text: string) => void;
  /** Where faults of the key file go; default `write`. */
  readonly writeError?: (text: string) => void;
}

/** The longest line: a message of the largest size in hex. */
const LINE_LENGTH_MAX = 2 * messageBytesMax;

/**
 * 0 when all lines were read, whatever the verdicts; 2 when the key file is invalid, 3 when it
 * cannot be read. The permission bits of the key file are not judged: nothing is signed here.
 */
export async function runWireDecode(options: WireDecodeOptions): Promise<number> {
  const writeError = options.writeError ?? options.write;
  const { text, diagnostics } = await readConfigFile(options.authkeysPath, 'latin1');
  if (text === undefined) {
    writeError(`${describeDiagnostics(diagnostics)}\n`);
    return 3;
  }
  const parsed = parseAuthKeys(text, options.authkeysPath, undefined);
  const keys = parsed.config;
  const ring = keys && createKeyRing(keys.current, keys.keys, nodeHmac);
  if (ring === undefined) {
    writeError(`${describeDiagnostics(parsed.diagnostics)}\n`);
    return 2;
  }
  let number = 0;
  for await (const line of linesOf(options.input)) {
    if (line.trim() === '') continue;
    number += 1;
    options.write(options.json ? jsonLine(line, ring) : textBlock(number, line, ring));
  }
  return 0;
}

/** Lines of the input; one that is too long is cut just above the limit, to be refused. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  let held = '';
  for await (const chunk of input) {
    const pieces = (held + String(chunk)).split('\n');
    held = (pieces.pop() ?? '').slice(0, LINE_LENGTH_MAX + 1);
    yield* pieces;
  }
  yield held;
}

type LineCode = 'not-encoded' | 'too-long';

/** Digits alone are hex: base64 of a frame never is, its first letters are `I` or `P`. */
function bytesOfLine(line: string): Result<Uint8Array, LineCode> {
  const text = line.trim();
  if (text.length > LINE_LENGTH_MAX) return failure('too-long', `${text.length} characters`);
  const bare = text.replace(/=+$/, '');
  const padded = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  const bytes = hexToBytes(text) ?? base64ToBytes(padded);
  return bytes === undefined ? failure('not-encoded', 'neither hex nor base64') : ok(bytes);
}

const shownValue = (field: HaField): string =>
  field.type === 0 ? field.text : bytesToHex(field.bytes);

function jsonLine(line: string, ring: KeyRing): string {
  const bytes = bytesOfLine(line);
  if (!bytes.ok) {
    const auth = { inner: 'absent', outer: 'absent' };
    const refused = { ok: false, code: bytes.code, frame: null, fields: {}, auth, reencoded: null };
    return `${JSON.stringify(refused)}\n`;
  }
  const seen = inspectMessage(bytes.value, ring, nodeCompressor);
  // Of equal names the first counts, as everywhere.
  const pairs = seen.message.fields.map((field) => [field.name, shownValue(field)]).reverse();
  const names = new Set(seen.message.fields.map((field) => field.name));
  const fields: Record<string, unknown> = Object.fromEntries(pairs);
  const ordered = Object.fromEntries([...names].map((name) => [name, fields[name]]));
  const shown = {
    ok: seen.code === undefined,
    code: seen.code ?? null,
    frame: seen.frame ?? null,
    fields: ordered,
    auth: { inner: seen.inner, outer: seen.outer },
    reencoded: seen.rebuilt === undefined ? null : bytesToBase64(seen.rebuilt),
    ...(seen.unpacked === undefined
      ? {}
      : { unpacked: seen.unpacked.fields.map((each) => [each.name, each.type, shownValue(each)]) }),
  };
  return `${JSON.stringify(shown)}\n`;
}

function fieldRows({ fields }: HaMessage): string {
  const width = Math.min(20, Math.max(0, ...fields.map((field) => field.name.length)));
  const rows = fields.map((field) => {
    const type = field.type === 0 ? '   ' : `(${field.type})`;
    return `  ${printable(field.name).padEnd(width)} ${type} ${printable(shownValue(field))}\n`;
  });
  return rows.join('');
}

function textBlock(number: number, line: string, ring: KeyRing): string {
  const bytes = bytesOfLine(line);
  if (!bytes.ok) return `message ${number}: refused: ${bytes.code} (${bytes.detail})\n\n`;
  const seen = inspectMessage(bytes.value, ring, nodeCompressor);
  const rows = fieldRows(seen.message);
  const inside = seen.unpacked === undefined ? '' : `  unpacked:\n${fieldRows(seen.unpacked)}`;
  const remark = rebuildRemark(seen, bytes.value);
  return `message ${number}: ${verdictOf(seen)}\n${rows}${inside}${remark}\n`;
}

function verdictOf(seen: Inspection): string {
  const frame = seen.frame === undefined ? '' : `${seen.frame} frame, `;
  const verdict = seen.code === undefined ? 'accepted' : `refused: ${seen.code} (${seen.detail})`;
  return `${frame}${verdict}; inner signature ${seen.inner}, outer signature ${seen.outer}`;
}

function rebuildRemark(seen: Inspection, bytes: Uint8Array): string {
  if (seen.rebuilt === undefined) return '';
  const isSame = bytesToHex(seen.rebuilt) === bytesToHex(bytes);
  return isSame ? '' : '  (our encoder would write other bytes)\n';
}

/** Bytes from the network must not steer a terminal. */
function printable(text: string): string {
  let shown = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    shown += code < 0x20 || code >= 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : character;
  }
  return shown;
}
