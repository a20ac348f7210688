// What is fuzzed: every parser that reads what others wrote. A target takes any bytes and fails by
// throwing; it judges what came out where there is something to judge.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { createKeyRing, sign } from '#src/auth/key-ring.js';
import { bytesToLatin1 } from '#src/base/bytes.js';
import { createPrng } from '#src/base/prng.js';
import { instant, wallTime } from '#src/base/time.js';
import { createClusterEngine } from '#src/cluster/cluster-engine.js';
import { parseAuthKeys } from '#src/config/auth-keys.js';
import { type Diagnostic, describeDiagnostics } from '#src/config/diagnostic.js';
import { parseHaConfig } from '#src/config/ha-config.js';
import { parseHaresources } from '#src/config/haresources.js';
import { nodeCompressor } from '#src/runtime/compressor.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { parseArp } from '#src/wire/arp.js';
import { parseFamilyId, takeGenericPayload } from '#src/wire/generic-netlink.js';
import type { HaMessage } from '#src/wire/ha-message.js';
import { parseAdvertisement } from '#src/wire/icmp6.js';
import { parseIpvsDestination, parseIpvsService } from '#src/wire/ipvs-netlink.js';
import { parseNetlinkAnswer, takeNetlinkMessages } from '#src/wire/netlink.js';
import { decodeNetstringFrame, withSignature } from '#src/wire/netstring-frame.js';
import { parseAddress, parseLink, parseNeighbour, parseRoute } from '#src/wire/rtnetlink.js';
import { createSerialCollector } from '#src/wire/serial-framing.js';
import { decodeStringFrame, encodeStringFrame } from '#src/wire/string-frame.js';
import { fixtureConfig } from '../unit/cluster/engine-fixture.js';

export interface FuzzTarget {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  readonly take: (bytes: Uint8Array) => void;
}

const key = 'labsecret';
const made = createKeyRing(1, [{ number: 1, method: 'sha1', key }], nodeHmac);
assert.ok(made);
const ring = made;

const folder = new URL('../../../test/conformance/vectors/heartbeat/', import.meta.url);
const captured = readdirSync(folder).flatMap((name) => {
  // Our own files, written by the recorder.
  const vectors: { readonly payload_base64: string }[] = JSON.parse(
    readFileSync(new URL(name, folder), 'utf8'),
  );
  return vectors.map((each) => new Uint8Array(Buffer.from(each.payload_base64, 'base64')));
});

const example = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../etc/ha.d.example/${name}`, import.meta.url)));

const text = (...lines: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.from(`${lines.join('\n')}\n`, 'latin1'));

/** Compressed and nested messages, which no recording holds. */
const composed = (['zlib', 'bz2'] as const).flatMap((method) => {
  const message: HaMessage = {
    fields: [
      { name: 't', type: 0, text: 'cib' },
      { name: 'body', type: 5, bytes: new Uint8Array(captured[0] ?? []) },
      { name: 'list', type: 3, bytes: Uint8Array.from(Buffer.from('3:mom,3:dad,')) },
    ],
  };
  return [true, false].flatMap((isTraditional) => {
    const compression = { method, thresholdBytes: 64, isTraditional, compressor: nodeCompressor };
    const sealed = sealMessage(message, ring, 'classic', compression);
    return [sealed.datagram, sealed.line];
  });
});

const config = (parse: (given: string) => readonly Diagnostic[]) => (bytes: Uint8Array) => {
  const given = bytesToLatin1(bytes);
  const diagnostics = parse(given);
  // Printing all of them is part of what a bad file must not break.
  assert.equal(typeof describeDiagnostics(diagnostics), 'string');
  assert.ok(diagnostics.length <= 400, `${diagnostics.length} diagnostics`);
};

/** Judged by a fresh signature, so that what is inside is reached at all. */
function takeFrame(bytes: Uint8Array): void {
  openMessage(bytes, ring, nodeCompressor);
  const netstring = decodeNetstringFrame(bytes);
  if (netstring.ok) {
    const { signed } = netstring.value;
    openMessage(withSignature(signed, sign(ring, signed)), ring, nodeCompressor);
  }
  const string = decodeStringFrame(bytes);
  if (string.ok) decodeStringFrame(encodeStringFrame(string.value));
}

/** One engine for all inputs: what it remembers of strangers must not grow. */
function createEngineTarget(): (bytes: Uint8Array) => void {
  const base = fixtureConfig({ nodes: ['hbref-a', 'hbref-b'], localNode: 'hbref-a', ring });
  const compression = {
    ...({ method: 'zlib', thresholdBytes: 2048, isTraditional: false } as const),
    compressor: nodeCompressor,
  };
  const engine = createClusterEngine(
    { ...base, compression },
    {
      generation: 0x100,
      uuid: new Uint8Array(16).fill(0x11),
      adoptedGroupKeys: [],
      adoptedHolding: 'none',
      prng: createPrng(1),
    },
  );
  let at = 0;
  const now = () => ({ monotonic: instant(at), wall: wallTime(1_700_000_000_000 + at) });
  engine.step(now(), { kind: 'started' });
  return (bytes) => {
    at += 7;
    const kind = 'bytes-received';
    engine.step(now(), { kind, medium: 'eth1', bytes });
    const frame = decodeNetstringFrame(bytes);
    if (frame.ok) {
      const { signed } = frame.value;
      const signature = sign(ring, signed);
      engine.step(now(), { kind, medium: 'eth1', bytes: withSignature(signed, signature) });
    }
    const due = engine.nextDeadline();
    if (due !== undefined && due <= at) engine.step(now(), { kind: 'deadline-reached' });
    assert.ok(Object.keys(engine.snapshot().refused).length < 40);
    assert.ok(engine.snapshot().nodes.length <= 100);
  };
}

function createSerialTarget(): (bytes: Uint8Array) => void {
  const collector = createSerialCollector();
  return (bytes) => {
    for (const frame of collector.push(bytes)) {
      assert.ok(frame.length <= 65_536);
      openMessage(frame, ring);
    }
  };
}

function takeNetlink(bytes: Uint8Array): void {
  const messages = takeNetlinkMessages(bytes);
  const payloads = messages.ok ? messages.value.map((message) => message.payload) : [];
  if (messages.ok) for (const message of messages.value) parseNetlinkAnswer(message);
  for (const payload of [bytes, ...payloads.slice(0, 8)]) {
    for (const parse of [parseAddress, parseLink, parseNeighbour, parseRoute]) parse(payload);
    if (takeGenericPayload(payload).ok) parseFamilyId(payload);
    parseIpvsService(payload);
    parseIpvsDestination(payload, 4);
  }
}

const netlinkSamples: readonly Uint8Array[] = [
  // An address, a link and an error as the kernel writes them on a little-endian machine.
  '4800000014000200000000004c000000021880000100000008000100c0a80001080002' +
    '00c0a800010900030065746830000000140006000a0000000a0000000000000000000000',
  '3000000010000000000000000000000000000100020000004310010000000000' +
    '0900030065746830000000000a000100020000000001',
  '2400000002000000010000000500000000000000140000001a0005000100000000000000',
].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));

export const createTargets = (): readonly FuzzTarget[] => [
  { name: 'frames', samples: [...captured, ...composed], take: takeFrame },
  { name: 'engine', samples: [...captured, ...composed], take: createEngineTarget() },
  { name: 'serial', samples: captured, take: createSerialTarget() },
  {
    name: 'ha.cf',
    samples: [example('ha.cf'), text('node a b', 'deadtime 10', 'mcast eth0 225.0.0.1 694 1 0')],
    take: config((given) => parseHaConfig(given, 'ha.cf', { localNode: 'a' }).diagnostics),
  },
  {
    name: 'haresources',
    samples: [example('haresources'), text('a 10.0.0.1/24/eth0 \\', ' Filesystem::/dev/a::/b')],
    take: config((given) => parseHaresources(given, 'haresources', { nodes: ['a'] }).diagnostics),
  },
  {
    name: 'authkeys',
    samples: [example('authkeys'), text('auth 2', '1 crc', '2 sha1 key', '3 sha256 key # x')],
    take: config((given) => parseAuthKeys(given, 'authkeys', 0o600).diagnostics),
  },
  { name: 'netlink', samples: netlinkSamples, take: takeNetlink },
  {
    name: 'neighbours',
    samples: netlinkSamples,
    take: (bytes) => {
      parseArp(bytes);
      parseAdvertisement(bytes);
    },
  },
];
