// `auto_failback legacy` beside heartbeat 3.0.6: no claims are on the wire, so what the peer does
// with a group has to be read from the messages about it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { createFixture, type Fixture, logTexts, startedBeside } from './engine-fixture.js';

const ordersIn = (effects: readonly ClusterEffect[]): readonly string[] =>
  effects.flatMap((each) =>
    each.kind === 'run-resource' ? [`${each.verb} ${each.resource.word}`] : [],
  );

/** Carries out what is ordered and gives all orders. */
function carryOut(fixture: Fixture, effects: readonly ClusterEffect[]): readonly string[] {
  const orders = [...ordersIn(effects)];
  for (const effect of effects) {
    if (effect.kind !== 'run-resource') continue;
    const outcome = { kind: effect.verb === 'status' ? 'stopped' : 'done' } as const;
    const event = { kind: 'resource-ran', id: effect.id, outcome } as const;
    orders.push(...carryOut(fixture, fixture.step(event)));
  }
  return orders;
}

/** The peer was dead, and we hold its group C; then it restarts. */
function holdingForPeer(): Fixture {
  const fixture = createFixture({ autoFailback: 'legacy' });
  startedBeside(fixture);
  fixture.hear({ t: 'repnodes', dest: 'mom', nodelist: 'mom dad ', delnodelist: ' ', seq: '2' });
  assert.ok(carryOut(fixture, fixture.pass(1500)).includes('start C'));
  fixture.hear({ t: 'status', st: 'up', dt: '3e8', protocol: '1', hg: '201', seq: '1' });
  return fixture;
}

const taken = { t: 'ip-request-resp', hg: '201', ipaddr: 'C', weown: 'yes', ok: 'OK', seq: '3' };

describe('a 3.0.6 that takes its group without asking', () => {
  it('gets it: we give up what both would hold', () => {
    const fixture = holdingForPeer();
    const effects = fixture.hear({ ...taken, dest: 'dad' });
    assert.match(logTexts(effects).join(), /node dad takes C unasked/);
    assert.deepEqual(carryOut(fixture, effects), ['stop C']);
  });

  it('takes nothing of ours by that', () => {
    const fixture = holdingForPeer();
    const effects = fixture.hear({ ...taken, dest: 'dad', ipaddr: 'A' });
    assert.deepEqual(carryOut(fixture, effects), []);
  });

  it('is of no meaning where claims are on the wire', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.hear({ t: 'repnodes', dest: 'mom', nodelist: 'mom dad ', delnodelist: ' ', seq: '2' });
    carryOut(fixture, fixture.pass(1500));
    fixture.hear({ t: 'status', st: 'up', dt: '3e8', protocol: '1', hg: '201', seq: '1' });
    assert.deepEqual(carryOut(fixture, fixture.hear({ ...taken, dest: 'dad' })), []);
  });
});
