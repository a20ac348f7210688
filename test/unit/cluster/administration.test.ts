// What directors say to each other travels between Lubdub nodes alone, never to heartbeat 3.0.6.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdministrationOffer } from '#src/cluster/administration.js';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { partsOf } from '#src/heartbeat/administration.js';
import { fieldText } from '#src/wire/ha-message.js';
import {
  createFixture,
  type Fixture,
  ringOf,
  sentMessages,
  startedBeside,
} from './engine-fixture.js';

const offer: AdministrationOffer = {
  instance: 'ldirectord.cf',
  parts: ['[{"server":"10.0.0.1"}]', '[{"server":"10.0.0.2"}]'],
  digest: 'd1',
  configHash: 'c1',
  isReply: false,
};

const ask = (fixture: Fixture): readonly ClusterEffect[] =>
  fixture.step({ kind: 'administration-offered', id: 7, offer });

const hear = (fixture: Fixture, fields: Readonly<Record<string, string>>) =>
  fixture.step({
    kind: 'bytes-received',
    medium: 'eth1',
    bytes: fixture.bytes(fields, ringOf()),
  });

const answers = (effects: readonly ClusterEffect[]) =>
  effects.filter((effect) => effect.kind === 'answer-operator');

describe('words of directors', () => {
  it('are not sent beside heartbeat 3.0.6, and who offers them is told so', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const effects = ask(fixture);
    assert.deepEqual(sentMessages(effects), []);
    const text = 'no other Lubdub node is heard: it is told when it is';
    assert.deepEqual(answers(effects), [{ kind: 'answer-operator', id: 7, isDone: false, text }]);
  });

  it('go to another Lubdub node in parts; the last carries the digest of all', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const heard = hear(fixture, { t: 'lubdub-facts', keys: '', seq: '2' });
    assert.ok(heard.some((effect) => effect.kind === 'lubdub-node-heard'));
    const effects = ask(fixture);
    const shown = sentMessages(effects).map((message) =>
      ['t', 'conf', 'words', 'digest', 'cfhash', 'reply'].map((name) => fieldText(message, name)),
    );
    const [first, second] = offer.parts;
    assert.deepEqual(shown, [
      ['lubdub-admin', 'ldirectord.cf', first, undefined, 'c1', '0'],
      ['lubdub-admin', 'ldirectord.cf', second, 'd1', 'c1', '0'],
    ]);
    assert.equal(answers(effects).length, 1);
  });

  it('of another node are handed on as they are', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const words = '[{"server":"10.0.0.1"}]';
    const more = { conf: 'ldirectord.cf', digest: 'd2', cfhash: 'c2', reply: '1', seq: '2' };
    const effects = hear(fixture, { t: 'lubdub-admin', words, ...more });
    const news = effects.filter((effect) => effect.kind === 'administration-heard');
    assert.equal(news.length, 1);
    const { node: _node, ...rest } = news[0]?.news ?? { node: '' };
    assert.deepEqual(rest, {
      instance: 'ldirectord.cf',
      text: words,
      digest: 'd2',
      configHash: 'c2',
      isReply: true,
    });
  });

  it('are cut into lists that fit a message, in printable ASCII', () => {
    const entries = Array.from({ length: 40 }, (_, at) => ({
      server: `10.0.0.${at}`,
      reason: 'ä'.repeat(40),
    }));
    const parts = partsOf(entries);
    assert.ok(parts.length > 5);
    for (const part of parts) assert.match(part, /^[\x20-\x7e]{2,1000}$/);
    assert.deepEqual(
      parts.flatMap((part) => JSON.parse(part) as unknown[]),
      entries,
    );
    assert.deepEqual(partsOf([]), ['[]']);
  });
});
