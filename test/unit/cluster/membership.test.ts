// Members that come and go while the cluster runs: who may be deleted, and what the others hear.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { briefOf, createFixture, type Fixture, logTexts, startedBeside } from './engine-fixture.js';

function started(nodes: readonly string[] = ['mom', 'dad']): Fixture {
  const fixture = createFixture({ nodes });
  startedBeside(fixture);
  return fixture;
}

let operators = 0;
const ask = (
  fixture: Fixture,
  command: 'add' | 'delete',
  ...nodes: readonly string[]
): readonly ClusterEffect[] => {
  operators += 1;
  return fixture.step({ kind: 'members-asked', id: operators, command, nodes });
};

const answerOf = (effects: readonly ClusterEffect[]): string =>
  effects.flatMap((each) => (each.kind === 'answer-operator' ? [each.text] : [])).join();

const namesIn = (fixture: Fixture): readonly string[] =>
  fixture.engine.snapshot().nodes.map((node) => node.name);

const silence = (fixture: Fixture, ms: number): void => {
  // The peer goes on speaking, so that only the third node is silent.
  for (let seq = 2; seq < 2 + ms / 500; seq++) {
    fixture.pass(500);
    fixture.hear({ t: 'status', st: 'active', dt: '3e8', protocol: '1', seq: seq.toString(16) });
  }
};

describe('members that are added', () => {
  it('are told to all in the words of hb_addnode, and counted in ttl', () => {
    const fixture = started();
    const effects = ask(fixture, 'add', 'Kid');
    assert.match(briefOf(effects, 'addnode').join(), /t=addnode nodelist=kid src=mom .*ttl=3/);
    assert.deepEqual(namesIn(fixture), ['mom', 'dad', 'kid']);
    const changed = effects.find((each) => each.kind === 'members-changed');
    assert.deepEqual(
      changed?.members.map((each) => each.name),
      ['mom', 'dad', 'kid'],
    );
  });

  it('come by a message of the peer as well', () => {
    const fixture = started();
    fixture.hear({ t: 'addnode', nodelist: 'kid', seq: '2' });
    assert.deepEqual(namesIn(fixture), ['mom', 'dad', 'kid']);
  });

  it('are dead after deadtime of silence, and nothing is taken from a living peer for it', () => {
    const fixture = started();
    ask(fixture, 'add', 'kid');
    const before = fixture.engine.snapshot().holding;
    silence(fixture, 2000);
    const kid = fixture.engine.snapshot().nodes.find((node) => node.name === 'kid');
    assert.equal(kid?.state, 'dead');
    assert.equal(fixture.engine.snapshot().holding, before);
  });

  it('are not more than a hundred, and have names that hosts can have', () => {
    const fixture = started();
    const many = Array.from({ length: 120 }, (_, n) => `kid${n}`);
    assert.match(answerOf(ask(fixture, 'add', ...many)), /only 98 more nodes/);
    assert.match(answerOf(ask(fixture, 'add', '(x)', '')), /no new node/);
    fixture.hear({ t: 'addnode', nodelist: many.join(' '), seq: '2' });
    assert.equal(namesIn(fixture).length, 100);
  });
});

describe('members that are deleted', () => {
  it('must be dead, and all others alive', () => {
    const fixture = started(['mom', 'dad', 'kid', 'cat']);
    assert.match(answerOf(ask(fixture, 'delete', 'dad')), /dad is not dead/);
    assert.match(answerOf(ask(fixture, 'delete', 'mom')), /this node/);
    assert.match(answerOf(ask(fixture, 'delete', 'dog')), /not in the cluster/);
    silence(fixture, 3000);
    assert.match(answerOf(ask(fixture, 'delete', 'kid')), /cat is dead: all others/);
    const effects = ask(fixture, 'delete', 'kid', 'cat');
    assert.match(briefOf(effects, 'delnode').join(), /nodelist=kid cat/);
    assert.deepEqual(namesIn(fixture), ['mom', 'dad']);
  });

  it('are named to a node that asks for the list', () => {
    const fixture = started(['mom', 'dad', 'kid']);
    silence(fixture, 3000);
    ask(fixture, 'delete', 'kid');
    const effects = fixture.hear({ t: 'reqnodes', dest: 'mom', seq: '40' });
    assert.match(briefOf(effects, 'repnodes').join(), /nodelist=mom dad {2}delnodelist=kid /);
  });

  it('are never those that are heard, whatever a peer says', () => {
    const fixture = started(['mom', 'dad', 'kid']);
    const effects = fixture.hear({ t: 'delnode', nodelist: 'mom dad', seq: '2' });
    assert.equal(logTexts(effects).filter((text) => text.includes('not done')).length, 2);
    assert.deepEqual(namesIn(fixture), ['mom', 'dad', 'kid']);
  });

  it('go when the list of a peer that was there before does not name them', () => {
    const fixture = createFixture({ nodes: ['mom', 'dad', 'kid'] });
    startedBeside(fixture);
    fixture.hear({
      t: 'repnodes',
      dest: 'mom',
      nodelist: 'mom dad cow ',
      delnodelist: ' ',
      seq: '2',
    });
    assert.deepEqual(namesIn(fixture), ['mom', 'dad', 'cow']);
  });

  it('make room for another node to share the resource groups with', () => {
    const fixture = started();
    fixture.pass(3000);
    assert.deepEqual(answerOf(ask(fixture, 'delete', 'dad')).slice(0, 11), 'deleted dad');
    ask(fixture, 'add', 'kid');
    fixture.hear({ src: 'kid', t: 'status', st: 'active', dt: '3e8', protocol: '1', seq: '1' });
    const effects = fixture.hear({ src: 'kid', t: 'starting', seq: '2' });
    assert.match(briefOf(effects, 'resource').join(), /rsc_hold=all/);
  });
});
