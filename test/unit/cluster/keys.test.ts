// Which key signs while a key is rolled: beside another Lubdub and beside heartbeat 3.0.6.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { type AuthKey, createKeyRing, type KeyRing, keyFingerprint } from '#src/auth/key-ring.js';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { nodeHmac } from '#src/runtime/hmac.js';
import { fieldText } from '#src/wire/ha-message.js';
import { decodeNetstringFrame } from '#src/wire/netstring-frame.js';
import { createFixture, type Fixture, logTexts, startedBeside } from './engine-fixture.js';

const old: AuthKey = { number: 1, method: 'sha1', key: 'penguin' };
const fresh: AuthKey = { number: 2, method: 'sha256', key: 'pinguino' };

function ringOf(current: number, ...keys: readonly AuthKey[]): KeyRing {
  const ring = createKeyRing(current, keys, nodeHmac);
  assert.ok(ring);
  return ring;
}

/** The number of the key that signs what is sent, and the types of it. */
function sent(effects: readonly ClusterEffect[]): readonly string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    const frame = decodeNetstringFrame(effect.datagram);
    assert.ok(frame.ok);
    const { message, signature = '' } = frame.value;
    return [`${fieldText(message, 't')} by ${signature.split(' ')[0]}`];
  });
}

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };

const hear = (fixture: Fixture, ring: KeyRing, fields: Readonly<Record<string, string>>) =>
  fixture.step({
    kind: 'bytes-received',
    medium: 'eth1',
    bytes: fixture.bytes(fields, ring),
  });

const prints = (ring: KeyRing): string =>
  [...ring.keys.keys()].map((number) => `${number}:${keyFingerprint(ring, number)}`).join(' ');

function change(fixture: Fixture, ring: KeyRing): readonly ClusterEffect[] {
  return fixture.step({ kind: 'keys-changed', ring });
}

const beat = (fixture: Fixture): string => sent(fixture.pass(100)).at(-1) ?? '';

describe('a key that is rolled', () => {
  it('signs at once when the peer is another Lubdub that has it', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const both = ringOf(1, old, fresh);
    change(fixture, both);
    hear(fixture, both, { t: 'lubdub-facts', keys: prints(both), seq: '2' });
    const effects = change(fixture, ringOf(2, old, fresh));
    assert.deepEqual(sent(effects), ['lubdub-facts by 2']);
    assert.equal(beat(fixture), 'status by 2');
  });

  it('waits for a Lubdub that has not got it, and signs when it has', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const before = ringOf(1, old);
    hear(fixture, before, { t: 'lubdub-facts', keys: prints(before), seq: '2' });
    const effects = change(fixture, ringOf(2, old, fresh));
    assert.match(logTexts(effects).join(), /key 1 signs our messages, until node dad has key 2/);
    assert.equal(beat(fixture), 'status by 1');
    const after = ringOf(2, old, fresh);
    const news = hear(fixture, after, { t: 'lubdub-facts', keys: prints(after), seq: '3' });
    assert.match(logTexts(news).join(), /key 2 signs our messages, as authkeys says/);
    assert.equal(beat(fixture), 'status by 2');
  });

  it('does not sign when the peer has another key under its number', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const other = ringOf(1, old, { ...fresh, key: 'otherwise' });
    hear(fixture, other, { t: 'lubdub-facts', keys: prints(other), seq: '2' });
    change(fixture, ringOf(2, old, fresh));
    assert.equal(beat(fixture), 'status by 1');
  });

  it('follows the key of a peer that is heartbeat 3.0.6, both ways', () => {
    const second: AuthKey = { ...fresh, method: 'sha1' };
    const fixture = createFixture({ ring: ringOf(1, old, second) });
    startedBeside(fixture);
    hear(fixture, ringOf(2, old, second), { ...status, seq: '2' });
    assert.equal(beat(fixture), 'status by 2');
    hear(fixture, ringOf(1, old, second), { ...status, seq: '3' });
    change(fixture, ringOf(2, old, second));
    assert.equal(beat(fixture), 'status by 1');
    hear(fixture, ringOf(2, old, second), { ...status, seq: '4' });
    assert.equal(beat(fixture), 'status by 2');
  });

  it('signs anew what has to be sent again', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const both = ringOf(2, old, fresh);
    hear(fixture, ringOf(1, old), { t: 'lubdub-facts', keys: prints(both), seq: '2' });
    change(fixture, both);
    const request = { t: 'NS_rexmit', dest: 'mom', firstseq: '2', lastseq: '2' };
    assert.deepEqual(sent(hear(fixture, both, request)), ['status by 2']);
  });

  it('is taken in by what it signed, and the old one no more when it is gone', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    change(fixture, ringOf(2, fresh));
    hear(fixture, ringOf(1, old), { ...status, seq: '2' });
    assert.deepEqual(fixture.engine.snapshot().refused, { 'unknown-key': 1 });
  });
});

describe('what two Lubdub nodes tell each other', () => {
  it('is answered once, and shows where the files differ', () => {
    const fixture = createFixture({ clusterHash: 'abc', resourcesHash: 'def' });
    startedBeside(fixture);
    const facts = { t: 'lubdub-facts', hacf: 'abc', hares: 'xyz', keys: prints(ringOf(1, old)) };
    assert.deepEqual(sent(fixture.hear({ ...facts, seq: '2' })), ['lubdub-facts by 1']);
    assert.deepEqual(sent(fixture.hear({ ...facts, seq: '3' })), []);
    const dad = fixture.engine.snapshot().nodes.find((node) => node.name === 'dad');
    assert.deepEqual(dad?.agreement, {
      isClusterSame: true,
      areResourcesSame: false,
      sharedKeys: [1],
    });
  });

  it('is forgotten with the run that said it', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.hear({ t: 'lubdub-facts', keys: '', seq: '2' });
    fixture.hear({ ...status, hg: '201', seq: '1' });
    const dad = fixture.engine.snapshot().nodes.find((node) => node.name === 'dad');
    assert.equal(dad?.agreement, undefined);
  });
});
