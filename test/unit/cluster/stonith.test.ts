// No group of a silent node is taken before the STONITH device says that the node was reset.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { briefOf, createFixture, type Fixture, logTexts } from './engine-fixture.js';

const starts = (effects: readonly ClusterEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'run-resource' ? [effect.resource.word] : []));

const resets = (effects: readonly ClusterEffect[]): readonly { id: number; node: string }[] =>
  effects.flatMap((effect) =>
    effect.kind === 'reset-node' ? [{ id: effect.id, node: effect.node }] : [],
  );

/** The peer holds its own groups, we ours; answers every order to a resource with `done`. */
function pairWithDevice(): Fixture {
  const fixture = createFixture({ stonithDevice: 'null' });
  fixture.step({ kind: 'started' });
  fixture.hear({ t: 'status', st: 'active', dt: '3e8', protocol: '1', seq: '1' });
  fixture.hear({ t: 'repnodes', dest: 'mom', nodelist: 'mom dad ', delnodelist: ' ', seq: '2' });
  const holding = { t: 'resource', rsc_hold: 'local', rtype: 'full', isstable: '1' };
  answer(fixture, fixture.hear({ ...holding, seq: '3' }));
  return fixture;
}

function answer(fixture: Fixture, effects: readonly ClusterEffect[]): void {
  for (const effect of effects) {
    if (effect.kind !== 'run-resource') continue;
    const outcome = effect.verb === 'status' ? { kind: 'stopped' } : { kind: 'done' };
    const event = { kind: 'resource-ran', id: effect.id, outcome } as const;
    answer(fixture, fixture.step(event as Parameters<Fixture['step']>[0]));
  }
}

/** Silence of the peer for its dead time. */
function death(fixture: Fixture): { effects: readonly ClusterEffect[]; id: number } {
  const effects = fixture.pass(1500);
  const [reset] = resets(effects);
  assert.equal(reset?.node, 'dad');
  return { effects, id: reset?.id ?? 0 };
}

describe('the reset of a dead node', () => {
  it('is ordered at its death, and nothing is taken meanwhile', () => {
    const fixture = pairWithDevice();
    const { effects } = death(fixture);
    assert.ok(logTexts(effects).includes('Resetting node dad with [null]'));
    assert.deepEqual(starts([...effects, ...fixture.pass(60_000)]), []);
  });

  it('is followed by the takeover and a message when it succeeds', () => {
    const fixture = pairWithDevice();
    const { id } = death(fixture);
    const effects = fixture.step({ kind: 'node-reset', id, result: 'done', reason: '' });
    assert.match(logTexts(effects).join('\n'), /node dad now reset\..*\n.*acquired from dad/s);
    assert.deepEqual(starts(effects), ['C']);
    assert.match(briefOf(effects, 'stonith').join(), /node=dad result=OK/);
  });

  it('is tried again each five seconds for ever when it fails', () => {
    const fixture = pairWithDevice();
    let { id } = death(fixture);
    for (let round = 0; round < 20; round++) {
      const failed = fixture.step({ kind: 'node-reset', id, result: 'failed', reason: 'exit 5' });
      assert.match(logTexts(failed).join('\n'), /Host dad not reset!.*failed\. {2}Retrying/s);
      assert.deepEqual(resets(fixture.pass(4_900)), []);
      const again = fixture.pass(200);
      id = resets(again)[0]?.id ?? 0;
      assert.ok(id > 0);
      assert.deepEqual(starts([...failed, ...again]), []);
    }
  });

  it('tells a host that the device does not know in the words of the original', () => {
    const fixture = pairWithDevice();
    const { id } = death(fixture);
    const effects = fixture.step({ kind: 'node-reset', id, result: 'bad-host', reason: 'x' });
    assert.match(logTexts(effects).join('\n'), /Device null cannot reset host dad\./);
    assert.match(briefOf(effects, 'stonith').join(), /result=badhost/);
  });

  it('is not wanted of a node that gave everything up', () => {
    const fixture = pairWithDevice();
    answer(fixture, fixture.hear({ t: 'shutdone', st: 'dead', seq: '4' }));
    const effects = fixture.pass(3_000);
    assert.deepEqual(resets(effects), []);
    assert.match(briefOf(effects, 'stonith').join(), /result=unneeded/);
  });

  it('is given up when the node speaks again, and nothing is taken from it', () => {
    const fixture = pairWithDevice();
    const { id } = death(fixture);
    fixture.step({ kind: 'node-reset', id, result: 'failed', reason: 'exit 5' });
    const back = { t: 'status', st: 'active', dt: '3e8', protocol: '1', seq: '9' };
    const effects = fixture.hear(back);
    assert.match(logTexts(effects).join('\n'), /no reset is wanted any more/);
    assert.deepEqual(resets(fixture.pass(900)), []);
  });

  it('is done once for each life of a node', () => {
    const fixture = pairWithDevice();
    const { id } = death(fixture);
    // It is heard again while the device works: a last message that was under way.
    fixture.hear({ t: 'status', st: 'active', dt: '3e8', protocol: '1', seq: '9' });
    const done = fixture.step({ kind: 'node-reset', id, result: 'done', reason: '' });
    assert.deepEqual(starts(done), []);
    const effects = fixture.pass(1_500);
    assert.deepEqual(resets(effects), []);
    assert.ok(starts(effects).includes('C'));
  });

  it('comes before anything is taken at a start beside a node that nobody hears', () => {
    for (const autoFailback of ['off', 'legacy'] as const) {
      const fixture = createFixture({ stonithDevice: 'null', autoFailback });
      const begun = [...fixture.step({ kind: 'started' }), ...fixture.pass(30_000)];
      assert.deepEqual(starts(begun), [], autoFailback);
      const [reset] = resets(begun);
      const id = reset?.id ?? 0;
      const effects = fixture.step({ kind: 'node-reset', id, result: 'done', reason: '' });
      assert.deepEqual([...starts(effects)].sort(), ['A', 'C'], autoFailback);
    }
  });
});
