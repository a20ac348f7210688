// The beat, gone through once beforehand by a worker that waits: a pair of nobody starts, beats and
// hears itself, and no byte leaves the engine. The first run of this code costs several times the
// second, and a successor has half a dead time in all.

import { createKeyRing } from '../auth/key-ring.js';
import { createPrng } from '../base/prng.js';
import { instant, millis, type Now, wallTime } from '../base/time.js';
import { createClusterEngine } from '../cluster/cluster-engine.js';
import { nodeHmac } from '../runtime/hmac.js';

/** Any day will do: a message without a time would be refused at the door. */
const SOME_DAY_MS = 1_000_000_000_000;

export function rehearseBeat(): void {
  const ring = createKeyRing(1, [{ number: 1, method: 'sha1', key: 'rehearsal' }], nodeHmac);
  if (ring === undefined) return;
  const keepalive = millis(1000);
  const engine = createClusterEngine(
    {
      localNode: 'a',
      nodes: ['a', 'b'],
      pingNodes: [],
      keepalive,
      deadtime: millis(10_000),
      warntime: millis(5000),
      initdead: millis(20_000),
      deadping: millis(10_000),
      autoFailback: 'off',
      media: [{ name: 'none', kind: 'bcast' }],
      groups: [],
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
}
