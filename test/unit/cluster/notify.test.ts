// What scripts hear of the cluster, and what they may say.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { textField } from '#src/wire/ha-message.js';
import { briefOf, createFixture, type Fixture, logTexts, startedBeside } from './engine-fixture.js';

type Notice = Extract<ClusterEffect, { kind: 'notify' }>;

const notices = (effects: readonly ClusterEffect[]): readonly Notice[] =>
  effects.filter((effect) => effect.kind === 'notify');

const offer = (
  fixture: Fixture,
  fields: Readonly<Record<string, string>>,
): readonly ClusterEffect[] => {
  const texts = Object.entries(fields).map(([name, text]) => textField(name, text));
  return fixture.step({ kind: 'message-offered', message: { fields: texts } });
};

describe('the scripts of rc.d', () => {
  it('hear of each change of a node’s status, with node and status', () => {
    const fixture = createFixture({ notifyTypes: ['status'] });
    fixture.step({ kind: 'started' });
    const status = { t: 'status', st: 'active', dt: '3e8', protocol: '1' };
    const [first] = notices(fixture.hear({ ...status, seq: '1' }));
    assert.equal(first?.type, 'status');
    const { HA_st, HA_src, HA_CURHOST } = first?.environment ?? {};
    assert.deepEqual([HA_st, HA_src, HA_CURHOST], ['active', 'dad', 'mom']);
    assert.deepEqual(notices(fixture.hear({ ...status, seq: '2' })), []);
    const dead = notices(fixture.pass(3000)).find((each) => each.environment.HA_st === 'dead');
    assert.equal(dead?.environment.HA_DONTASK, 'yes');
  });

  it('hear of messages of their type, sent and received, field by field', () => {
    const fixture = createFixture({ notifyTypes: ['backup-done'] });
    startedBeside(fixture);
    const heard = notices(fixture.hear({ t: 'backup-done', disk: 'a b', seq: '2' }));
    assert.equal(heard[0]?.environment.HA_disk, 'a b');
    const sent = notices(offer(fixture, { t: 'backup-done', disk: 'c' }));
    assert.deepEqual([sent[0]?.environment.HA_disk, sent[0]?.environment.HA_src], ['c', 'mom']);
    assert.deepEqual(notices(fixture.hear({ t: 'other', seq: '3' })), []);
  });

  it('are not told by a peer what only this node can say', () => {
    const fixture = createFixture({ notifyTypes: ['x'], autoFailback: 'legacy' });
    startedBeside(fixture);
    const [notice] = notices(
      fixture.hear({ t: 'x', CURHOST: 'dad', NICEFAILBACK: 'yes', 'a-b': 'c', seq: '2' }),
    );
    assert.equal(notice?.environment.HA_CURHOST, 'mom');
    assert.equal(notice?.environment.HA_NICEFAILBACK, undefined);
    assert.ok(!Object.keys(notice?.environment ?? {}).some((name) => name.includes('-')));
  });
});

describe('a message that a script offers', () => {
  it('is sent with the standard fields, which it cannot forge', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const [text] = briefOf(offer(fixture, { t: 'note', src: 'dad', text: 'x' }), 'note');
    assert.match(text ?? '', /text=x .*src=mom/);
  });

  it('does not say what this node holds, or that it lives', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    for (const t of ['resource', 'status', 'shutdone', 'NS_ackmsg']) {
      const effects = offer(fixture, { t, rsc_hold: 'foreign', info: 'mach_down' });
      assert.deepEqual(briefOf(effects, t), [], t);
    }
  });

  it('asks for a group that is not held here in vain', () => {
    const fixture = createFixture();
    startedBeside(fixture);
    const fields = { t: 'ip-request-resp', dest: 'mom', ipaddr: 'A', ok: 'OK' };
    assert.match(logTexts(offer(fixture, fields)).join(), /asks for the group A: .*not held here/);
  });
});
