// Scenarios of a pair in trouble: partitions, stalls, killed and adopted processes, resources that
// fail. One holder at the end, within stated times.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';

import { bytesToLatin1 } from '#src/base/bytes.js';
import { wallTime } from '#src/base/time.js';
import { composeHandOver, SEQUENCE_MARGIN } from '#src/cluster/hand-over.js';
import { healBoundMs } from './cluster-checkers.js';
import type { Host } from './cluster-host.js';
import {
  assertHoldings,
  assertQuiet,
  holding,
  logged,
  servesAll,
  settledPair,
  timeUntil,
} from './cluster-scenario.js';
import { cutAll, DAD, MOM, type World } from './cluster-world.js';

const isSingle = (world: World): boolean =>
  [...world.mom.kernel].every((word) => !world.dad.kernel.has(word));

describe('partition', () => {
  test('after a full partition the elder holders keep their groups', () => {
    const world = settledPair();
    cutAll(world, true);
    world.run(5_000);
    assertHoldings(world, 'all', 'all');
    cutAll(world, false);
    const took = timeUntil(world, 5_000, () => isSingle(world));
    assert.ok(took <= healBoundMs(world.options), `${took} ms`);
    world.run(2_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(logged(world.mom, `Cluster node ${DAD} returning after partition.`));
    assertQuiet(world);
  });

  test('one node held everything before: it keeps everything', () => {
    const world = settledPair();
    world.dad.powerOff();
    world.run(3_000);
    world.dad.start();
    world.run(5_000);
    cutAll(world, true);
    world.run(5_000);
    cutAll(world, false);
    world.run(4_000);
    assertHoldings(world, 'all', 'none');
    assertQuiet(world);
  });

  test('a node that hears but is not heard gives way to the one that took over', () => {
    const world = settledPair();
    cutAll(world, true, MOM);
    const took = timeUntil(world, 15_000, () => holding(world.mom) === 'none');
    assert.ok(took < 8_000, `${took} ms`);
    assert.equal(holding(world.dad), 'all');
    cutAll(world, false);
    world.run(5_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });

  test('a partition that comes and goes ends with one holder', () => {
    const world = settledPair();
    for (let n = 0; n < 10; n++) {
      cutAll(world, true);
      world.run(700 + 150 * n);
      cutAll(world, false);
      world.run(900 - 70 * n);
    }
    world.run(10_000);
    assertQuiet(world);
  });

  test('nodes that started apart find out about each other when they meet', () => {
    const world = settledPair();
    world.mom.powerOff();
    world.dad.powerOff();
    cutAll(world, true);
    world.mom.start();
    world.dad.start();
    world.run(10_000);
    assertHoldings(world, 'all', 'all');
    cutAll(world, false);
    world.run(5_000);
    assertQuiet(world);
  });

  /** 3.0.6 passes types that it does not know on to local clients. */
  const UNKNOWN_TO_ORIGINAL = ['t=lubdub-heal'];

  /** Plays heartbeat 3.0.6 on a host: knows no healing, restarts 2 s after a partition. */
  function playOriginal(world: World, host: Host, deafTo: readonly string[] = []): void {
    world.network.filter = (from, datagram) =>
      from !== host.name || !bytesToLatin1(datagram).includes('t=lubdub-heal');
    const take = host.take.bind(host);
    host.take = (delivery) => {
      const text = bytesToLatin1(delivery.bytes);
      if (![...UNKNOWN_TO_ORIGINAL, ...deafTo].some((type) => text.includes(type))) take(delivery);
    };
    const offer = host.offer.bind(host);
    let isRestarting = false;
    world.agenda.at(world.time() + 1, function look() {
      if (!isRestarting && logged(host, 'returning after partition')) {
        isRestarting = true;
        world.agenda.at(world.time() + 2_000, () => offer({ kind: 'shutdown-asked' }));
        world.agenda.at(world.time() + 6_000, () => host.start());
      }
      world.agenda.at(world.time() + 50, look);
    });
  }

  test('beside an original, which restarts by itself, everything stays here', () => {
    const world = settledPair();
    playOriginal(world, world.dad);
    cutAll(world, true);
    world.run(5_000);
    cutAll(world, false);
    world.run(3_000);
    assert.ok(servesAll(world.mom));
    assert.equal(world.dad.kernel.size, 0);
    world.run(20_000);
    assertHoldings(world, 'all', 'none');
  });

  test('an original that never missed us keeps what it has when we come back', () => {
    const world = settledPair();
    // 3.0.6 only logs it when the other side claims the same.
    playOriginal(world, world.dad, ['t=resource']);
    cutAll(world, true, DAD);
    world.run(5_000);
    assertHoldings(world, 'all', 'local');
    cutAll(world, false);
    world.run(8_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(isSingle(world));
  });
});

describe('stall', () => {
  test('a node that slept longer than its dead time steps down before it goes on', () => {
    const world = settledPair();
    world.mom.pause();
    world.run(4_000);
    assert.ok(servesAll(world.dad));
    world.mom.resume();
    assert.ok(logged(world.mom, 'longer than our dead time: stepping down'));
    const took = timeUntil(world, 1_000, () => isSingle(world));
    assert.ok(took <= 50, `${took} ms`);
    world.run(4_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });

  test('a stall shorter than the dead time moves nothing', () => {
    const world = settledPair();
    world.mom.pause();
    world.run(850);
    world.mom.resume();
    world.run(5_000);
    assertHoldings(world, 'local', 'local');
    assert.ok(!logged(world.mom, 'is dead'));
    assertQuiet(world);
  });

  test('both frozen together go on as before', () => {
    const world = settledPair();
    world.mom.pause();
    world.dad.pause();
    world.run(10_000);
    world.mom.resume();
    world.dad.resume();
    world.run(5_000);
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });
});

describe('adoption', () => {
  test('a killed daemon has a successor that goes on holding, and the peer moves nothing', () => {
    const world = settledPair();
    const { mom, dad } = world;
    mom.kill();
    world.run(300);
    mom.start({ keys: ['IPaddr::192.168.0.64'], holding: 'local' });
    world.run(50);
    assert.equal(holding(mom), 'local');
    world.run(15_000);
    assert.ok(logged(dad, `Heartbeat restart on node ${MOM}`));
    assert.ok(!logged(dad, 'is dead'));
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });

  test('an adopted resource that was found stopped is started', () => {
    const world = settledPair();
    world.mom.kill();
    world.mom.kernel.delete('ldirectord');
    world.run(100);
    world.mom.start({ keys: ['IPaddr::192.168.0.64'], holding: 'local' });
    world.run(200);
    assert.ok(world.mom.kernel.has('ldirectord'));
    world.run(5_000);
    assertQuiet(world);
  });

  test('the peer serves as soon as the keeper of a dead daemon says good-bye for it', () => {
    const world = settledPair();
    const { mom, dad } = world;
    const status = mom.status();
    assert.ok(status);
    mom.kill();
    world.run(500);
    mom.kernel.clear();
    const handOver = {
      localNode: MOM,
      uuid: mom.uuid,
      generation: status.generation,
      sequence: status.sequence + SEQUENCE_MARGIN,
      ttl: 3,
      wall: wallTime(1_700_000_000_000),
    };
    for (const sealed of composeHandOver(handOver, mom.config.ring, mom.config.format)) {
      world.network.send(MOM, sealed.datagram, sealed.line);
    }
    const took = timeUntil(world, 500, () => servesAll(dad));
    assert.ok(took < 100, `${took} ms`);
    mom.start();
    world.run(10_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });

  test('a successor that comes after the takeover gives way', () => {
    const world = settledPair();
    world.mom.kill();
    world.run(3_000);
    world.mom.start({ keys: ['IPaddr::192.168.0.64'], holding: 'local' });
    world.run(4_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });
});

describe('failing resources', () => {
  test('a group that does not start here is offered to the peer and served there', () => {
    const world = settledPair();
    world.mom.powerOff();
    world.run(4_000);
    world.mom.manners.set('ldirectord start', { takesMs: 20, result: 'fails' });
    world.mom.start();
    world.run(8_000);
    world.mom.ask('takeover', 'local');
    world.run(5_000);
    const words = 'Giving up resources due to failure of ldirectord';
    assert.ok(logged(world.mom, words));
    assert.ok(servesAll(world.dad));
    assertHoldings(world, 'none', 'all');
    world.run(30_000);
    assert.ok(servesAll(world.dad));
    assert.equal(world.mom.log.filter((line) => line.includes(words)).length, 1);
  });

  test('a group that starts nowhere is offered once from each side, then retried at home', () => {
    const world = settledPair();
    for (const host of world.hosts) {
      host.manners.set('ldirectord start', { takesMs: 20, result: 'fails' });
    }
    world.mom.ask('standby', 'local');
    world.run(20_000);
    const tries = world.hosts.map(
      (host) => host.log.filter((line) => line.includes('Giving up resources')).length,
    );
    // The asked-for move, then mom's try of what dad offers, then dad's of what mom offers.
    assert.deepEqual(tries, [1, 2]);
    assert.ok(!world.mom.kernel.has('IPaddr::192.168.0.64'));
    assert.ok(!world.dad.kernel.has('IPaddr::192.168.0.64'));
    for (const host of world.hosts) host.manners.clear();
    world.run(20_000);
    assertHoldings(world, 'local', 'local');
    assertQuiet(world);
  });

  test('a node that is alone tries a failed start again each half minute', () => {
    const world = settledPair();
    world.dad.powerOff();
    world.mom.manners.set('IPaddr::192.168.0.65 start', { takesMs: 20, result: 'fails' });
    world.run(5_000);
    assert.equal(holding(world.mom), 'local');
    world.mom.manners.clear();
    world.run(30_000);
    assert.ok(servesAll(world.mom));
    assert.equal(holding(world.mom), 'all');
  });

  test('a stop that never succeeds keeps the group here, with an alarm', () => {
    const world = settledPair();
    world.mom.manners.set('ldirectord stop', { takesMs: 20, result: 'fails' });
    const id = world.mom.ask('standby', 'all');
    world.run(20_000);
    assert.ok(logged(world.mom, 'Retrying failed stop operation [ldirectord] (10 of 10)'));
    assert.ok(logged(world.mom, 'Resource STOP failure. Reboot required!'));
    assert.equal(world.mom.answers.get(id)?.isDone, false);
    assert.equal(holding(world.mom), 'local');
    const group = world.mom.status()?.groups[0];
    assert.equal(group?.state, 'failed');
    assert.ok(!world.dad.kernel.has('ldirectord'));
    assert.ok(isSingle(world));
  });

  test('a stop that fails at first is tried again each second', () => {
    const world = settledPair();
    world.mom.manners.set('ldirectord stop', { takesMs: 20, result: 'fails' });
    world.mom.ask('standby', 'all');
    world.run(2_500);
    world.mom.manners.clear();
    world.run(3_000);
    assertHoldings(world, 'none', 'all');
    assertQuiet(world);
  });
});
