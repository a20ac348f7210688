// Healing beside a peer that takes no part in it, as heartbeat 3.0.6: what it says tells whether it
// is going to restart, and so whether anything is given up for it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { briefOf, createFixture, type Fixture, logTexts } from './engine-fixture.js';

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };
const full = { t: 'resource', rtype: 'full', isstable: '1' };

/** Every start that is ordered is done. */
function carryOut(fixture: Fixture, effects: readonly ClusterEffect[]): void {
  for (const effect of effects) {
    if (effect.kind !== 'run-resource') continue;
    const outcome = { kind: effect.verb === 'status' ? 'stopped' : 'done' } as const;
    carryOut(fixture, fixture.step({ kind: 'resource-ran', id: effect.id, outcome }));
  }
}

/** Each holds its own groups; then neither heard the other, and we took everything. */
function splitPair(): Fixture {
  const fixture = createFixture();
  fixture.step({ kind: 'started' });
  fixture.hear({ ...status, seq: '1' });
  fixture.hear({ t: 'repnodes', dest: 'mom', nodelist: 'mom dad ', delnodelist: ' ', seq: '2' });
  carryOut(fixture, fixture.hear({ ...full, rsc_hold: 'local', seq: '3' }));
  carryOut(fixture, fixture.pass(1500));
  assert.equal(fixture.engine.snapshot().holding, 'all');
  return fixture;
}

/** The peer is heard again, holding everything as well; `seq` leaves room for what was missed. */
function meetAgain(fixture: Fixture): void {
  fixture.hear({ ...status, seq: '20' });
  fixture.hear({ ...full, rsc_hold: 'all', seq: '21' });
}

/** The peer goes on beating for so long, and we with it. */
function beatOn(fixture: Fixture, from: number, ms: number): readonly string[] {
  const kinds: string[] = [];
  for (let count = 0; count * 500 < ms; count++) {
    for (const effect of fixture.pass(500)) kinds.push(effect.kind);
    fixture.hear({ ...status, seq: (from + count).toString(16) });
  }
  return kinds;
}

/** It acknowledges the newest of our messages that it can have heard. */
function acknowledge(fixture: Fixture): void {
  for (let ack = 1; ack < 120; ack++) {
    fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: ack.toString(16) });
  }
}

const missed = { t: 'stonith', node: 'mom', result: 'n_stnth' };

describe('a peer that is silent about healing', () => {
  it('keeps what it claims when it never missed us', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    beatOn(fixture, 0x22, 6000);
    assert.equal(fixture.engine.snapshot().holding, 'none');
  });

  it('is waited for when it missed us and hears us: it is going to restart', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    fixture.hear({ ...missed, seq: '10' });
    beatOn(fixture, 0x22, 1000);
    acknowledge(fixture);
    const kinds = beatOn(fixture, 0x24, 8000);
    assert.equal(fixture.engine.snapshot().holding, 'all');
    const announced = kinds.filter((kind) => kind === 'announce-held').length;
    assert.ok(announced >= 7, `neighbours are told each second, not ${announced} times`);
    fixture.hear({ ...full, rsc_hold: 'none', isstable: '0', info: 'shutdown', seq: '60' });
    fixture.hear({ t: 'shutdone', st: 'dead', seq: '61' });
    assert.equal(fixture.engine.snapshot().holding, 'all');
  });

  it('is not waited for when it only heard us late, and so does not restart', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    fixture.hear({ ...missed, seq: '22' });
    beatOn(fixture, 0x23, 1000);
    acknowledge(fixture);
    beatOn(fixture, 0x25, 6000);
    assert.equal(fixture.engine.snapshot().holding, 'none');
  });

  it('is not waited for when it does not hear us', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    fixture.hear({ ...missed, seq: '10' });
    beatOn(fixture, 0x22, 6000);
    assert.equal(fixture.engine.snapshot().holding, 'none');
  });

  it('is waited for so long and no longer', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    fixture.hear({ ...missed, seq: '10' });
    beatOn(fixture, 0x22, 1000);
    acknowledge(fixture);
    beatOn(fixture, 0x24, 40_000);
    assert.equal(fixture.engine.snapshot().holding, 'none');
  });
});

describe('a 3.0.6 that is going to restart', () => {
  it('is never told that we are unstable, for which it would put its restart off', () => {
    const fixture = splitPair();
    const effects = [...fixture.hear({ ...status, seq: '20' }), ...fixture.pass(900)];
    effects.push(...fixture.hear({ ...full, rsc_hold: 'all', seq: '21' }), ...fixture.pass(900));
    const said = briefOf(effects, 'resource').filter((text) => text.includes('rtype=full'));
    assert.ok(said.length > 0);
    assert.deepEqual(
      said.filter((text) => !text.includes('isstable=1')),
      [],
    );
  });
});

describe('a 3.0.6 that hands groups back before it restarts', () => {
  const foreign = { t: 'ask_resources', rsc_hold: 'foreign' };

  it('is agreed with at once, so that its restart comes the sooner', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    fixture.hear({ ...missed, seq: '10' });
    beatOn(fixture, 0x22, 1000);
    const agreed = fixture.hear({ ...foreign, info: 'me', seq: '40' });
    assert.match(briefOf(agreed, 'ask_resources').join(), /info=other/);
    // Not a withdrawal: it has not heard yet that we agree.
    fixture.hear({ ...full, rsc_hold: 'all', seq: '41' });
    fixture.hear({ ...full, rsc_hold: 'local', isstable: '0', info: 'standby', seq: '42' });
    const done = fixture.hear({ ...foreign, info: 'done', seq: '43' });
    assert.match(briefOf(done, 'ask_resources').join(), /info=done/);
    assert.equal(fixture.engine.snapshot().holding, 'all');
  });

  it('is refused while it may still be a node that heals', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    const effects = fixture.hear({ ...foreign, info: 'me', seq: '40' });
    assert.match(logTexts(effects).join('\n'), /local resources in flux/);
  });
});

describe('a peer that went active anew without us', () => {
  it('begins healing although it was not taken for dead', () => {
    const fixture = splitPair();
    meetAgain(fixture);
    const effects = fixture.hear({ ...status, hg: '201', seq: '5' });
    assert.match(logTexts(effects).join('\n'), /healing begins: node dad is active already/);
  });
});
