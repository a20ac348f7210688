// What the keeper does when the daemon ends, in every way that it can end.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant, millis, type Now, wallTime } from '#src/base/time.js';
import {
  type ChildEnd,
  createKeeperEngine,
  type KeeperEffect,
  type KeeperEvent,
} from '#src/cluster/keeper-engine.js';

const at = (ms: number): Now => ({ monotonic: instant(ms), wall: wallTime(ms) });
const died: ChildEnd = { kind: 'died', reason: 'killed by SIGKILL' };

/** A keeper whose child took 200 ms to its first beat; the dead time is 10 s. */
function watching(isHolding: boolean, startMs = 200, deadtimeMs = 10_000) {
  const engine = createKeeperEngine();
  const step = (ms: number, event: KeeperEvent): string[] =>
    engine
      .step(at(ms), event)
      .map(describeEffect)
      .filter((text) => text !== 'log');
  step(0, { kind: 'started', isAdopting: false });
  step(startMs, { kind: 'child-beating' });
  const will = step(startMs, {
    kind: 'will-changed',
    isHolding,
    deadtime: millis(deadtimeMs),
  });
  return { engine, step, will };
}

function describeEffect(effect: KeeperEffect): string {
  switch (effect.kind) {
    case 'start-child':
      return effect.isAdopting ? 'start successor' : 'start afresh';
    case 'exit':
      return `exit ${effect.code}`;
    default:
      return effect.kind;
  }
}

describe('the keeper of a daemon that holds resources', () => {
  it('starts a successor that adopts as soon as the daemon dies', () => {
    const { step } = watching(true);
    assert.deepEqual(step(20_000, { kind: 'child-ended', end: died }), ['start successor']);
  });

  it('is content when the successor beats within half the dead time', () => {
    const { engine, step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    step(24_999, { kind: 'child-beating' });
    assert.equal(engine.snapshot().state, 'watching');
    assert.deepEqual(step(26_000, { kind: 'deadline-reached' }), []);
  });

  it('gives everything up when the successor does not beat within half the dead time', () => {
    const { engine, step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    assert.equal(engine.nextDeadline(), 25_000);
    assert.deepEqual(step(25_000, { kind: 'deadline-reached' }), ['kill-child', 'release']);
  });

  it('gives everything up when the successor dies at once', () => {
    const { step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    step(20_100, { kind: 'child-beating' });
    assert.deepEqual(step(20_200, { kind: 'child-ended', end: died }), ['kill-child', 'release']);
  });

  it('gives everything up when the successor is refused by a broken configuration', () => {
    const { step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    const refused: ChildEnd = { kind: 'refused', exitCode: 2 };
    assert.deepEqual(step(20_200, { kind: 'child-ended', end: refused }), [
      'kill-child',
      'release',
    ]);
  });

  it('forgets a death after the successor has lived for ten seconds', () => {
    const { step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    step(20_100, { kind: 'child-beating' });
    assert.deepEqual(step(30_100, { kind: 'child-ended', end: died }), ['start successor']);
  });

  it('starts afresh, holding nothing, some time after it has given up', () => {
    const { step } = watching(true);
    step(20_000, { kind: 'child-ended', end: died });
    step(25_000, { kind: 'deadline-reached' });
    assert.deepEqual(step(25_050, { kind: 'release-finished' }), []);
    assert.deepEqual(step(26_049, { kind: 'deadline-reached' }), []);
    assert.deepEqual(step(26_050, { kind: 'deadline-reached' }), ['start afresh']);
  });

  it('gives up what is held when the daemon dies while it stops', () => {
    const { step } = watching(true);
    assert.deepEqual(step(20_000, { kind: 'stop-asked' }), ['ask-child-to-stop']);
    assert.deepEqual(step(20_010, { kind: 'child-ended', end: died }), ['kill-child', 'release']);
    assert.deepEqual(step(20_020, { kind: 'release-finished' }), ['exit 1']);
  });

  it('lets a successor take over new files without counting a death', () => {
    const { step } = watching(true);
    const wanted: ChildEnd = { kind: 'succession-wanted' };
    assert.deepEqual(step(20_000, { kind: 'child-ended', end: wanted }), ['start successor']);
    step(20_100, { kind: 'child-beating' });
    assert.deepEqual(step(20_200, { kind: 'child-ended', end: died }), ['start successor']);
  });
});

describe('the keeper of a daemon that holds nothing', () => {
  it('starts it afresh at once after a first death, later with growing waits', () => {
    const { engine, step } = watching(false);
    assert.deepEqual(step(1000, { kind: 'child-ended', end: died }), ['start afresh']);
    assert.deepEqual(step(1100, { kind: 'child-ended', end: died }), []);
    assert.equal(engine.nextDeadline(), 2100);
    assert.deepEqual(step(2100, { kind: 'deadline-reached' }), ['start afresh']);
    step(2200, { kind: 'child-ended', end: died });
    assert.equal(engine.nextDeadline(), 4200);
  });

  it('ends with the daemon after an orderly stop', () => {
    const { step } = watching(false);
    step(1000, { kind: 'stop-asked' });
    const stopped: ChildEnd = { kind: 'stopped' };
    assert.deepEqual(step(1100, { kind: 'child-ended', end: stopped }), ['exit 0']);
  });

  it('starts the daemon again when it asks for it', () => {
    const { step } = watching(false);
    const wanted: ChildEnd = { kind: 'restart-wanted' };
    assert.deepEqual(step(1000, { kind: 'child-ended', end: wanted }), ['start afresh']);
  });
});

describe('the keeper of a daemon that it succeeds', () => {
  it('gives up what is held when not even the first successor may start', () => {
    const engine = createKeeperEngine();
    engine.step(at(0), { kind: 'will-changed', isHolding: true, deadtime: millis(10_000) });
    engine.step(at(0), { kind: 'started', isAdopting: true });
    const end: ChildEnd = { kind: 'refused', exitCode: 2 };
    const effects = engine.step(at(100), { kind: 'child-ended', end }).map(describeEffect);
    assert.deepEqual(effects, ['log', 'kill-child', 'release']);
  });

  it('gives up what is held when it is told to stop before the successor has begun', () => {
    const engine = createKeeperEngine();
    engine.step(at(0), { kind: 'will-changed', isHolding: true, deadtime: millis(10_000) });
    engine.step(at(0), { kind: 'started', isAdopting: true });
    engine.step(at(50), { kind: 'stop-asked' });
    const end: ChildEnd = { kind: 'stopped' };
    const effects = engine.step(at(100), { kind: 'child-ended', end }).map(describeEffect);
    assert.deepEqual(effects, ['log', 'kill-child', 'release']);
  });
});

describe('the keeper at the first start', () => {
  it('ends with the exit code of a refused configuration', () => {
    const engine = createKeeperEngine();
    engine.step(at(0), { kind: 'started', isAdopting: false });
    const end: ChildEnd = { kind: 'refused', exitCode: 2 };
    assert.deepEqual(engine.step(at(100), { kind: 'child-ended', end }), [
      { kind: 'exit', code: 2 },
    ]);
  });

  it('has a successor ready when a start takes more than an eighth of the dead time', () => {
    const slow = watching(true, 300, 1000);
    assert.equal(slow.engine.nextDeadline(), 600);
    assert.deepEqual(slow.step(600, { kind: 'deadline-reached' }), ['prepare-successor']);
    const quick = watching(true, 120, 1000);
    assert.equal(quick.engine.nextDeadline(), undefined);
    assert.deepEqual(quick.will, []);
  });

  it('leaves the daemon alone for as long as its start took, before a successor is loaded', () => {
    const { step, will } = watching(true, 300, 1000);
    assert.deepEqual(will, []);
    assert.deepEqual(step(599, { kind: 'deadline-reached' }), []);
    assert.deepEqual(step(600, { kind: 'deadline-reached' }), ['prepare-successor']);
    assert.deepEqual(step(601, { kind: 'deadline-reached' }), []);
  });

  it('prepares one successor per daemon, not one per will', () => {
    const { step } = watching(true, 300, 1000);
    const will: KeeperEvent = { kind: 'will-changed', isHolding: true, deadtime: millis(1000) };
    assert.deepEqual(step(600, will), ['prepare-successor']);
    assert.deepEqual(step(700, will), []);
    assert.deepEqual(step(800, { kind: 'child-ended', end: died }), ['start successor']);
    step(850, { kind: 'child-beating' });
    assert.deepEqual(step(1149, will), []);
    assert.deepEqual(step(1150, { kind: 'deadline-reached' }), ['prepare-successor']);
    assert.deepEqual(step(1200, will), []);
  });
});
