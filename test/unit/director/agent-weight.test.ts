// Agents in the engine: what becomes of the table by their words, in virtual time over a model of
// the kernel's.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HealthRules, plainHealth } from '#src/config/director-health.js';
import type { AdministrationOrder } from '#src/director/administration.js';
import { config, fallback, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const AGENT_A = '10.0.0.1:9000';
const AGENT_B = '10.0.0.2:9000';

type More = Partial<NonNullable<Parameters<typeof virtual>[2]>>;

const AGENT: Partial<HealthRules> = { agentCheck: { kind: 'tcp', port: 9000 } };

const pair = (rules: Partial<HealthRules> = AGENT, more: More = {}) =>
  virtual(WEB, [real(A, { weight: 10 }), real(B, { weight: 10 })], {
    isQuiescent: true,
    checkTimeoutSeconds: 1,
    ...more,
    health: { ...plainHealth, ...rules },
  });

/** Both are up and their agents have answered once. */
function farm(word: string, rules: Partial<HealthRules> = {}, more: More = {}): DirectorWorld {
  const world = new DirectorWorld(config([pair({ ...AGENT, ...rules }, more)]));
  for (const name of [A, B]) world.server(name, true);
  world.agent(AGENT_A, word);
  world.agent(AGENT_B, 'up 100%');
  world.start();
  world.run(100);
  return world;
}

/** Each agent is asked once in an interval. */
const turn = (world: DirectorWorld, count = 1): void => world.run(2000 * count);

const weightOf = (world: DirectorWorld, index = 0): number | undefined =>
  world.status().virtuals[0]?.reals[index]?.weight;

const WHERE = `${A} (${WEB})`;

describe('the weight of a real server', () => {
  it('follows its agent in steps, told once, with one request for each step', () => {
    const alert = { to: 'ops@x', repeatSeconds: 0, states: ['running'], smtp: undefined } as const;
    const world = farm('100%', {}, { alert });
    world.log.length = 0;
    world.kernel.requests.length = 0;
    world.mails.length = 0;
    world.agent(AGENT_A, '20% # load 9.1');
    const weights: (number | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      turn(world);
      weights.push(weightOf(world));
    }
    assert.deepEqual(weights, [8, 5, 3, 2, 2, 2]);
    assert.deepEqual(
      world.kernel.requests.map(({ kind }) => kind),
      Array.from({ length: 4 }, () => 'edit-destination'),
    );
    assert.deepEqual(world.log, [
      `Agent of real server: ${WHERE} 100% -> 20%: load 9.1`,
      ...[8, 5, 3, 2].map(
        (weight) => `Weighed real server: ${WHERE} (Weight set to ${weight}): agent 20%: load 9.1`,
      ),
    ]);
    assert.deepEqual(world.mails, []);
    assert.equal(weightOf(world, 1), 10);
  });

  it('is at once what the first answer after a start says', () => {
    const world = farm('40%');
    assert.equal(weightOf(world), 4);
    assert.ok(world.log.includes(`Agent of real server: ${WHERE} unheard -> 40%`));
  });

  it('does not tremble with a load that does', () => {
    const world = farm('50%');
    world.kernel.requests.length = 0;
    for (const word of ['52%', '48%', '54%', '46%']) {
      world.agent(AGENT_A, word);
      turn(world);
    }
    assert.deepEqual(world.kernel.requests, []);
  });

  it('stays while its agent fails, and is whole again after three failures, with one WARN', () => {
    const world = farm('20%');
    world.log.length = 0;
    world.server(AGENT_A, false);
    turn(world, 2);
    assert.equal(weightOf(world), 2);
    turn(world, 4);
    assert.equal(weightOf(world), 10);
    const lost = 'silent, 3 times in a row: its word is forgotten, full weight: connect refused';
    assert.deepEqual(world.log, [
      `Agent of real server: ${WHERE} 20% -> ${lost}`,
      `Weighed real server: ${WHERE} (Weight set to 10): agent silent`,
    ]);
    world.agent(AGENT_A, '20%');
    turn(world);
    assert.equal(weightOf(world), 8);
  });

  it('is whole when the agent says nothing that is known, which is told as such', () => {
    const world = farm('hello\u0007world');
    turn(world, 3);
    assert.equal(weightOf(world), 10);
    const told = world.log.filter((line) => line.startsWith('Agent'));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /unheard -> silent.*: no word is known in "hello world"$/);
  });

  it("is a part of the operator's weight", () => {
    const world = farm('50%');
    say(world, 'weight', 40);
    assert.equal(weightOf(world), 20);
    say(world, 'enable');
    assert.equal(weightOf(world), 5);
  });

  it('rises to that part with slowstart', () => {
    const world = farm('50%', { slowStartSeconds: 10 });
    world.server(A, false);
    turn(world, 2);
    assert.equal(weightOf(world), 0);
    world.server(A, true);
    const weights: (number | undefined)[] = [];
    for (let n = 0; n < 30; n++) {
      world.run(500);
      if (weights.at(-1) !== weightOf(world)) weights.push(weightOf(world));
    }
    assert.deepEqual(
      weights.filter((weight) => weight !== 0),
      [1, 2, 3, 4, 5],
    );
  });

  it('is as configured when a reload takes the agent away', () => {
    const world = farm('20%');
    world.offer({ kind: 'config-changed', id: 7, config: config([pair({})]) });
    world.run(100);
    assert.equal(weightOf(world), 10);
    assert.equal(world.status().virtuals[0]?.reals[0]?.agent, undefined);
  });
});

function say(world: DirectorWorld, state: AdministrationOrder['state'], weight = 0): void {
  const words = { service: '', timeoutMs: 0, by: 'root@mom', reason: '', node: 'mom' };
  const order: AdministrationOrder = { state, servers: ['10.0.0.1'], weight, ...words };
  world.offer({ kind: 'administered', id: 1, order });
  world.run(10);
}

describe('an agent that says', () => {
  it('drain keeps new connections away, and ready lets them come again', () => {
    const world = farm('up');
    world.agent(AGENT_A, 'drain # backup');
    turn(world);
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 10`]);
    const line = `Quiescent real server: ${WHERE} (Weight set to 0): agent drain: backup`;
    assert.ok(world.log.includes(line), world.log.join('\n'));
    assert.equal(world.status().virtuals[0]?.reals[0]?.verdict, 'up');
    world.agent(AGENT_A, 'up');
    turn(world);
    assert.equal(weightOf(world), 0);
    world.agent(AGENT_A, 'ready');
    turn(world);
    assert.deepEqual(world.destinations(), [`${A} masq -w 10`, `${B} masq -w 10`]);
    assert.ok(world.log.includes(`Restored real server: ${WHERE} (Weight set to 10): connected`));
  });

  it('maint takes the real server out, as an operator would', () => {
    const world = farm('up');
    world.agent(AGENT_A, 'maint # new disk');
    turn(world);
    assert.deepEqual(world.destinations(), [`${B} masq -w 10`]);
    assert.ok(world.log.includes(`Deleted real server: ${WHERE}: agent maint: new disk`));
    // An operator's drain waits for connections, which it can see in the table alone.
    world.kernel.connections.set(A, 1);
    say(world, 'drain');
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 10`]);
  });

  it('down is treated as a failed check, and up lets it in again', () => {
    for (const [isQuiescent, there] of [
      [true, [`${A} masq -w 0`]],
      [false, []],
    ] as const) {
      const world = farm('up', {}, { isQuiescent });
      world.agent(AGENT_A, 'down # no database');
      turn(world);
      assert.deepEqual(world.destinations(), [...there, `${B} masq -w 10`]);
      assert.ok(world.log.some((line) => line.endsWith(': agent down: no database')));
      world.agent(AGENT_A, 'up');
      turn(world);
      assert.deepEqual(world.destinations(), [`${A} masq -w 10`, `${B} masq -w 10`]);
    }
  });

  it('0 % or drain is not up as far as the fallback server is concerned', () => {
    const world = farm('0%', {}, { fallback: fallback('127.0.0.1:80') });
    world.agent(AGENT_B, 'drain');
    turn(world);
    const out = [`${A} masq -w 0`, `${B} masq -w 0`];
    assert.deepEqual(world.destinations(), [...out, '127.0.0.1:80 masq -w 1']);
    world.agent(AGENT_A, '30%');
    turn(world);
    assert.deepEqual(world.destinations(), [`${A} masq -w 3`, `${B} masq -w 0`]);
  });

  it('down is held against the floor of the pool, drain is not', () => {
    const minPool = { amount: 1, isPercent: false };
    const world = farm('up', { minPool });
    for (const agent of [AGENT_A, AGENT_B]) world.agent(agent, 'down # broken script');
    turn(world);
    // The last one that went: nothing is swapped without need.
    assert.deepEqual(world.destinations(), [`${A} masq -w 0`, `${B} masq -w 10`]);
    const kept = world.log.filter((line) => line.startsWith('Kept real server'));
    assert.equal(kept.length, 1);
    assert.match(kept[0] ?? '', /minpool is 1\): agent down: broken script$/);
    for (const agent of [AGENT_A, AGENT_B]) world.agent(agent, 'drain');
    turn(world);
    assert.ok(world.destinations().every((line) => line.endsWith('-w 0')));
  });

  it('up does not help a real server whose checks fail', () => {
    const world = farm('up 100%');
    world.server(A, false);
    turn(world, 2);
    assert.equal(weightOf(world), 0);
  });
});

describe('an agent', () => {
  const questions = (world: DirectorWorld): number =>
    world.started.filter(({ spec }) => spec.kind === 'agent' && spec.address === '10.0.0.1').length;

  it('is asked at agentinterval, and never twice at once', () => {
    const world = farm('up', { agentIntervalSeconds: 1 }, { checkTimeoutSeconds: 5 });
    world.run(1000);
    world.started.length = 0;
    world.run(5000);
    assert.equal(questions(world), 5);
    world.mute(AGENT_A);
    world.run(1500);
    world.started.length = 0;
    world.run(3000);
    assert.equal(questions(world), 0);
  });

  it('is asked once for all virtual services that share it, and each follows it', () => {
    const mail = virtual('10.0.0.100:25', [real('10.0.0.1:25', { weight: 4 })], {
      health: { ...plainHealth, ...AGENT },
      checkTimeoutSeconds: 9,
    });
    const world = new DirectorWorld(config([pair(), mail]));
    for (const name of [A, B, '10.0.0.1:25']) world.server(name, true);
    world.agent(AGENT_A, '50%');
    world.agent(AGENT_B, '100%');
    world.start();
    world.run(100);
    assert.equal(questions(world), 1);
    assert.equal(weightOf(world), 5);
    assert.equal(world.status().virtuals[1]?.reals[0]?.weight, 2);
  });

  it('is asked nothing where the configuration says none, or nothing', () => {
    for (const rules of [{}, { agentCheck: { kind: 'none' } as const }]) {
      const world = new DirectorWorld(config([pair(rules)]));
      world.start();
      world.run(3000);
      assert.equal(questions(world), 0);
    }
  });

  it('that is a program gets address and port as arguments', () => {
    const path = '/usr/lib/lubdub/agent';
    const world = farm('up', { agentCheck: { kind: 'command', path } });
    const spec = world.started.find((each) => each.spec.kind === 'agent')?.spec;
    assert.ok(spec?.kind === 'agent');
    assert.deepEqual([spec.via, spec.path, spec.args], ['command', path, ['10.0.0.1', '80']]);
  });
});
