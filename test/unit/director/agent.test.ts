// The words of agents, and how percentages are damped and forgotten.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import {
  AGENT_CHANGE_MIN,
  AGENT_FAILURES_MAX,
  AGENT_STEP_MAX,
  type AgentState,
  afterAgentFailure,
  afterAgentWord,
  agentHold,
  agentText,
  agentWeight,
  readAgentWord,
} from '#src/director/agent.js';

/** The state after these answers; an empty one is no answer. */
function heard(...answers: readonly string[]): AgentState | undefined {
  let state: AgentState | undefined;
  for (const answer of answers) {
    const word = readAgentWord(answer);
    state = word === undefined ? afterAgentFailure(state) : afterAgentWord(state, word);
  }
  return state;
}

describe("an agent's word, as HAProxy's agents say it,", () => {
  const plain = { percent: undefined, mode: undefined, isDown: undefined, reason: '' };

  it('is made of words apart by blanks and commas', () => {
    assert.deepEqual(readAgentWord('75%'), { ...plain, percent: 75 });
    assert.deepEqual(readAgentWord('up,\tready 30%\r\n'), {
      ...plain,
      percent: 30,
      mode: 'ready',
      isDown: false,
    });
    assert.deepEqual(readAgentWord('DRAIN'), { ...plain, mode: 'drain' });
    for (const word of ['down', 'stopped', 'fail', 'failed']) {
      assert.deepEqual(readAgentWord(word), { ...plain, isDown: true }, word);
    }
  });

  it('counts once of each kind, and unknown words are passed over', () => {
    const word = readAgentWord('maxconn:30 40% 90% up down drain ready 1000%');
    assert.deepEqual(word, { percent: 40, mode: 'drain', isDown: false, reason: '' });
    assert.equal(readAgentWord('150%')?.percent, 100);
  });

  it('ends with a reason, which is cut and freed of control characters', () => {
    assert.equal(readAgentWord('maint # new disk, 3 h')?.reason, 'new disk, 3 h');
    assert.equal(readAgentWord('down#no \u001b[31mmemory\nup')?.reason, 'no [31mmemory');
    assert.equal(readAgentWord(`10% #${'x'.repeat(900)}`)?.reason.length, 160);
  });

  it('is none without a word that is known', () => {
    for (const text of ['', '\n50%', '# 50%', 'hello', '-5%', '5', '%', '50 %', '1e1%']) {
      assert.equal(readAgentWord(text), undefined, JSON.stringify(text));
    }
  });

  it('is read from any text without harm, and a row of them keeps its bounds', () => {
    const parts = ['%', '4', '0', '100', ' ', ',', '#', '\r', '\u0007', 'up', 'down', 'maint', 'e'];
    const answer = fc.array(fc.constantFrom(...parts)).map((some) => some.join(''));
    const answers = fc.array(fc.oneof(answer, fc.string({ unit: 'binary' })), { maxLength: 20 });
    const judge = (given: readonly string[]): void => {
      const state = heard(...given);
      if (state === undefined) return;
      for (const value of [state.percent, state.share]) assert.ok(value >= 0 && value <= 100);
      assert.ok(state.failures <= AGENT_FAILURES_MAX);
      assert.doesNotMatch(agentText(state) ?? '', /\p{Cc}/u);
    };
    fc.assert(fc.property(answers, judge), { seed: 20_261_125, numRuns: 500 });
  });

  it('leaves alone what it does not speak of: up ends down, ready ends drain and maint', () => {
    assert.equal(agentHold(heard('down')), 'down');
    assert.equal(agentHold(heard('down', '50%')), 'down');
    assert.equal(agentHold(heard('down', 'ready')), 'down');
    assert.equal(agentHold(heard('down', 'up')), undefined);
    assert.equal(agentHold(heard('drain', 'up 80%')), 'drain');
    assert.equal(agentHold(heard('maint', 'ready')), undefined);
    assert.equal(agentHold(heard('maint down')), 'maint');
  });
});

describe('a percentage', () => {
  const percentOf = (...answers: readonly string[]): number | undefined =>
    heard(...answers)?.percent;
  const shareOf = (...answers: readonly string[]): number | undefined => heard(...answers)?.share;

  it('is taken when it differs enough, or is everything or nothing', () => {
    assert.equal(AGENT_CHANGE_MIN, 5);
    assert.equal(percentOf('50%', '54%'), 50);
    assert.equal(percentOf('50%', '46%'), 50);
    assert.equal(percentOf('50%', '55%'), 55);
    assert.equal(percentOf('3%', '0%'), 0);
    assert.equal(percentOf('0%', '2%'), 2);
    assert.equal(percentOf('98%', '100%'), 100);
    // Many small steps are a large one in the end.
    assert.equal(percentOf('50%', '52%', '54%', '56%'), 56);
  });

  it('moves the weight by no more than a quarter with each answer, but for the first one', () => {
    assert.equal(AGENT_STEP_MAX, 25);
    assert.equal(shareOf('20%'), 20);
    assert.equal(shareOf('100%', '20%'), 75);
    assert.equal(shareOf('100%', '20%', '20%', 'up'), 25);
    assert.equal(shareOf('100%', '20%', '20%', '20%', '20%'), 20);
    assert.equal(shareOf('0%', '100%'), 25);
    assert.equal(shareOf('10%', '30%'), 30);
  });

  it('leaves a real server with a weight of at least 1, unless it says nothing at all', () => {
    assert.equal(agentWeight(1, heard('1%')), 1);
    assert.equal(agentWeight(200, heard('33%')), 66);
    assert.equal(agentWeight(200, heard('0%')), 0);
    assert.equal(agentWeight(0, heard('50%')), 0);
    assert.equal(agentWeight(7, undefined), 7);
  });

  it('is forgotten after so many failures in a row, and then damped like any other', () => {
    assert.equal(AGENT_FAILURES_MAX, 3);
    assert.equal(agentText(heard('20% drain # x', '', '')), 'agent drain: x');
    const silent = heard('20% drain # x', '', '', '');
    assert.equal(agentText(silent), 'agent silent');
    assert.deepEqual([silent?.share, agentHold(silent)], [100, undefined]);
    assert.equal(shareOf('20%', '', '', '', '20%'), 75);
    assert.equal(shareOf('20%', '', '', '20%', '', ''), 20);
    assert.equal(agentText(heard('', '')), undefined);
  });
});
