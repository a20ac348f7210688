// Who is alive, and what a stall of our own does to that judgement.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createFixture, type Fixture, logTexts, startedBeside } from './engine-fixture.js';

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };
const peerState = (fixture: Fixture): string | undefined =>
  fixture.engine.snapshot().nodes.find(({ name }) => name === 'dad')?.state;

describe('death', () => {
  it('comes one dead time after the last status, by the dead time that the peer advertises', () => {
    const fixture = createFixture();
    startedBeside(fixture, '258');
    fixture.pass(599);
    assert.equal(peerState(fixture), 'active');
    fixture.pass(1);
    assert.equal(peerState(fixture), 'dead');
  });

  it('of a node never heard comes after initdead', () => {
    const fixture = createFixture();
    fixture.step({ kind: 'started' });
    fixture.pass(1_999);
    assert.equal(peerState(fixture), 'init');
    assert.ok(
      logTexts(fixture.pass(1)).includes(
        'node dad: is dead (never heard, dead time 2000 ms, was init)',
      ),
    );
  });

  it('is not delayed by statuses that come late by retransmission', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.hear({ ...status, seq: '5' });
    fixture.pass(900);
    fixture.hear({ ...status, seq: '4' });
    fixture.pass(100);
    assert.equal(peerState(fixture), 'dead');
  });

  it('is never judged by anything but a deadline', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.pass(900);
    fixture.sleep(200);
    fixture.step({ kind: 'load-read', text: '1' });
    assert.equal(peerState(fixture), 'active');
  });

  it('ignores a nonsense dead time in favour of our own', () => {
    const fixture = createFixture();
    startedBeside(fixture, '0');
    fixture.pass(999);
    assert.equal(peerState(fixture), 'active');
    fixture.pass(1);
    assert.equal(peerState(fixture), 'dead');
  });
});

describe('a late heartbeat', () => {
  it('is a warning above warntime and critical above deadtime', () => {
    const fixture = createFixture();
    startedBeside(fixture, 'fa0');
    fixture.pass(600);
    assert.ok(
      logTexts(fixture.hear({ ...status, dt: 'fa0', seq: '2' })).includes(
        'Late heartbeat: Node dad: interval 600 ms',
      ),
    );
    fixture.pass(1_100);
    assert.ok(
      logTexts(fixture.hear({ ...status, dt: 'fa0', seq: '3' })).includes(
        'Late heartbeat: Node dad: interval 1100 ms (> deadtime)',
      ),
    );
  });
});

describe('a stall of our own', () => {
  it('of more than half a dead time grants peers one more keepalive', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.pass(6_000);
    // In force since the first five seconds are over: our own dead time of 1000 ms.
    fixture.hear({ ...status, seq: '2' });
    fixture.sleep(1_050);
    const texts = logTexts(fixture.step({ kind: 'deadline-reached' }));
    assert.ok(texts.some((text) => text.includes('peers get one more keepalive')));
    assert.equal(peerState(fixture), 'active');
    fixture.pass(99);
    assert.equal(peerState(fixture), 'active');
    fixture.pass(1);
    assert.equal(peerState(fixture), 'dead');
  });

  it('is followed by a status at once', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.pass(500);
    fixture.sleep(2_000);
    const effects = fixture.step({ kind: 'load-read', text: '1' });
    assert.equal(effects.filter((effect) => effect.kind === 'send').length, 1);
  });
});

describe('links', () => {
  it('are dead with their medium, and up again with the next message', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const lost = fixture.step({ kind: 'medium-down', medium: 'eth1', reason: 'no carrier' });
    assert.deepEqual(logTexts(lost), ['Link dad:eth1 dead. (no carrier)']);
    assert.deepEqual(logTexts(fixture.hear({ ...status, seq: '2' })), ['Link dad:eth1 up.']);
  });
});
