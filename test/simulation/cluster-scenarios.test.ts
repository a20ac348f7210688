// Scenarios of a pair, as sentences: start, death, stop, standby. Times are virtual; both engines,
// the codecs and the signatures are the real ones.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import {
  assertHoldings,
  assertQuiet,
  holding,
  logged,
  servesAll,
  settledPair,
  timeUntil,
} from './cluster-scenario.js';
import { createWorld, DAD, MOM, plainOptions } from './cluster-world.js';

describe('cold start', () => {
  test('two nodes that start together take nothing for ten seconds, then each its own', () => {
    const world = createWorld(plainOptions());
    world.mom.start();
    world.dad.start();
    world.run(9_500);
    assertHoldings(world, 'none', 'none');
    world.run(2_000);
    assertHoldings(world, 'local', 'local');
    world.run(1_000);
    assertQuiet(world);
  });

  test('a node that stays alone takes everything after initdead', () => {
    const world = createWorld(plainOptions());
    world.mom.start();
    const took = timeUntil(world, 5_000, () => servesAll(world.mom));
    assert.ok(took >= 2_000 && took < 2_000 + 200, `${took} ms`);
    assert.ok(logged(world.mom, `node ${DAD}: is dead`));
    assert.ok(logged(world.mom, 'No STONITH device configured.'));
    assert.ok(logged(world.mom, `Resources being acquired from ${DAD}.`));
    assert.ok(logged(world.mom, `mach_down takeover complete for node ${DAD}.`));
    assert.equal(holding(world.mom), 'all');
  });

  test('legacy nodes ask for their groups and do not settle', () => {
    const world = createWorld(plainOptions({ autoFailback: 'legacy' }));
    world.mom.start();
    world.dad.start();
    world.run(5_000);
    assertQuiet(world);
    assert.ok(logged(world.mom, 'received ip-request-resp IPaddr::192.168.0.64 OK no'));
  });
});

describe('death', () => {
  test('the survivor serves everything within the dead time and the start of the group', () => {
    const world = settledPair();
    world.mom.powerOff();
    const took = timeUntil(world, 2_000, () => servesAll(world.dad));
    assert.ok(took <= 1_000 + 2 * (20 + 5) + 5, `${took} ms`);
  });

  test('a death is declared one advertised dead time after the last word', () => {
    const world = settledPair({ deadtimeMs: 700, keepaliveMs: 100 });
    world.mom.powerOff();
    timeUntil(world, 2_000, () => logged(world.dad, `node ${MOM}: is dead`));
    assert.ok(logged(world.dad, `is dead (last heard 700 ms ago, dead time 700 ms, was active)`));
  });

  test('with auto_failback off the returning node takes nothing', () => {
    const world = settledPair();
    world.mom.powerOff();
    world.run(5_000);
    world.mom.start();
    world.run(10_000);
    assertHoldings(world, 'none', 'all');
    assert.ok(logged(world.dad, `Heartbeat restart on node ${MOM}`));
    assertQuiet(world);
  });

  for (const autoFailback of ['on', 'legacy'] as const) {
    test(`with auto_failback ${autoFailback} the returning node gets its own back`, () => {
      const world = settledPair({ autoFailback });
      world.mom.powerOff();
      world.run(5_000);
      world.mom.start();
      world.run(10_000);
      assertQuiet(world);
      assert.ok(world.mom.kernel.has('IPaddr::192.168.0.64'));
      assert.ok(world.dad.kernel.has('IPaddr::192.168.0.65'));
    });
  }

  test('a step of the wall clock changes nothing', () => {
    const world = settledPair();
    world.mom.wallOffsetMs -= 3_600_000_000;
    world.dad.wallOffsetMs += 3_600_000_000;
    world.run(10_000);
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });

  test('cutting one of two media moves nothing', () => {
    const world = settledPair();
    for (const [from, to] of [
      [MOM, DAD],
      [DAD, MOM],
    ] as const) {
      world.network.path(from, to, '/dev/ttyS0').isCut = true;
    }
    world.run(20_000);
    assert.ok(logged(world.dad, `Link ${MOM}:/dev/ttyS0 dead.`));
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });

  test('a fifth of all messages lost on both media moves nothing', () => {
    const world = settledPair();
    for (const path of world.network.paths()) path.loss = 0.2;
    world.run(60_000);
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });
});

describe('clean stop', () => {
  test('the peer serves as soon as everything was released, without waiting a dead time', () => {
    const world = settledPair();
    world.mom.offer({ kind: 'shutdown-asked' });
    const took = timeUntil(world, 2_000, () => servesAll(world.dad));
    assert.ok(took < 150, `${took} ms`);
    assert.ok(logged(world.dad, `Received shutdown notice from '${MOM}'.`));
    world.run(3_000);
    assert.equal(world.mom.isRunning(), false);
    assert.ok(logged(world.mom, 'Heartbeat shutdown complete.'));
    assert.ok(logged(world.dad, `Dead node ${MOM} gave up resources.`));
  });

  test('a lost good-bye is asked for again and heard', () => {
    const world = settledPair();
    for (const path of world.network.paths()) path.loss = 1;
    world.mom.offer({ kind: 'shutdown-asked' });
    world.run(100);
    for (const path of world.network.paths()) path.loss = 0;
    const took = timeUntil(world, 2_000, () => servesAll(world.dad));
    assert.ok(took < 700, `${took} ms`);
  });

  test('a stop waits for resources that are moving', () => {
    const world = settledPair({ scriptMs: 300 });
    world.mom.ask('standby', 'all');
    timeUntil(world, 2_000, () => holding(world.mom) === 'none');
    world.mom.offer({ kind: 'shutdown-asked' });
    assert.ok(logged(world.mom, 'Shutdown delayed until current resource activity finishes.'));
    world.run(6_000);
    assert.equal(world.mom.isRunning(), false);
    assert.ok(servesAll(world.dad));
  });

  test('both stopped at once release everything', () => {
    const world = settledPair();
    world.mom.offer({ kind: 'shutdown-asked' });
    world.dad.offer({ kind: 'shutdown-asked' });
    world.run(5_000);
    assert.deepEqual([world.mom.isRunning(), world.dad.isRunning()], [false, false]);
    assert.deepEqual([world.mom.kernel.size, world.dad.kernel.size], [0, 0]);
  });
});

describe('standby', () => {
  for (const [selection, mom, dad] of [
    ['all', 'none', 'all'],
    ['local', 'none', 'all'],
    ['foreign', 'local', 'local'],
  ] as const) {
    test(`standby ${selection} leaves ${mom} here and the operator is told`, () => {
      const world = settledPair();
      const id = world.mom.ask('standby', selection);
      world.run(1_000);
      assert.equal(world.mom.answers.get(id)?.isDone, true);
      assertHoldings(world, mom, dad);
      assertQuiet(world);
    });
  }

  test('takeover all brings everything here and the operator is told', () => {
    const world = settledPair();
    const id = world.mom.ask('takeover', 'all');
    world.run(1_000);
    assert.equal(world.mom.answers.get(id)?.isDone, true);
    assertHoldings(world, 'all', 'none');
    assertQuiet(world);
  });

  test('a request to take over that comes to nothing is made again', () => {
    const world = settledPair();
    let lostSeq: string | undefined;
    world.network.filter = (_from, datagram) => {
      const text = new TextDecoder().decode(datagram);
      if (!text.includes('t=hb_takeover,')) return true;
      const seq = /\bseq=(\w+)/.exec(text)?.[1];
      lostSeq ??= seq;
      return seq !== lostSeq;
    };
    const id = world.mom.ask('takeover', 'all');
    world.run(3_000);
    assert.equal(world.mom.answers.has(id), false);
    world.run(2_000);
    assert.equal(world.mom.answers.get(id)?.isDone, true);
    assertHoldings(world, 'all', 'none');
  });

  test('a request to take over that is never followed is answered after ten seconds', () => {
    const world = settledPair();
    world.network.filter = (_from, datagram) =>
      !new TextDecoder().decode(datagram).includes('t=hb_takeover,');
    const id = world.mom.ask('takeover', 'all');
    world.run(9_500);
    assert.equal(world.mom.answers.has(id), false);
    world.run(1_000);
    assert.match(world.mom.answers.get(id)?.text ?? '', /did not go standby; its log says why/);
  });

  test('with auto_failback on a group that was moved by hand stays where it was put', () => {
    const world = settledPair({ autoFailback: 'on' });
    world.mom.ask('standby', 'all');
    world.run(30_000);
    assertHoldings(world, 'none', 'all');
  });

  test('without the other side it is refused in words', () => {
    const world = settledPair();
    world.dad.powerOff();
    world.run(3_000);
    const id = world.mom.ask('standby', 'all');
    const answer = world.mom.answers.get(id);
    assert.equal(answer?.isDone, false);
    assert.match(answer?.text ?? '', /ignored\. {2}Other side is in flux\./);
  });

  test('in legacy mode it is refused in the words of the original', () => {
    const world = settledPair({ autoFailback: 'legacy' });
    const id = world.mom.ask('standby', 'all');
    const text = 'Standby mode only implemented when nice_failback on';
    assert.equal(world.mom.answers.get(id)?.text, text);
  });

  test('a taker that dies in the middle leaves everything with the leaver', () => {
    const world = settledPair({ scriptMs: 200 });
    const id = world.mom.ask('standby', 'all');
    world.run(600);
    world.dad.powerOff();
    world.run(4_000);
    assert.ok(servesAll(world.mom));
    assert.equal(world.mom.answers.get(id)?.isDone, false);
  });
});
