// Recorded messages: neither of a higher generation nor without a number do they do lasting harm.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { fieldText } from '#src/wire/ha-message.js';
import {
  createFixture,
  type Fixture,
  logTexts,
  sentMessages,
  startedBeside,
} from './engine-fixture.js';

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };

function started(): Fixture {
  const fixture = createFixture();
  startedBeside(fixture);
  fixture.hear({ t: 'resource', rsc_hold: 'local', rtype: 'full', isstable: '1', seq: '2' });
  return fixture;
}

const dad = (fixture: Fixture) =>
  fixture.engine.snapshot().nodes.find((node) => node.name === 'dad');

function questionIn(effects: readonly ClusterEffect[]): string | undefined {
  const question = sentMessages(effects).find((each) => fieldText(each, 't') === 'query-cstatus');
  return question && fieldText(question, 'cn');
}

describe('a recorded message of a higher generation', () => {
  it('locks the living node out only until it answers one question', () => {
    const fixture = started();
    fixture.hear({ ...status, hg: '300', seq: '1', ts: '4' });
    assert.equal(dad(fixture)?.generation, 0x300);
    const name = questionIn(fixture.hear({ ...status, seq: '3', ts: '7' }));
    assert.match(name ?? '', /^proof-[0-9a-f]{16}$/);
    const answer = { t: 'respond-cstatus', dest: 'mom', cn: name ?? '', to_id: name ?? '' };
    const effects = fixture.hear({ ...answer, cs: 'offline', seq: '4', ts: '7' });
    assert.match(logTexts(effects).join(), /dad lives at generation 512: generation 768 was/);
    assert.equal(dad(fixture)?.generation, 0x200);
    assert.equal(dad(fixture)?.holding, 'local');
    fixture.hear({ ...status, seq: '5', ts: '8' });
    assert.equal(dad(fixture)?.state, 'active');
  });

  it('is refused from then on, and a real start with that generation is not', () => {
    const fixture = started();
    fixture.hear({ ...status, hg: '300', seq: '1', ts: '4' });
    const name = questionIn(fixture.hear({ ...status, seq: '3', ts: '7' })) ?? '';
    fixture.hear({ t: 'respond-cstatus', dest: 'mom', cn: name, seq: '4', ts: '7' });
    fixture.hear({ ...status, hg: '300', seq: '1', ts: '4' });
    assert.equal(dad(fixture)?.generation, 0x200);
    fixture.hear({ ...status, hg: '300', seq: '1', ts: '9' });
    assert.equal(dad(fixture)?.generation, 0x300);
  });

  it('stays in force when the answer is a recorded one, too late, or none', () => {
    const fixture = started();
    fixture.hear({ ...status, hg: '300', seq: '1' });
    const name = questionIn(fixture.hear({ ...status, seq: '3' })) ?? '';
    fixture.hear({ t: 'respond-cstatus', dest: 'mom', cn: 'proof-0123456789abcdef', seq: '4' });
    assert.equal(dad(fixture)?.generation, 0x300);
    fixture.sleep(6000);
    fixture.hear({ t: 'respond-cstatus', dest: 'mom', cn: name, seq: '5' });
    assert.equal(dad(fixture)?.generation, 0x300);
  });

  it('makes us ask once a second at most', () => {
    const fixture = started();
    fixture.hear({ ...status, hg: '300', seq: '1' });
    let questions = 0;
    for (let seq = 3; seq < 53; seq++) {
      if (questionIn(fixture.hear({ ...status, seq: seq.toString(16) })) !== undefined) questions++;
      fixture.sleep(10);
    }
    assert.equal(questions, 1);
  });
});

describe('a recorded message without a number', () => {
  const refused = (fixture: Fixture): Readonly<Record<string, number>> =>
    fixture.engine.snapshot().refused;

  it('of a former run is refused', () => {
    const fixture = started();
    fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: '1', hg: '1ff' });
    assert.deepEqual(refused(fixture), { replay: 1 });
  });

  it('older than the last status by more than ten seconds is refused', () => {
    const fixture = started();
    fixture.hear({ ...status, seq: '3', ts: '64' });
    fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: '1', ts: '50' });
    assert.deepEqual(refused(fixture), { 'stale-protocol': 1 });
    fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: '1', ts: '5b' });
    assert.deepEqual(refused(fixture), { 'stale-protocol': 1 });
  });

  it('of a sender whose clock was set back is taken after its next status', () => {
    const fixture = started();
    fixture.hear({ ...status, seq: '3', ts: '6400' });
    fixture.hear({ ...status, seq: '4', ts: '64' });
    fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: '1', ts: '64' });
    assert.deepEqual(refused(fixture), {});
  });
});
