// The beat, gone through once beforehand by a worker that waits: a pair of nobody starts, beats and
// hears itself, and no byte leaves the engine. The first run of this code costs several times the
// second, and a successor has half a dead time in all.

import { createKeyRing } from '../auth/key-ring.js';
import { createPrng } from '../base/prng.js';
import { instant, millis, type Now, wallTime } from '../base/time.js';
import { type ClusterEngine, createClusterEngine } from '../cluster/cluster-engine.js';
import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome } from '../config/resource-order.js';
import { nodeHmac } from '../runtime/hmac.js';

/** Any day will do: a message without a time would be refused at the door. */
const SOME_DAY_MS = 1_000_000_000_000;

const KEEPALIVE_MS = 1000;
const INITDEAD_MS = 20_000;
/** Effects looked at; a takeover of two resources has some thirty. */
const TURNS_MAX = 200;

export function rehearseBeat(): void {
  const ring = createKeyRing(1, [{ number: 1, method: 'sha1', key: 'rehearsal' }], nodeHmac);
  if (ring === undefined) return;
  const keepalive = millis(KEEPALIVE_MS);
  const engine = createClusterEngine(
    {
      localNode: 'a',
      nodes: ['a', 'b'],
      pingNodes: [],
      keepalive,
      deadtime: millis(10_000),
      warntime: millis(5000),
      initdead: millis(INITDEAD_MS),
      deadping: millis(10_000),
      autoFailback: 'off',
      media: [{ name: 'none', kind: 'bcast' }],
      groups: [{ key: 'IPaddr::a', preferredNode: 'b', resources: [resource('a'), resource('b')] }],
      ring,
      format: 'classic',
      maxRexmitDelay: millis(250),
      hopfudge: 1,
      isBadPackLogged: false,
    },
    {
      generation: 1,
      uuid: new Uint8Array(16),
      adoptedGroupKeys: [],
      adoptedHolding: 'none',
      prng: createPrng(1),
    },
  );
  const at = (ms: number): Now => ({ monotonic: instant(ms), wall: wallTime(SOME_DAY_MS + ms) });
  const effects = [
    ...engine.step(at(0), { kind: 'started' }),
    ...engine.step(at(keepalive), { kind: 'deadline-reached' }),
  ];
  for (const effect of effects) {
    if (effect.kind !== 'send') continue;
    engine.step(at(keepalive), { kind: 'bytes-received', medium: 'none', bytes: effect.datagram });
  }
  rehearseTakeover(engine, at);
}

const resource = (name: string): ResourceSpec => ({
  script: 'IPaddr',
  args: [name],
  word: `IPaddr::${name}`,
});

/** The other node is never heard: it is declared dead, and its group taken. */
function rehearseTakeover(engine: ClusterEngine, at: (ms: number) => Now): void {
  // A beat as late as this gives the other node one more keepalive, before it is judged.
  engine.step(at(INITDEAD_MS), { kind: 'deadline-reached' });
  const silence = at(INITDEAD_MS + 2 * KEEPALIVE_MS);
  const orders = [...engine.step(silence, { kind: 'deadline-reached' })];
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const order = orders.shift();
    if (order === undefined) return;
    if (order.kind !== 'run-addresses') continue;
    const outcomes = order.resources.map((): ResourceOutcome => ({ kind: 'done' }));
    orders.push(...engine.step(silence, { kind: 'addresses-ran', id: order.id, outcomes }));
  }
}
