// What agents said, in the status report and on the page for people.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, wallTime } from '#src/base/time.js';
import { statusPage } from '#src/bin/status-page.js';
import { plainHealth } from '#src/config/director-health.js';
import { statusReport } from '#src/ldirectord/status-report.js';
import type { JsonObject } from '#src/runtime/control-socket.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

function reportWith(words: readonly string[]): JsonObject {
  const health = { ...plainHealth, agentCheck: { kind: 'tcp', port: 9000 } as const };
  const reals = words.map((_word, index) => real(`10.0.0.${index + 1}:80`, { weight: 10 }));
  const world = new DirectorWorld(config([virtual('10.0.0.100:80', reals, { health })]));
  for (const [index, word] of words.entries()) {
    world.server(`10.0.0.${index + 1}:80`, true);
    if (word !== '') world.agent(`10.0.0.${index + 1}:9000`, word);
  }
  world.start();
  world.run(100);
  const facts = {
    instance: 'default',
    configPath: '/etc/ha.d/ldirectord.cf',
    configLoadedAtWallMs: 0,
    lastReload: undefined,
    configHash: '',
    peer: undefined,
  };
  const now = { monotonic: instant(world.nowMs), wall: wallTime(1.7e12) };
  return statusReport(world.status(), facts, now);
}

test('the status shows what an agent said, and why', () => {
  const report = reportWith(['40%', 'drain # backup', 'down # no database', '']);
  // The report is made by our own code.
  const [service] = report.services as readonly { readonly reals: readonly JsonObject[] }[];
  assert.deepEqual(
    service?.reals.map((each) => each.agent),
    [
      { text: 'agent 40%', state: 'up', percent: 40, share: 40, reason: '' },
      { text: 'agent drain: backup', state: 'drain', percent: 100, share: 100, reason: 'backup' },
      {
        text: 'agent down: no database',
        state: 'down',
        percent: 100,
        share: 100,
        reason: 'no database',
      },
      null,
    ],
  );
  const page = statusPage({ directors: [report] }, false);
  assert.match(page, /10\.0\.0\.1:80 +weight 4 +up .*\[agent 40%\]/);
  assert.match(page, /10\.0\.0\.2:80 +weight 0 +up, AGENT DRAIN .*\[agent drain: backup\]/);
  assert.match(page, /10\.0\.0\.3:80 .*up, AGENT DOWN .*\[agent down: no database\]/);
  assert.ok(!/10\.0\.0\.4:80 .*agent/i.test(page));
});
