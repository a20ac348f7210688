// Ping nodes: what they are asked, what counts as an answer, and when they die.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { openMessage } from '#src/auth/envelope.js';
import { millis } from '#src/base/time.js';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { fieldText } from '#src/wire/ha-message.js';
import { createFixture, type Fixture, logTexts, ringOf, startedBeside } from './engine-fixture.js';

const media = [
  { name: 'eth1', kind: 'bcast' },
  { name: '10.0.0.254', kind: 'ping' },
] as const;
const withPingNode = { media, pingNodes: ['10.0.0.254'] };

function lastQuestion(effects: readonly ClusterEffect[]): Uint8Array {
  const asked = effects.findLast((effect) => effect.kind === 'ask-ping-node');
  assert.equal(asked?.medium, '10.0.0.254');
  return asked.datagram;
}

const answer = (fixture: Fixture, bytes: Uint8Array): readonly ClusterEffect[] =>
  fixture.step({ kind: 'ping-answered', medium: '10.0.0.254', bytes });

describe('ping nodes', () => {
  it('are asked with each status, by a whole signed message', () => {
    const fixture = createFixture(withPingNode);
    startedBeside(fixture);
    const opened = openMessage(lastQuestion(fixture.pass(100)), ringOf());
    assert.ok(opened.ok);
    const names = opened.value.message.fields.map((field) => field.name);
    assert.deepEqual(names, ['t', 'st', 'info', 'src', 'ts', 'auth']);
    assert.equal(fieldText(opened.value.message, 'src'), '10.0.0.254');
    const beats = fixture.pass(1_000);
    const count = (kind: string): number => beats.filter((each) => each.kind === kind).length;
    assert.equal(count('ask-ping-node'), count('send'));
  });

  it('die after deadping without an answer, and live again with the next', () => {
    const fixture = createFixture({ ...withPingNode, deadping: millis(700) });
    startedBeside(fixture);
    answer(fixture, lastQuestion(fixture.pass(100)));
    assert.ok(!logTexts(fixture.pass(650)).some((text) => text.includes('is dead')));
    const texts = logTexts(fixture.pass(100));
    assert.ok(texts.some((text) => text.startsWith('node 10.0.0.254: is dead')));
    assert.ok(texts.some((text) => text.startsWith('Link 10.0.0.254:10.0.0.254 dead.')));
    answer(fixture, lastQuestion(fixture.pass(100)));
    const status = fixture.engine.snapshot().nodes.find((node) => node.kind === 'ping');
    assert.equal(status?.state, 'ping');
  });

  it('live by answers to questions of the last dead time, not by recorded ones', () => {
    const fixture = createFixture({ ...withPingNode, deadping: millis(700) });
    startedBeside(fixture);
    const recorded = lastQuestion(fixture.pass(100));
    answer(fixture, recorded);
    fixture.pass(2_000);
    answer(fixture, recorded);
    answer(fixture, fixture.bytes({ t: 'NS_st', st: 'ping', info: 'ping', src: '10.0.0.254' }));
    answer(fixture, new Uint8Array(0));
    const { nodes, refused } = fixture.engine.snapshot();
    assert.equal(nodes.find((node) => node.kind === 'ping')?.state, 'dead');
    assert.equal(refused['stale-answer'], 3);
  });

  it('must be heard or dead before the node becomes active', () => {
    const fixture = createFixture(withPingNode);
    startedBeside(fixture);
    assert.ok(!logTexts(fixture.pass(500)).includes('Comm_now_up(): updating status to active'));
    const effects = answer(fixture, lastQuestion(fixture.pass(100)));
    const texts = logTexts(effects);
    assert.ok(texts.includes('Link 10.0.0.254:10.0.0.254 up.'));
    assert.ok(
      texts.some((text) => text.startsWith('Status update for node 10.0.0.254: status ping')),
    );
  });
});
