// Numbers of messages: what goes out, gaps, requests, retransmission, acknowledgement.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { briefOf, createFixture, logTexts, sentMessages, startedBeside } from './engine-fixture.js';

const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };

describe('what goes out', () => {
  it('carries the fields of heartbeat 3.0.6 in their order', () => {
    const fixture = createFixture();
    const [first] = sentMessages(fixture.step({ kind: 'started' }));
    assert.deepEqual(
      first?.fields.map(({ name }) => name),
      ['t', 'st', 'dt', 'protocol', 'src', 'srcuuid', 'seq', 'hg', 'ts', 'ld', 'ttl', 'auth'],
    );
  });

  it('begins with init and up, and advertises two seconds more at first', () => {
    const fixture = createFixture();
    assert.deepEqual(briefOf(fixture.step({ kind: 'started' }), 'status'), [
      't=status st=init dt=bb8 protocol=1 src=mom seq=1 ttl=3',
      't=status st=up dt=bb8 protocol=1 src=mom seq=2 ttl=3',
    ]);
  });

  it('advertises the dead time proper after five seconds', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.pass(4_990);
    const [first] = briefOf(fixture.pass(20), 'status');
    assert.match(first ?? '', / dt=3e8 /);
  });

  it('puts no line feed of the load text into a message', () => {
    const fixture = createFixture();
    fixture.step({ kind: 'load-read', text: '0.1 0.2 0.3 1/2 3\nseq=9\x13' });
    const [first] = sentMessages(fixture.step({ kind: 'started' }));
    const load = first?.fields.find(({ name }) => name === 'ld');
    assert.ok(load?.type === 0);
    assert.equal(load.text, '0.1 0.2 0.3 1/2 3seq=9');
  });
});

describe('a gap', () => {
  it('is logged and each missing number is asked for between 50 and 250 ms later', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const effects = fixture.hear({ ...status, seq: '4' });
    assert.ok(logTexts(effects).includes('2 lost packet(s) for [dad] [1:4]'));
    assert.deepEqual(briefOf(fixture.pass(49), 'NS_rexmit'), []);
    assert.deepEqual([...briefOf(fixture.pass(202), 'NS_rexmit')].sort(), [
      't=NS_rexmit dest=dad firstseq=2 lastseq=2 src=mom ttl=3',
      't=NS_rexmit dest=dad firstseq=3 lastseq=3 src=mom ttl=3',
    ]);
  });

  it('is asked for again after the repeat interval until it is filled', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.hear({ ...status, seq: '3' });
    assert.ok(briefOf(fixture.pass(700), 'NS_rexmit').length >= 2);
    const effects = fixture.hear({ ...status, seq: '2' });
    assert.ok(logTexts(effects).includes('No pkts missing from dad!'));
    fixture.hear({ ...status, seq: '4' });
    assert.deepEqual(briefOf(fixture.pass(700), 'NS_rexmit'), []);
  });

  it('of more than 250 is not asked for', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const effects = fixture.hear({ ...status, seq: '200' });
    assert.ok(logTexts(effects).includes('lost a lot of packets!'));
    assert.deepEqual(briefOf(fixture.pass(900), 'NS_rexmit'), []);
  });

  it('that the sender cannot fill is given up', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.hear({ ...status, seq: '3' });
    const effects = fixture.hear({ t: 'NS_nak_rexmit', firstseq: '2', dest: 'mom', info: 'gone' });
    assert.ok(logTexts(effects).includes('Irretrievably lost packet: node dad seq 2'));
    assert.deepEqual(briefOf(fixture.pass(900), 'NS_rexmit'), []);
  });
});

describe('a request for retransmission', () => {
  const request = { t: 'NS_rexmit', dest: 'mom' };

  it('sends the stored message again, byte for byte, and not twice within the interval', () => {
    const fixture = createFixture();
    const [first] = fixture.step({ kind: 'started' }).filter((effect) => effect.kind === 'send');
    const again = fixture.hear({ ...request, firstseq: '1', lastseq: '1' });
    assert.deepEqual(
      again.filter((effect) => effect.kind === 'send'),
      [first],
    );
    const soon = fixture.hear({ ...request, firstseq: '1', lastseq: '1' });
    assert.deepEqual(
      soon.filter((effect) => effect.kind === 'send'),
      [],
    );
  });

  it('of a number that has left the history is refused', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    for (let n = 2; n < 60; n++) {
      fixture.pass(900);
      fixture.hear({ ...status, seq: n.toString(16) });
    }
    assert.ok(fixture.engine.snapshot().sequence > 500);
    const effects = fixture.hear({ ...request, firstseq: '1', lastseq: '1' });
    assert.ok(logTexts(effects).includes('Cannot rexmit pkt 1 for dad: seqno too low'));
    assert.deepEqual(briefOf(effects, 'NS_nak_rexmit'), [
      't=NS_nak_rexmit firstseq=1 dest=dad info=seqno too low src=mom ttl=3',
    ]);
  });

  it('above the newest number is logged and not answered', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const effects = fixture.hear({ ...request, firstseq: '900', lastseq: '900' });
    assert.match(logTexts(effects)[0] ?? '', /^Rexmit of seq 900 requested\. \d+ is max\.$/);
    assert.equal(effects.length, 1);
  });

  it('is answered for at most 50 numbers', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    fixture.pass(900);
    for (let n = 2; n < 12; n++) {
      fixture.hear({ ...status, seq: n.toString(16) });
      fixture.pass(900);
    }
    const effects = fixture.hear({ ...request, firstseq: '1', lastseq: '100000000000000' });
    assert.equal(effects.filter((effect) => effect.kind === 'send').length, 50);
  });
});

describe('the history', () => {
  const filling = (texts: readonly string[]): readonly string[] =>
    texts.filter((text) => text.startsWith('Message hist queue is filling up'));

  it('is said to fill when a living peer acknowledges nothing, and not with every message', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const texts: string[] = [];
    for (let seq = 2; seq < 130; seq++) {
      texts.push(...logTexts(fixture.pass(500)));
      fixture.hear({ ...status, seq: seq.toString(16) });
    }
    const said = filling(texts);
    assert.match(said[0] ?? '', /\(37[6-9] messages/);
    assert.match(said[1] ?? '', /\(45[1-4] messages/);
    assert.equal(said.length, 2);
  });

  it('is not said to fill beside a peer that acknowledges one in ten', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const texts: string[] = [];
    for (let seq = 2; seq < 130; seq++) {
      texts.push(...logTexts(fixture.pass(500)));
      fixture.hear({ ...status, seq: seq.toString(16) });
      const ackseq = (seq * 5 - 5).toString(16);
      fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq });
    }
    assert.deepEqual(filling(texts), []);
  });

  it('takes no acknowledgement of what was never sent', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const effects = fixture.hear({ t: 'NS_ackmsg', dest: 'mom', ackseq: 'ffff' });
    assert.match(logTexts(effects).join(), /HBDoMsg_T_ACK: corrupted ackseq/);
    assert.equal(fixture.engine.snapshot().refused['ack-above-max'], 1);
  });
});

describe('acknowledgement', () => {
  it('is sent for one message in ten', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    let acks = 0;
    for (let seq = 2; seq < 50; seq++) {
      acks += briefOf(fixture.hear({ ...status, seq: seq.toString(16) }), 'NS_ackmsg').length;
    }
    assert.equal(acks, 4);
  });

  it('is never the first that a starting peer hears', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    for (let seq = 2; seq < 10; seq++) {
      const effects = fixture.hear({ ...status, seq: seq.toString(16) });
      assert.deepEqual(briefOf(effects, 'NS_ackmsg'), []);
    }
  });

  it('stops for good with a peer that sends no protocol', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const { protocol: _, ...without } = status;
    const effects = fixture.hear({ ...without, seq: '2' });
    const text = 'flow control disabled due to different version heartbeat';
    assert.ok(logTexts(effects).includes(text));
    let acks = 0;
    for (let seq = 3; seq < 43; seq++) {
      acks += briefOf(fixture.hear({ ...without, seq: seq.toString(16) }), 'NS_ackmsg').length;
    }
    assert.equal(acks, 0);
    assert.doesNotMatch(briefOf(fixture.pass(150), 'status')[0] ?? 'protocol', /protocol/);
  });
});
