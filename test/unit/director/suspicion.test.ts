// Checks that are due at once because something speaks against a real server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

function pair(): DirectorWorld {
  const world = new DirectorWorld(config([virtual('10.0.0.100:80', [real(A), real(B)])]));
  world.server(A, true);
  world.server(B, true);
  world.start();
  world.run(2500);
  world.started.length = 0;
  return world;
}

const asked = (world: DirectorWorld): readonly string[] =>
  world.started.map(({ spec }) => ('address' in spec ? spec.address : ''));

test('a suspected real server is checked at once and goes with that check', () => {
  const world = pair();
  world.server(A, false);
  world.offer({ kind: 'servers-suspected', names: new Set([A]) });
  world.run(10);
  assert.deepEqual(asked(world), ['10.0.0.1']);
  assert.ok(!world.kernel.lines().some((line) => line.includes(A)));
});

test('a suspicion without cause costs one check and nothing else', () => {
  const world = pair();
  const before = world.kernel.lines();
  world.offer({ kind: 'servers-suspected', names: new Set(['10.0.0.1', '10.0.0.77']) });
  world.run(10);
  assert.deepEqual(asked(world), ['10.0.0.1']);
  assert.deepEqual(world.kernel.lines(), before);
});

test('a storm of suspicions asks a real server ten times a second at most', () => {
  const world = pair();
  for (let at = 0; at < 500; at++) {
    world.offer({ kind: 'servers-suspected', names: undefined });
    world.run(2);
  }
  assert.ok(world.started.length <= 2 * 11, `${world.started.length} checks`);
  assert.ok(world.started.length >= 2 * 5, `${world.started.length} checks`);
});

test('a good answer of a check that was under way does not end a suspicion', () => {
  const world = pair();
  world.server(A, true, 150);
  world.offer({ kind: 'servers-suspected', names: new Set([A]) });
  world.run(20);
  world.offer({ kind: 'servers-suspected', names: new Set([A]) });
  world.run(200);
  assert.deepEqual(asked(world), ['10.0.0.1', '10.0.0.1']);
});
