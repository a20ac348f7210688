// Started on a host of the lab: sends hostile datagrams to a director for some seconds, made from a
// captured message, unsigned and signed by turns. Arguments: address, seconds, key.

import { createSocket } from 'node:dgram';
import { sealMessage } from '#src/auth/envelope.js';
import { createKeyRing, sign } from '#src/auth/key-ring.js';
import { createPrng } from '#src/base/prng.js';
import { nodeCompressor } from '#src/runtime/compressor.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { type HaMessage, haMessage, textField } from '#src/wire/ha-message.js';
import { decodeNetstringFrame, withSignature } from '#src/wire/netstring-frame.js';
import { mutate } from '../fuzz/mutate.js';

const [address = '127.0.0.1', seconds = '1', key = ''] = process.argv.slice(2);
const port = 694;
const batch = 50;
/** What fits one datagram. */
const datagramBytesMax = 60_000;

const ring = createKeyRing(1, [{ number: 1, method: 'sha1', key }], nodeHmac);
if (ring === undefined) throw new Error('the ring has its current key');

const status: HaMessage = haMessage(
  ...Object.entries({ t: 'status', st: 'active', dt: '3e8', protocol: '1', src: 'gamma' }).map(
    ([name, text]) => textField(name, text),
  ),
  ...Object.entries({ seq: '1', hg: '1', ts: '1', ld: 'n/a', ttl: '3' }).map(([name, text]) =>
    textField(name, text),
  ),
);
const bomb: HaMessage = {
  fields: [
    {
      name: '_compressed_payload',
      type: 1,
      bytes: nodeCompressor.compress('bz2', new Uint8Array(16 * 1024 * 1024)) ?? new Uint8Array(1),
    },
    textField('_compression_algorithm', 'bz2'),
  ],
};
const samples = [status, bomb].map((each) => sealMessage(each, ring, 'classic').datagram);

const prng = createPrng(1);
const socket = createSocket('udp4');
const until = Date.now() + Number(seconds) * 1000;
let sent = 0;

function sendBatch(): void {
  for (let n = 0; n < batch; n++) {
    let bytes = n === 0 ? (samples[1] ?? new Uint8Array(1)) : mutate(samples, prng);
    const frame = decodeNetstringFrame(bytes);
    if (ring !== undefined && frame.ok && n % 2 === 0) {
      bytes = withSignature(frame.value.signed, sign(ring, frame.value.signed));
    }
    if (bytes.length === 0 || bytes.length > datagramBytesMax) continue;
    socket.send(bytes, port, address, () => undefined);
    sent++;
  }
  if (Date.now() < until) setTimeout(sendBatch, 10);
  else socket.close(() => console.log(`${sent} datagrams`));
}
sendBatch();
