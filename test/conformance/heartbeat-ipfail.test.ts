// ipfail beside a recorded one of 3.0.6: in the recorded run node b loses sight of the ping node
// and sees it again. Ours stands in for either node and must say what that one said.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { openMessage, sealMessage } from '#src/auth/envelope.js';
import { createKeyRing, type KeyRing } from '#src/auth/key-ring.js';
import { createPrng } from '#src/base/prng.js';
import { instant, millis, wallTime } from '#src/base/time.js';
import type { ClusterConfig } from '#src/cluster/cluster-config.js';
import { type ClusterEngine, createClusterEngine } from '#src/cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { fieldText, textField } from '#src/wire/ha-message.js';

interface Vector {
  readonly from_node: string;
  readonly authkeys: string;
  readonly payload_base64: string;
  readonly decoded: Readonly<Record<string, string>>;
  readonly t_offset: number | null;
}

const file = '../../../test/conformance/vectors/heartbeat/bcast-sha1-ipfail.json';
// Our own file.
const vectors = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Vector[];
const router = '192.168.77.9';
/** When node b lost the ping node and saw it again, in seconds of the run. */
const [lostAt, backAt] = [30, 48];

interface Said {
  readonly type: string;
  readonly at: number;
  readonly fields: Readonly<Record<string, string | undefined>>;
}

const uuidOf = (node: string): Uint8Array => {
  const own = vectors.find(({ from_node }) => from_node === node);
  return Uint8Array.from(Buffer.from(own?.decoded.srcuuid ?? '', 'hex'));
};

/** Repeated statuses were left out of the recording: what is left must not look like silence. */
function withLongDeadtime(bytes: Uint8Array, ring: KeyRing): Uint8Array {
  const opened = openMessage(bytes, ring);
  assert.ok(opened.ok);
  const { fields } = opened.value.message;
  if (fieldText(opened.value.message, 't') !== 'status') return bytes;
  const longer = fields.map((field) => (field.name === 'dt' ? textField('dt', 'ea60') : field));
  return sealMessage({ fields: longer }, ring, 'classic').datagram;
}

function ringOfRun(): KeyRing {
  const key = /^[0-9]+ sha1 (\S+)$/m.exec(vectors[0]?.authkeys ?? '')?.[1] ?? '';
  const number = Number(/^auth ([0-9]+)/m.exec(vectors[0]?.authkeys ?? '')?.[1]);
  const ring = createKeyRing(number, [{ number, method: 'sha1', key }], nodeHmac);
  assert.ok(ring);
  return ring;
}

function engineAs(node: string, ring: KeyRing): ClusterEngine {
  const nodes = ['hbref-a', 'hbref-b'];
  const config: ClusterConfig = {
    localNode: node,
    nodes,
    pingNodes: [router],
    keepalive: millis(500),
    deadtime: millis(30_000),
    warntime: millis(20_000),
    initdead: millis(30_000),
    deadping: millis(2_000),
    autoFailback: 'off',
    media: [
      { name: 'hbX', kind: 'bcast' },
      { name: router, kind: 'ping' },
    ],
    groups: nodes.map((preferredNode) => ({
      key: `of ${preferredNode}`,
      preferredNode,
      resources: [{ script: preferredNode, args: [], word: preferredNode }],
    })),
    ring,
    format: 'classic',
    maxRexmitDelay: millis(250),
    hopfudge: 1,
    isBadPackLogged: true,
    isIpfailWanted: true,
  };
  return createClusterEngine(config, {
    generation: 1,
    uuid: uuidOf(node),
    adoptedGroupKeys: [],
    adoptedHolding: 'none',
    prng: createPrng(1),
  });
}

/** Plays the run with our engine as the node; what it says to the other's ipfail. */
function playAs(node: 'hbref-a' | 'hbref-b'): readonly Said[] {
  const ring = ringOfRun();
  const engine = engineAs(node, ring);
  const said: Said[] = [];
  const events: ClusterEvent[] = [];
  const isBlind = (at: number): boolean =>
    node === 'hbref-b' && at >= lostAt * 1000 && at < backAt * 1000;
  const take = (at: number, effects: readonly ClusterEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'ask-ping-node' && !isBlind(at)) {
        events.push({ kind: 'ping-answered', medium: effect.medium, bytes: effect.datagram });
      }
      if (effect.kind === 'run-resource') {
        const outcome = effect.verb === 'status' ? 'stopped' : 'done';
        events.push({ kind: 'resource-ran', id: effect.id, outcome: { kind: outcome } });
      }
      if (effect.kind !== 'send') continue;
      const opened = openMessage(effect.datagram, ring);
      assert.ok(opened.ok);
      const text = (name: string): string | undefined => fieldText(opened.value.message, name);
      const names = ['dest', 'from_id', 'to_id', 'client_gen', 'num_ping', 'rsc_hold', 'info'];
      const fields = Object.fromEntries(names.map((name) => [name, text(name)]));
      said.push({ type: text('t') ?? '', at, fields });
    }
  };
  const step = (at: number, event: ClusterEvent): void => {
    const now = { monotonic: instant(at), wall: wallTime(1_700_000_000_000 + at) };
    take(at, engine.step(now, event));
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      take(at, engine.step(now, next));
    }
  };
  step(0, { kind: 'started' });
  for (const { from_node, t_offset, payload_base64 } of vectors) {
    const at = (t_offset ?? 0) * 1000;
    for (let due = engine.nextDeadline(); due !== undefined && due <= at; ) {
      step(due, { kind: 'deadline-reached' });
      due = engine.nextDeadline();
    }
    if (from_node === node) continue;
    const bytes = withLongDeadtime(Uint8Array.from(Buffer.from(payload_base64, 'base64')), ring);
    step(at, { kind: 'bytes-received', medium: 'hbX', bytes });
  }
  return said;
}

const toIpfail = { from_id: 'ipfail', to_id: 'ipfail', client_gen: '0' };

describe('ipfail beside a recorded one of 3.0.6', () => {
  it('tells node b that it sees fewer ping nodes, and later that the counts are balanced', () => {
    const said = playAs('hbref-a');
    const told = said.filter(({ type, at }) => type === 'you_are_dead' && at > lostAt * 1000);
    assert.equal(told.length, 1);
    const expected = { ...toIpfail, dest: 'hbref-b' };
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(told[0]?.fields[name], value, name);
    }
    const balanced = said.filter(({ type, at }) => type === 'abort_giveup' && at > backAt * 1000);
    assert.equal(balanced.length, 1);
  });

  it('gives up twice keepalive after node a has said that it sees more', () => {
    const said = playAs('hbref-b').filter(({ at }) => at > lostAt * 1000);
    const count = said.find(({ type }) => type === 'num_ping_nodes');
    assert.equal(count?.fields.num_ping, '0');
    assert.equal(count?.fields.dest, 'hbref-a');
    const told = vectors.find(({ decoded }) => decoded.t === 'you_are_dead');
    const asked = said.find(({ type, fields }) => type === 'ask_resources' && fields.info === 'me');
    assert.equal(asked?.fields.rsc_hold, 'all');
    assert.ok(
      Math.abs((asked?.at ?? 0) - (told?.t_offset ?? 0) * 1000 - 1_000) < 1,
      `${asked?.at}`,
    );
  });
});
