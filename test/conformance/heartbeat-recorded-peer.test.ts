// The engine beside a recorded heartbeat 3.0.6: it hears, at the recorded times, what node b sent
// in a run against another original, and must take all of it and see what b did.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { createKeyRing, type KeyRing } from '#src/auth/key-ring.js';
import { createPrng } from '#src/base/prng.js';
import { instant, millis, wallTime } from '#src/base/time.js';
import { type ClusterEngine, createClusterEngine } from '#src/cluster/cluster-engine.js';
import type { ClusterEffect, ClusterEvent } from '#src/cluster/cluster-event.js';
import { nodeHmac } from '#src/runtime/hmac.js';

interface Vector {
  readonly medium: string;
  readonly from_node: string;
  readonly authkeys: string;
  readonly payload_base64: string;
  readonly decoded: Readonly<Record<string, string>>;
  readonly t_offset: number | null;
  readonly note: string;
}

const folder = new URL('../../../test/conformance/vectors/heartbeat/', import.meta.url);

/** Runs with times, of daemons only. */
const RUNS = readdirSync(folder).filter((name) => /^(bcast|mcast|ucast)/.test(name));

const vectorsOf = (name: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly Vector[]; // our own file

function ringOf(authkeys: string): KeyRing {
  const found = /^([0-9]+) (crc|md5|sha1)(?: (\S+))?$/m.exec(authkeys);
  const number = Number(found?.[1]);
  const method = found?.[2] === 'crc' ? 'crc' : found?.[2] === 'md5' ? 'md5' : 'sha1';
  const ring = createKeyRing(number, [{ number, method, key: found?.[3] ?? '' }], nodeHmac);
  assert.ok(ring);
  return ring;
}

function engineBeside(first: Vector): ClusterEngine {
  const config = {
    localNode: 'hbref-a',
    nodes: ['hbref-a', 'hbref-b'],
    pingNodes: [],
    keepalive: millis(500),
    deadtime: millis(2000),
    warntime: millis(1000),
    initdead: millis(5000),
    deadping: millis(2000),
    autoFailback: first.note.includes('legacy') ? ('legacy' as const) : ('off' as const),
    media: [{ name: 'hbX', kind: 'bcast' as const }],
    groups: [],
    ring: ringOf(first.authkeys),
    format: 'classic' as const,
    maxRexmitDelay: millis(250),
    hopfudge: 1,
    isBadPackLogged: true,
  };
  return createClusterEngine(config, {
    generation: 1,
    uuid: new Uint8Array(16).fill(1),
    adoptedGroupKeys: [],
    adoptedHolding: 'none',
    prng: createPrng(1),
  });
}

interface Replay {
  readonly engine: ClusterEngine;
  readonly log: string[];
  step(at: number, event: ClusterEvent): void;
}

function replayOf(first: Vector): Replay {
  const engine = engineBeside(first);
  const log: string[] = [];
  const note = (effects: readonly ClusterEffect[]): void => {
    for (const effect of effects) if (effect.kind === 'log') log.push(effect.line.text);
  };
  const take = (at: number, event: ClusterEvent): void =>
    note(engine.step({ monotonic: instant(at), wall: wallTime(1_700_000_000_000 + at) }, event));
  const step = (at: number, event: ClusterEvent): void => {
    for (;;) {
      const due = engine.nextDeadline();
      if (due === undefined || due > at) break;
      take(due, { kind: 'deadline-reached' });
    }
    take(at, event);
  };
  return { engine, log, step };
}

describe('beside a recorded heartbeat 3.0.6', () => {
  for (const name of RUNS) {
    const heard = vectorsOf(name).filter((vector) => vector.from_node.endsWith('-b'));
    const [first] = heard;
    if (first === undefined || !heard.some(({ decoded }) => decoded.t === 'status')) continue;

    it(`everything that node b of ${name} sent is taken`, () => {
      const replay = replayOf(first);
      let at = 0;
      replay.step(0, { kind: 'started' });
      for (const { t_offset, payload_base64 } of heard) {
        at = Math.max(at, (t_offset ?? 0) * 1000);
        const bytes = Uint8Array.from(Buffer.from(payload_base64, 'base64'));
        replay.step(at, { kind: 'bytes-received', medium: 'hbX', bytes });
      }
      const status = replay.engine.snapshot();
      assert.deepEqual(status.refused, {});
      const said = heard.findLast(
        ({ decoded }) => decoded.t === 'resource' && decoded.rtype === 'full',
      );
      const peer = status.nodes.find((node) => node.name === 'hbref-b');
      const isGone = peer?.state === 'dead' || heard.at(-1)?.decoded.t === 'shutdone';
      if (said !== undefined && !isGone && peer?.holding !== undefined) {
        assert.equal(peer.holding, said.decoded.rsc_hold);
      }
      const words = [
        'Status update for node hbref-b: status up',
        'Status update for node hbref-b: status active',
      ];
      for (const word of words) assert.ok(replay.log.some((line) => line.startsWith(word)));
      const isStopped = heard.some(({ decoded }) => decoded.t === 'shutdone');
      const notice = "Received shutdown notice from 'hbref-b'.";
      assert.equal(replay.log.includes(notice), isStopped);
    });
  }
});
