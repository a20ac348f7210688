// A message that is compressed on its way: a client on one node says it, a client of the same name
// on the other one reads it. What the sender's node puts on the wire meanwhile is captured there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCompressor } from '#src/runtime/compressor.js';
import { decompressMessage } from '#src/wire/compression.js';
import {
  fieldBytes,
  fieldText,
  type HaField,
  type HaMessage,
  haMessage,
  textField,
} from '#src/wire/ha-message.js';
import { decodeNetstringFrame, encodeNetstringFrame } from '#src/wire/netstring-frame.js';
import { ClientSession } from '../client-session.js';
import type { Host } from '../host.js';
import { waitFor } from '../wait.js';
import type { CellCompression } from './cell.js';
import { type InteropPair, type NodeName, other } from './interop-pair.js';

const captureMs = 20_000;
/** A host's first process: a number that 3.0.6 finds alive. */
const livePid = 1;
/** 5,600 bytes: above the threshold of 1 KB, and far below it once compressed. */
const text = 'what both directors have to know, said again and again. '.repeat(100);
/** No compressed stream holds a text of 56 bytes twice. */
const uncompressed = text.slice(0, 112);

/** What the client says, and what of it has to be found on the wire. */
interface Large {
  readonly field: HaField;
  readonly mark: Buffer;
}

/**
 * Whole messages are compressed by the daemon. Marked fields are compressed by the client, in the
 * library of 3.0.6, and daemons hand them on as they are.
 */
function largeOf({ method, traditional }: CellCompression): Large {
  if (traditional === 'yes') {
    const mark = Buffer.from(`_compression_algorithm=${method},`);
    return { field: textField('large', text), mark };
  }
  const frame = encodeNetstringFrame(haMessage(textField('text', text)));
  const bytes = nodeCompressor.compress(method, frame);
  if (bytes === undefined) throw new Error(`this machine has no ${method}`);
  const mark = Buffer.concat([Buffer.from('(4)large='), bytes]);
  return { field: { name: 'large', type: 4, bytes }, mark };
}

/** What 3.0.6 compresses anew for its clients, or never unpacked, their library unpacks. */
function unpacked(message: HaMessage): HaMessage {
  const done = decompressMessage(message, nodeCompressor);
  return done.ok ? done.value : message;
}

function textIn(message: HaMessage): string | undefined {
  const frame = fieldBytes(message, 'large');
  if (frame === undefined) return fieldText(message, 'large');
  const inner = decodeNetstringFrame(frame);
  return inner.ok ? fieldText(inner.value.message, 'text') : undefined;
}

/** What comes from one address, until it is ended; `read` gives all of it so far. */
async function capture(
  host: Host,
  from: NodeName,
): Promise<{ read: () => Buffer; end: () => Promise<unknown> }> {
  const source = { alpha: '10.8.0.1', beta: '10.8.0.2' }[from];
  const file = `log/wire-from-${from}.pcap`;
  const program = host.start([
    ...['tcpdump', '-w', `/var/${file}`, '-i', 'eth0', '-n', '-U', '--immediate-mode'],
    ...['-s', '0', '-Z', 'root', 'udp', 'port', '694', 'and', 'src', 'host', source],
  ]);
  await waitFor('the capture to begin', captureMs, () => /listening on/.test(program.output));
  return {
    read: () => readFileSync(join(host.disk, file)),
    end: () => {
      // Its starter does not hand signals on.
      host.kill(new RegExp(`^tcpdump -w /var/${file}`), 'SIGTERM');
      return waitFor('the capture to end', captureMs, () => !program.isRunning);
    },
  };
}

/** One direction. Fails when the text does not arrive whole, or passes the wire as it is. */
export async function sendLarge(pair: InteropPair, from: NodeName): Promise<void> {
  const { compression } = pair.cell;
  if (compression === undefined) throw new Error('the cell says nothing of compression');
  const { field, mark } = largeOf(compression);
  const signOn = (name: NodeName): Promise<ClientSession> => {
    const path = pair.seat(name).host.insidePath('/run/heartbeat/register') ?? '';
    return ClientSession.signOn(path, 'lab', livePid);
  };
  const there = await signOn(other(from));
  const here = await signOn(from);
  const wire = await capture(pair.seat(other(from)).host, from);
  try {
    const words = { t: 'lab-large', dest: other(from), from_id: 'lab', to_id: 'lab' };
    const fields = Object.entries(words).map(([name, value]) => textField(name, value));
    here.sayMessage({ fields: [...fields, field] });
    const isLarge = (message: HaMessage): boolean =>
      fieldText(unpacked(message), 't') === 'lab-large';
    const found = textIn(unpacked(await there.waitFor('the large message', isLarge)));
    if (found !== text) throw new Error(`the text came as ${found?.slice(0, 200) ?? 'no text'}`);
    await waitFor(`${mark.length} bytes on the wire`, captureMs, () => wire.read().includes(mark));
    if (wire.read().includes(uncompressed)) throw new Error('it passed the wire as it is');
  } finally {
    here.close();
    there.close();
    await wire.end();
  }
}
