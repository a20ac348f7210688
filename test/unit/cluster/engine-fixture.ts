// One engine under test, a clock that is moved by hand, and a peer whose messages are written by
// the test and signed with the key of the pair.

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { createKeyRing, type KeyRing } from '#src/auth/key-ring.js';
import { createPrng } from '#src/base/prng.js';
import { instant, millis, wallTime } from '#src/base/time.js';
import type { ClusterConfig } from '#src/cluster/cluster-config.js';
import { type ClusterEngine, createClusterEngine } from '#src/cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { binaryField, type HaField, type HaMessage, textField } from '#src/wire/ha-message.js';

export const PEER_UUID: Uint8Array = new Uint8Array(16).fill(0xda);

export function ringOf(key = 'penguin'): KeyRing {
  const ring = createKeyRing(1, [{ number: 1, method: 'sha1', key }], nodeHmac);
  if (ring === undefined) throw new Error('the ring has its current key');
  return ring;
}

const resource = (word: string): ClusterConfig['groups'][0]['resources'][0] => ({
  script: word.split('::')[0] ?? '',
  args: word.split('::').slice(1),
  word,
});

export const fixtureConfig = (change: Partial<ClusterConfig> = {}): ClusterConfig => ({
  localNode: 'mom',
  nodes: ['mom', 'dad'],
  pingNodes: [],
  keepalive: millis(100),
  deadtime: millis(1000),
  warntime: millis(500),
  initdead: millis(2000),
  deadping: millis(1000),
  autoFailback: 'off',
  media: [{ name: 'eth1', kind: 'bcast' }],
  groups: [
    { key: 'A', preferredNode: 'mom', resources: [resource('A'), resource('B')] },
    { key: 'C', preferredNode: 'dad', resources: [resource('C')] },
  ],
  ring: ringOf(),
  format: 'classic',
  maxRexmitDelay: millis(250),
  hopfudge: 1,
  isBadPackLogged: true,
  ...change,
});

export interface Fixture {
  readonly engine: ClusterEngine;
  step(event: ClusterEvent): readonly ClusterEffect[];
  /** Moves the clock, giving the engine each of its deadlines on the way. */
  pass(ms: number): readonly ClusterEffect[];
  /** Moves the clock without calling the engine. */
  sleep(ms: number): void;
  /** A message of the peer, completed and signed; fields given last win. */
  hear(fields: Readonly<Record<string, string>>): readonly ClusterEffect[];
  bytes(fields: Readonly<Record<string, string>>, ring?: KeyRing): Uint8Array;
}

export const logTexts = (effects: readonly ClusterEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'log' ? [effect.line.text] : []));

export const sentMessages = (effects: readonly ClusterEffect[]): readonly HaMessage[] =>
  effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    const opened = openMessage(effect.datagram, ringOf());
    return opened.ok ? [opened.value.message] : [];
  });

/** Of a message as `name=text`, without the fields that change with every run. */
export const brief = (message: HaMessage): string =>
  message.fields
    .filter(({ name }) => !['srcuuid', 'destuuid', 'ts', 'ld', 'auth', 'hg'].includes(name))
    .map((field) => `${field.name}=${field.type === 0 ? field.text : '…'}`)
    .join(' ');

export const briefOf = (effects: readonly ClusterEffect[], type: string): readonly string[] =>
  sentMessages(effects)
    .map(brief)
    .filter((text) => text.includes(`t=${type} `) || text.endsWith(`t=${type}`));

export function createFixture(change: Partial<ClusterConfig> = {}): Fixture {
  const engine = createClusterEngine(fixtureConfig(change), {
    generation: 0x100,
    uuid: new Uint8Array(16).fill(0x11),
    adoptedGroupKeys: [],
    adoptedHolding: 'none',
    prng: createPrng(1),
  });
  let time = 1000;
  const step = (event: ClusterEvent): readonly ClusterEffect[] => {
    const now = { monotonic: instant(time), wall: wallTime(1_700_000_000_000 + time) };
    return engine.step(now, event);
  };
  const bytes = (fields: Readonly<Record<string, string>>, ring = ringOf()): Uint8Array => {
    const all = { src: 'dad', hg: '200', ts: '5', ...fields };
    const texts: HaField[] = Object.entries(all).map(([name, text]) => textField(name, text));
    const message = { fields: [...texts, binaryField('srcuuid', PEER_UUID)] };
    return sealMessage(message, ring, 'classic').datagram;
  };
  return {
    engine,
    step,
    bytes,
    sleep: (ms) => {
      time += ms;
    },
    pass: (ms) => {
      const end = time + ms;
      const effects: ClusterEffect[] = [];
      for (;;) {
        const due = engine.nextDeadline();
        if (due === undefined || due > end) break;
        time = Math.max(time, due);
        effects.push(...step({ kind: 'deadline-reached' }));
      }
      time = end;
      return effects;
    },
    hear: (fields) => step({ kind: 'bytes-received', medium: 'eth1', bytes: bytes(fields) }),
  };
}

/** Started, and the peer heard as active with this dead time. */
export function startedBeside(fixture: Fixture, dt = '3e8'): void {
  fixture.step({ kind: 'started' });
  fixture.hear({ t: 'status', st: 'active', dt, protocol: '1', seq: '1' });
}
