// Mails, fallback commands, maintenance and monitor lines of the engine, in virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualServiceConfig } from '#src/config/director-config.js';
import { mailBody } from '#src/director/alerts.js';
import { config, fallback, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

function started(more: Partial<VirtualServiceConfig>): DirectorWorld {
  const world = new DirectorWorld(config([virtual(WEB, [real(A), real(B)], more)]));
  world.server(A, true);
  world.server(B, true);
  world.start();
  world.run(1500);
  return world;
}

const alert = (more: Partial<VirtualServiceConfig['alert']> = {}) => ({
  alert: {
    to: 'ops@lab.example',
    repeatSeconds: 0,
    states: ['starting', 'running', 'stopping', 'reloading'] as const,
    smtp: undefined,
    ...more,
  },
});

const set = (name: string, weight: number): string => `${name} (${WEB}) (Weight set to ${weight})`;

test('each change of a real server or the fallback is one mail that tells the state', () => {
  const world = started({ ...alert(), serviceName: 'Shop', fallback: fallback('127.0.0.1:80') });
  assert.deepEqual(world.mails.splice(0), [
    `starting: [Shop] Added real server: ${set(A, 1)}`,
    `starting: [Shop] Added real server: ${set(B, 1)}`,
  ]);
  world.server(A, false);
  world.server(B, false);
  world.run(4000);
  const mails = world.mails.splice(0);
  assert.ok(mails.includes(`running: [Shop] Deleted real server: ${A} (${WEB})`), `${mails}`);
  assert.ok(
    mails.includes(
      `running: [Shop] Added fallback server: 127.0.0.1:80 (${WEB}) (Weight set to 1)`,
    ),
  );
  assert.equal(mails.length, 3);
  world.server(A, true);
  world.run(4000);
  world.mails.splice(0);
  world.offer({ kind: 'shutdown-asked', signal: 'TERM' });
  assert.deepEqual(world.mails, [`stopping: [Shop] Purged real server (stop): ${A} (${WEB})`]);
});

test('states that are not asked for bring no mail', () => {
  const world = started(alert({ states: ['stopping'] }));
  world.server(A, false);
  world.run(4000);
  assert.deepEqual(world.mails, []);
});

test('a real server that stays down is reminded of until it is back', () => {
  const world = started({ ...alert({ repeatSeconds: 4, states: ['running'] }), isQuiescent: true });
  world.server(A, false);
  world.run(2500);
  assert.deepEqual(world.mails.splice(0), [`running: Quiescent real server: ${set(A, 0)}`]);
  world.run(9000);
  const reminder = `running: Inaccessible real server: ${A} (${WEB})`;
  assert.deepEqual(world.mails.splice(0), [reminder, reminder]);
  world.server(A, true);
  world.run(20_000);
  assert.deepEqual(world.mails, [`running: Restored real server: ${set(A, 1)}`]);
});

test('the text of a mail is as recorded', () => {
  const service = virtual(WEB, [], { serviceName: 'Web Site', comment: 'call Ann' });
  assert.equal(
    mailBody(service, '[Web Site] Deleted', 'running', 'lab'),
    'ldirectord host: lab\nLog-Message: [Web Site] Deleted\nDaemon-Status: running\n' +
      '\nService name: Web Site\nComment: call Ann\n',
  );
});

test('the fallback command hears stop at a good start, start when all are down', () => {
  const world = started({ fallbackCommand: '/fb' });
  assert.deepEqual(world.commands.splice(0), [`/fb stop ${WEB} tcp`]);
  world.server(A, false);
  world.run(4000);
  assert.deepEqual(world.commands, []);
  world.server(B, false);
  world.run(8000);
  assert.deepEqual(world.commands.splice(0), [`/fb start ${WEB} tcp`]);
  world.server(A, true);
  world.server(B, true);
  world.run(8000);
  assert.deepEqual(world.commands, [`/fb stop ${WEB} tcp`]);
});

test('the fallback command hears start when nobody is up at the start', () => {
  const world = new DirectorWorld(config([virtual(WEB, [real(A)], { fallbackCommand: '/fb' })]));
  world.start();
  world.run(3000);
  assert.deepEqual(world.commands, [`/fb start ${WEB} tcp`]);
});

test('a maintenance file takes a real server out at once, and back after a good check', () => {
  const world = started({ isQuiescent: true, failureCount: 5 });
  world.offer({ kind: 'maintenance-changed', endpoints: new Set([A]) });
  const quiesced = `-a tcp ${WEB} -r ${A} masq -w 0`;
  assert.ok(world.kernel.lines().includes(quiesced));
  assert.ok(world.log.at(-1)?.endsWith(': Server in maintenance'));
  world.run(10_000);
  assert.ok(world.kernel.lines().includes(quiesced), 'good checks do not bring it back');
  world.offer({ kind: 'maintenance-changed', endpoints: new Set() });
  world.run(100);
  assert.ok(world.kernel.lines().includes(`-a tcp ${WEB} -r ${A} masq -w 1`));
});

test('a real server without checks is in maintenance too', () => {
  const world = started({ checkType: { kind: 'on' } });
  world.offer({ kind: 'maintenance-changed', endpoints: new Set([A]) });
  assert.equal(world.kernel.lines().length, 2);
  world.offer({ kind: 'maintenance-changed', endpoints: new Set() });
  assert.equal(world.kernel.lines().length, 3);
});

test('a monitor file gets a line for each check', () => {
  const world = started({ monitorFile: '/mon', request: '/i.html', receive: 'Test Page' });
  const check = `connect tcp 10.0.0.1 80 1 masq /i.html Test Page`;
  assert.equal(world.notes[0], `/mon: ${check} [up] -`);
  world.offer({ kind: 'maintenance-changed', endpoints: new Set([A]) });
  world.run(3000);
  assert.ok(world.notes.includes(`/mon: ${check} [down] Server in maintenance`));
});
