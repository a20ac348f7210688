// Operators' words on real servers: drain, disable, enable and weight, in the engine over a model
// of the kernel's table, and as a set that two directors merge.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdministrationOrder } from '#src/director/administration.js';
import {
  type AdministrationEntry,
  ENTRIES_MAX,
  governing,
  mergeEntries,
  readEntries,
} from '#src/director/administration-entry.js';
import { config, fallback, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const MAIL = '10.0.0.100:25';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

const order = (
  state: AdministrationOrder['state'],
  server: string,
  more: Partial<AdministrationOrder> = {},
): AdministrationOrder => ({
  state,
  servers: [server],
  service: '',
  weight: 0,
  timeoutMs: 0,
  by: 'root@mom',
  reason: 'new kernel',
  node: 'mom',
  ...more,
});

let lastId = 0;

function say(world: DirectorWorld, given: AdministrationOrder): { isDone: boolean; text: string } {
  const id = ++lastId;
  world.offer({ kind: 'administered', id, order: given });
  const answer = world.answers.find((one) => one.id === id);
  assert.ok(answer);
  return answer;
}

function healthy(
  more: Parameters<typeof virtual>[2] = {},
  words: readonly AdministrationEntry[] = [],
): DirectorWorld {
  const pair = config([virtual(WEB, [real(A, { weight: 3 }), real(B)], more)]);
  const world = new DirectorWorld(pair, 'active', undefined, words);
  world.server(A, true);
  world.server(B, true);
  world.start();
  world.run(100);
  return world;
}

describe('drain', () => {
  it('gives no new connections, and takes the real server out when the last has gone', () => {
    const world = healthy();
    world.kernel.connections.set(A, 2);
    world.run(3000);
    const answer = say(world, order('drain', '10.0.0.1'));
    assert.deepEqual(answer.isDone, true);
    assert.equal(answer.text, '10.0.0.1 (all services) drained by root@mom: new kernel');
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    const line = `Quiescent real server: ${A} (${WEB}) (Weight set to 0)`;
    assert.ok(world.log.includes(`${line}: drained by root@mom: new kernel`));
    world.run(20_000);
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    world.kernel.connections.set(A, 0);
    world.run(3000);
    assert.deepEqual(world.destinations(), [`${B} masq -w 1`]);
    const end = 'drain of 10.0.0.1 is over: no connections are left; out until lubdub enable';
    assert.ok(world.log.includes(end), world.log.join('\n'));
  });

  it('does not take counters from before weight 0 for the end of connections', () => {
    const world = healthy();
    world.kernel.connections.set(A, 7);
    say(world, order('drain', A));
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    assert.ok(!world.log.some((line) => line.startsWith('drain of')));
  });

  it('ends in time although connections are left', () => {
    const world = healthy();
    world.kernel.connections.set(A, 2);
    say(world, order('drain', A, { timeoutMs: 10_000 }));
    world.run(9000);
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    world.run(4000);
    assert.deepEqual(world.destinations(), [`${B} masq -w 1`]);
    assert.ok(world.log.some((line) => line.includes('is over: in time, 2 are left')));
  });

  it('of the last one brings the fallback server in', () => {
    const world = healthy({ fallback: fallback('127.0.0.1:80') });
    world.kernel.connections.set(A, 1);
    say(world, order('drain', A));
    say(world, order('disable', B));
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, '127.0.0.1:80 masq -w 1']);
    say(world, order('enable', B));
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
  });

  it('goes on after a restart, and is not lost with a reload', () => {
    const first = healthy();
    first.kernel.connections.set(A, 2);
    say(first, order('drain', A, { timeoutMs: 60_000 }));
    const pair = config([virtual(WEB, [real(A, { weight: 9 }), real(B)])]);
    first.offer({ kind: 'config-changed', id: 999, config: pair });
    first.run(100);
    assert.deepEqual(first.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    const second = new DirectorWorld(pair, 'active', first.kernel, first.words);
    second.server(A, true);
    second.server(B, true);
    second.start();
    second.run(5000);
    assert.deepEqual(second.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    assert.equal(second.status().virtuals[0]?.reals[0]?.verdict, 'up');
  });

  it('does not end on a director that stands by: it sees no connections', () => {
    const world = healthy();
    say(world, order('drain', A));
    const standby = new DirectorWorld(config([virtual(WEB, [real(A), real(B)])]), 'warm');
    standby.server(A, true);
    standby.server(B, true);
    standby.start();
    standby.offer({ kind: 'administration-heard', entries: world.news });
    standby.run(20_000);
    assert.deepEqual(
      standby.words.map(({ state }) => state),
      ['drain'],
    );
    standby.kernel.connections.set(A, 1);
    standby.offer({ kind: 'activated', id: 1 });
    standby.run(5000);
    assert.deepEqual(standby.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
  });
});

describe('disable, enable and weight', () => {
  it('take out at once, and bring back with the health of that moment', () => {
    const world = healthy({ isQuiescent: true });
    say(world, order('disable', A));
    assert.deepEqual(world.destinations(), [`${B} masq -w 1`]);
    world.server(A, false);
    world.run(3000);
    assert.equal(world.status().virtuals[0]?.reals[0]?.verdict, 'down');
    say(world, order('enable', A));
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 1`]);
    world.server(A, true);
    world.run(3000);
    assert.deepEqual(world.destinations(), [`${A} masq -w 3`, `${B} masq -w 1`]);
  });

  it('change one weight with one request, and leave down servers down', () => {
    const world = healthy();
    const before = world.kernel.requests.length;
    say(world, order('weight', A, { weight: 10 }));
    assert.deepEqual(world.destinations(), [`${A} masq -w 10`, `${B} masq -w 1`]);
    assert.equal(world.kernel.requests.length, before + 1);
    world.server(A, false);
    world.run(3000);
    assert.deepEqual(world.destinations(), [`${B} masq -w 1`]);
  });

  it('speak of one service alone when it is named in any of its ways', () => {
    const both = config([virtual(WEB, [real(A)]), virtual(MAIL, [real(A)])]);
    for (const service of [MAIL, `tcp:${MAIL}`, `tcp ${MAIL}`]) {
      const world = new DirectorWorld(both);
      world.server(A, true);
      world.start();
      world.run(100);
      assert.equal(say(world, order('disable', A, { service })).isDone, true);
      assert.deepEqual(
        world.kernel.lines().filter((line) => line.startsWith('-a')),
        [`-a tcp ${WEB} -r ${A} masq -w 3`.replace('-w 3', '-w 1')],
      );
    }
  });

  it('name what there is when a real server or a service is unknown', () => {
    const world = healthy();
    assert.deepEqual(
      [
        say(world, order('drain', '10.0.0.9')).text,
        say(world, order('drain', A, { service: 'ftp' })).text,
      ],
      [`no real server 10.0.0.9; there are: ${A} ${B}`, 'no virtual service ftp'],
    );
  });

  it('show who said what, when and why, and leave the verdict to the checks', () => {
    const world = healthy();
    say(world, order('disable', A));
    const shown = world.status().virtuals[0]?.reals[0];
    assert.equal(shown?.verdict, 'up');
    const { by, reason, state, at } = shown?.administered?.entry ?? {};
    assert.deepEqual(
      { by, reason, state },
      { by: 'root@mom', reason: 'new kernel', state: 'disable' },
    );
    assert.ok((at ?? 0) > 1.7e12);
  });
});

const entry = (more: Partial<AdministrationEntry>): AdministrationEntry => ({
  server: A,
  service: '',
  state: 'drain',
  weight: 0,
  until: 0,
  by: 'root@mom',
  at: 1000,
  reason: '',
  revision: 1,
  node: 'mom',
  ...more,
});

describe('words of two directors', () => {
  it('merge to the same whatever the order, and merging again changes nothing', () => {
    const words = [
      entry({}),
      entry({ state: 'enable', revision: 2, node: 'dad' }),
      entry({ server: '10.0.0.1', state: 'disable', revision: 2, at: 2000 }),
      entry({ service: `tcp ${WEB}`, state: 'weight', weight: 4, revision: 3 }),
      entry({ server: B, revision: 4 }),
      entry({ server: B, state: 'drained', revision: 4 }),
    ];
    const orders = [words, [...words].reverse(), [...words.slice(3), ...words.slice(0, 3)]];
    const results = orders.map((some) =>
      some.reduce<readonly AdministrationEntry[]>((all, one) => mergeEntries(all, [one]), []),
    );
    for (const result of results) {
      assert.deepEqual(result, results[0]);
      assert.deepEqual(mergeEntries(result, words), result);
    }
    const held = results[0] ?? [];
    assert.equal(governing(held, A, `tcp ${WEB}`)?.state, 'weight');
    assert.equal(governing(held, A, `tcp ${MAIL}`)?.state, 'disable');
    assert.equal(governing(held, B, `tcp ${WEB}`)?.state, 'drain');
  });

  it('let who has seen a word outbid it, whatever the clocks say', () => {
    const mom = healthy();
    say(mom, order('disable', A));
    const dad = healthy();
    dad.offer({ kind: 'administration-heard', entries: mom.news });
    assert.deepEqual(dad.destinations(), [`${B} masq -w 1`]);
    assert.equal(dad.news.length, 0, 'what was heard is not told back');
    say(dad, order('enable', A));
    const late = dad.news.map((one) => ({ ...one, at: 5 }));
    mom.offer({ kind: 'administration-heard', entries: late });
    assert.deepEqual(mom.destinations(), [`${A} masq -w 3`, `${B} masq -w 1`]);
  });

  it('are bounded, and what is finished goes first', () => {
    const many = Array.from({ length: ENTRIES_MAX + 50 }, (_, at) =>
      entry({
        server: `10.1.${at >> 8}.${at & 255}`,
        revision: at + 1,
        state: at < 50 ? 'disable' : 'enable',
      }),
    );
    const merged = mergeEntries(many.slice(0, 100), many.slice(100));
    assert.equal(merged.length, ENTRIES_MAX);
    assert.equal(merged.filter(({ state }) => state === 'disable').length, 50);
  });

  it('are left out when this program would not have written them', () => {
    const bad: readonly unknown[] = [
      null,
      'drain',
      { ...entry({}), state: 'explode' },
      { ...entry({}), server: '' },
      { ...entry({}), reason: 'two\nlines' },
      { ...entry({}), by: 'x'.repeat(65) },
      { ...entry({}), weight: 70_000 },
      { ...entry({}), revision: 1e13 },
      { ...entry({}), at: -1 },
      entry({}),
    ];
    assert.deepEqual(readEntries(bad), [entry({})]);
    assert.deepEqual(readEntries({}), []);
  });
});
