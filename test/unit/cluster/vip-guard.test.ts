// The guard of held addresses: what it orders, and that each of its answers has a limit.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#src/base/time.js';
import {
  createVipGuard,
  defenceLongest,
  type GuardEffect,
  restoresMax,
  sayRepeat,
  slowRestore,
} from '#src/cluster/vip-guard.js';

const vip = '10.0.0.1';
const mac = '02:00:00:00:00:07';
const other = '02:00:00:00:00:08';

const kinds = (effects: readonly GuardEffect[]): readonly string[] =>
  effects.map((effect) => (effect.kind === 'log' ? effect.line.code : effect.kind));

describe('an address that is taken away', () => {
  it('is put back at once, with a line', () => {
    const guard = createVipGuard();
    assert.deepEqual(kinds(guard.displaced(instant(0), vip, 'is gone')), [
      'vip-displaced',
      'put-back',
    ]);
    assert.equal(guard.report(vip).restored, 1);
  });

  it('again and again is offered to the peer, and from then on put back slowly', () => {
    const guard = createVipGuard();
    for (let time = 0; time < restoresMax; time++) {
      guard.displaced(instant(time), vip, 'is gone');
    }
    const next = guard.displaced(instant(restoresMax), vip, 'is gone');
    assert.deepEqual(kinds(next), ['vip-unkept', 'hand-over', 'look-again']);
    assert.ok(guard.report(vip).isUnkept);
    const later = instant(restoresMax + slowRestore);
    assert.deepEqual(kinds(guard.displaced(later, vip, 'is gone')), ['put-back']);
  });

  it('costs a bounded number of lines and orders, however fast it goes', () => {
    const guard = createVipGuard();
    const counts = new Map<string, number>();
    for (let ms = 0; ms < 60_000; ms++) {
      for (const kind of kinds(guard.displaced(instant(ms), vip, 'is gone'))) {
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    }
    assert.ok((counts.get('put-back') ?? 0) <= restoresMax + 60_000 / slowRestore);
    assert.ok((counts.get('vip-unkept') ?? 0) <= 60_000 / sayRepeat);
    assert.equal(counts.get('hand-over'), 2);
  });

  it('once a minute is a new case each time', () => {
    const guard = createVipGuard();
    for (let minute = 0; minute < 20; minute++) {
      const effects = guard.displaced(instant(minute * 60_000), vip, 'is gone');
      assert.deepEqual(kinds(effects), ['vip-displaced', 'put-back']);
    }
  });

  it('and cannot be put back is tried again, then offered to the peer', () => {
    const guard = createVipGuard();
    const seen: string[] = [];
    for (let time = 0; time < 4; time++) {
      guard.displaced(instant(time * slowRestore), vip, 'is gone');
      const now = instant(time * slowRestore);
      seen.push(...kinds(guard.putBackRefused(now, vip, 'no such interface')));
    }
    assert.ok(seen.includes('hand-over'), seen.join(' '));
    assert.equal(seen.filter((each) => each === 'look-again').length, 4);
  });

  it('is forgotten with its release', () => {
    const guard = createVipGuard();
    for (let time = 0; time < 10; time++) guard.displaced(instant(time), vip, 'is gone');
    guard.released(vip);
    assert.deepEqual(kinds(guard.displaced(instant(11), vip, 'is gone')), [
      'vip-displaced',
      'put-back',
    ]);
  });
});

describe('an address that another machine claims', () => {
  it('is announced at once, with an alarm that names the machine', () => {
    const guard = createVipGuard();
    const effects = guard.claimed(instant(0), vip, mac);
    assert.deepEqual(kinds(effects), ['vip-claimed', 'announce']);
    const [first] = effects;
    assert.ok(first?.kind === 'log' && first.line.text.includes(mac));
    assert.equal(guard.report(vip).claim?.mac, mac);
  });

  it('is defended at growing distances, so that two that defend do not flood the segment', () => {
    const guard = createVipGuard();
    const announced: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 10) {
      if (kinds(guard.claimed(instant(ms), vip, mac)).includes('announce')) announced.push(ms);
    }
    assert.ok(announced.length <= 10, String(announced));
    const gaps = announced.slice(1).map((at, index) => at - (announced[index] ?? 0));
    assert.equal(Math.max(...gaps), defenceLongest);
  });

  it('by one machine after the other is told of, at most once a second', () => {
    const guard = createVipGuard();
    let lines = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      const claimer = ms % 2 === 0 ? mac : other;
      if (kinds(guard.claimed(instant(ms), vip, claimer)).includes('vip-claimed')) lines++;
    }
    assert.ok(lines <= 10, String(lines));
  });

  it('after a quiet time is a new conflict', () => {
    const guard = createVipGuard();
    guard.claimed(instant(0), vip, mac);
    guard.claimed(instant(10), vip, mac);
    assert.equal(guard.report(vip).claim?.claims, 2);
    const effects = guard.claimed(instant(120_000), vip, mac);
    assert.deepEqual(kinds(effects), ['vip-claimed', 'announce']);
    assert.equal(guard.report(vip).claim?.claims, 1);
  });
});
