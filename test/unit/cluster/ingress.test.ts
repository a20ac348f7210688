// What is refused on the way in, by which name, and what never is.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { ClusterEvent } from '#src/cluster/cluster-event.js';
import { createFixture, type Fixture, logTexts, ringOf, startedBeside } from './engine-fixture.js';

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };

function started(): Fixture {
  const fixture = createFixture();
  startedBeside(fixture);
  return fixture;
}

const refused = (fixture: Fixture): Readonly<Record<string, number>> =>
  fixture.engine.snapshot().refused;

const heard = (bytes: Uint8Array): ClusterEvent => ({
  kind: 'bytes-received',
  medium: 'eth1',
  bytes,
});

describe('the way in', () => {
  it('refuses a message signed with another key, and says so without any digest', () => {
    const fixture = started();
    const bytes = fixture.bytes({ ...status, seq: '2' }, ringOf('stolen'));
    const texts = logTexts(fixture.step(heard(bytes)));
    assert.deepEqual(refused(fixture), { 'bad-digest': 1 });
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? '', /failed authentication/);
    assert.doesNotMatch(texts[0] ?? '', /[0-9a-f]{16}/);
  });

  for (const [code, fields] of [
    ['missing-type', { seq: '2' }],
    ['missing-sender', { ...status, src: '', seq: '2' }],
    ['missing-timestamp', { ...status, ts: '0', seq: '2' }],
    ['bad-sequence', { ...status, seq: '0' }],
    ['bad-sequence', { ...status, seq: 'x1' }],
    ['bad-generation', { ...status, hg: 'moon', seq: '2' }],
    ['unknown-node', { ...status, src: 'stranger', seq: '2' }],
    ['replay', { ...status, hg: '1ff', seq: '2' }],
    ['name-conflict', { ...status, src: 'mom', seq: '2' }],
  ] as const) {
    it(`counts ${code} for ${JSON.stringify(fields)}`, () => {
      const fixture = started();
      fixture.hear(fields);
      assert.deepEqual(refused(fixture), { [code]: 1 });
    });
  }

  it('logs a flood of one kind at most once a second', () => {
    const fixture = started();
    const lines: string[] = [];
    for (let n = 0; n < 50; n++) {
      lines.push(...logTexts(fixture.step(heard(Uint8Array.of(1, 2, 3)))));
      fixture.sleep(10);
    }
    assert.equal(lines.length, 1);
    assert.deepEqual(refused(fixture), { 'not-a-message': 50 });
  });

  it('takes the copy on the second medium for a duplicate: its link is up, nothing else', () => {
    const media = [
      { name: 'eth1', kind: 'bcast' },
      { name: '/dev/ttyS0', kind: 'serial' },
    ] as const;
    const fixture = createFixture({ media });
    startedBeside(fixture);
    const bytes = fixture.bytes({ ...status, seq: '1' });
    const effects = fixture.step({ kind: 'bytes-received', medium: '/dev/ttyS0', bytes });
    assert.deepEqual(logTexts(effects), ['Link dad:/dev/ttyS0 up.']);
    assert.equal(effects.length, 1);
  });

  it('hears its own broadcast and takes it for nothing but a link', () => {
    const fixture = createFixture();
    const [first] = fixture.step({ kind: 'started' }).filter((effect) => effect.kind === 'send');
    assert.ok(first?.kind === 'send');
    assert.deepEqual(logTexts(fixture.step(heard(first.datagram))), ['Link mom:eth1 up.']);
  });

  it('knows its last beat again without judging it', () => {
    let judged = 0;
    const { hmac, ...rest } = ringOf();
    const ring = {
      ...rest,
      hmac: (...args: Parameters<typeof hmac>) => {
        judged++;
        return hmac(...args);
      },
    };
    const fixture = createFixture({ ring });
    const sent = fixture.step({ kind: 'started' }).filter((effect) => effect.kind === 'send');
    const [first, last] = [sent[0], sent.at(-1)];
    assert.ok(first?.kind === 'send' && last?.kind === 'send' && first !== last);
    judged = 0;
    fixture.step(heard(last.datagram));
    assert.equal(judged, 0);
    fixture.step(heard(first.datagram));
    assert.ok(judged > 0);
    assert.equal(fixture.engine.snapshot().received, 2);
  });

  it('goes by destuuid where there is one, else by name', () => {
    const fixture = started();
    const answer = fixture.hear({ t: 'reqnodes', dest: 'somebody', seq: '2' });
    assert.deepEqual(
      answer.filter((effect) => effect.kind === 'send'),
      [],
    );
  });

  it('never throws on any bytes', () => {
    const fixture = started();
    const good = fixture.bytes({ ...status, seq: '2' });
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.nat(255))
      .map(([at, value]) => good.with(at, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
        fixture.step(heard(bytes));
      }),
    );
  });

  it('never throws on signed messages with any fields', () => {
    const types = ['status', 'resource', 'ask_resources', 'NS_rexmit', 'NS_ackmsg', 'starting'];
    const more = ['repnodes', 'shutdone', 'hb_takeover', 'lubdub-heal', 'ip-request', 'reqnodes'];
    const names = [
      'st',
      'dt',
      'rsc_hold',
      'info',
      'firstseq',
      'lastseq',
      'ackseq',
      'dest',
      'claim',
    ];
    const words = ['all', 'none', 'me', 'done', 'other', 'active', '0', 'ffffffff', '7', 'mom', ''];
    const fields = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...words));
    let seq = 1;
    const fixture = started();
    fc.assert(
      fc.property(fc.constantFrom(...types, ...more), fields, (t, rest) => {
        seq++;
        fixture.hear({ ...rest, t, seq: seq.toString(16) });
        fixture.pass(7);
      }),
      { numRuns: 500 },
    );
  });
});
