// Each checker of the simulated pair is shown to catch one planted fault; a checker that never
// fails proves nothing.

import assert from 'node:assert/strict';
import test from 'node:test';

import { sealMessage } from '#src/auth/envelope.js';
import type { ClusterEffect } from '#src/cluster/cluster-event.js';
import { haMessage, textField } from '#src/wire/ha-message.js';
import { createLimitChecker, createOrderChecker, faultsAtRest } from './cluster-checkers.js';
import { createWorld, DAD, MOM, plainOptions, type World } from './cluster-world.js';

function settledPair(): World {
  const world = createWorld(plainOptions());
  world.mom.start();
  world.dad.start();
  world.run(25_000);
  assert.deepEqual([...world.violations, ...faultsAtRest(world)], []);
  return world;
}

const assertCaught = (found: readonly string[], words: RegExp): void => {
  assert.ok(
    found.some((line) => words.test(line)),
    `expected ${words}, found: ${found.join('; ') || 'nothing'}`,
  );
};

test('an address configured by hand on the other node is seen as a second holder', () => {
  const world = settledPair();
  world.dad.kernel.add('IPaddr::192.168.0.64');
  world.run(10_000);
  assertCaught(world.violations, /192\.168\.0\.64 is held by both/);
});

test('a switch that has learnt the wrong place is seen', () => {
  const world = settledPair();
  world.caches.set('IPaddr::192.168.0.64', DAD);
  world.run(10_000);
  assertCaught(world.violations, /the switch sends .*64 to penguin-dad/);
});

test('a storm of messages is seen', () => {
  const found: string[] = [];
  const world = settledPair();
  const send: ClusterEffect = {
    kind: 'send',
    datagram: new Uint8Array(),
    line: new Uint8Array(),
  };
  const checker = createLimitChecker((what) => found.push(what));
  const storm = new Array<ClusterEffect>(301).fill(send);
  checker.stepped(world, world.mom, [send], { kind: 'deadline-reached' });
  checker.stepped(world, world.mom, storm, { kind: 'deadline-reached' });
  assertCaught(found, /sent 302 messages within a second/);
});

test("an operator's command that is never answered is seen", () => {
  const world = settledPair();
  world.mom.askedAt.set(99, world.time());
  world.run(20_000);
  assertCaught(world.violations, /command 99 on penguin-mom was not answered/);
});

test('two orders at once for one group, and a start of what runs, are seen', () => {
  const found: string[] = [];
  const world = settledPair();
  const checker = createOrderChecker((what) => found.push(what));
  const order = (id: number): ClusterEffect => ({
    kind: 'run-resource',
    id,
    groupKey: 'IPaddr::192.168.0.64',
    resource: { script: 'IPaddr', args: ['192.168.0.64'], word: 'IPaddr::192.168.0.64' },
    verb: 'start',
    environment: {},
  });
  checker.stepped(world, world.mom, [order(1), order(2)], { kind: 'deadline-reached' });
  assertCaught(found, /two orders outstanding/);
  assertCaught(found, /started on penguin-mom where it runs already/);
});

test('a survivor that does not serve in time is seen', () => {
  const world = settledPair();
  // Slower than the options of the run say.
  world.dad.scriptMs = 30_000;
  world.mom.powerOff();
  world.run(10_000);
  assertCaught(world.violations, /penguin-dad does not serve .* after the death/);
});

test('a message taken for forged that an engine acts upon is seen', () => {
  const world = settledPair();
  const fields = [
    ['t', 'status'],
    ['st', 'active'],
    ['src', DAD],
    ['seq', 'ffff'],
    ['hg', 'ffffff'],
    ['ts', '1'],
  ].map(([name = '', text = '']) => textField(name, text));
  const { ring, format } = world.mom.config;
  const bytes = sealMessage(haMessage(...fields), ring, format).datagram;
  world.mom.take({ medium: 'eth1', bytes, isForged: true });
  assertCaught(world.violations, /acted on bytes that nobody signed/);
});

test('a group without a holder, and nodes that disagree, are seen at rest', () => {
  const world = settledPair();
  world.mom.kernel.clear();
  assertCaught(faultsAtRest(world), /is held by nobody/);
  const { status } = world.dad;
  world.dad.status = () => {
    const said = status();
    return said && { ...said, holding: 'all' };
  };
  assertCaught(faultsAtRest(world), new RegExp(`${MOM} believes that ${DAD} holds local`));
});
