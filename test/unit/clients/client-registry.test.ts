// What clients may say and what they are shown. The answers to questions are compared with the
// original's in test/conformance.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveApiRules } from '#src/clients/api-rules.js';
import type { ClientEffect, ClientEvent } from '#src/clients/client-event.js';
import { createClientRegistry } from '#src/clients/client-registry.js';
import { fieldText, type HaMessage, haMessage, textField } from '#src/wire/ha-message.js';

const facts = { nodes: [], resources: 'none' };

interface Scene {
  readonly step: (event: ClientEvent) => readonly ClientEffect[];
  /** Signs a client on; its connection has the same number as its process. */
  readonly join: (pid: number, name?: string, uid?: number) => readonly ClientEffect[];
  readonly say: (pid: number, fields: Record<string, string>) => readonly ClientEffect[];
}

const message = (fields: Record<string, string>): HaMessage =>
  haMessage(...Object.entries(fields).map(([name, text]) => textField(name, text)));

function scene(): Scene {
  const written = [
    { client: 'drbd', users: ['root'], groups: ['haclient'] },
    { client: 'lost', users: ['nobody-here'], groups: [] },
    { client: 'anon', users: ['root', '1000'], groups: [] },
  ];
  const { rules } = resolveApiRules(written, {
    user: (name) => (name === 'root' ? 0 : name === '1000' ? 1000 : undefined),
    group: (name) => (name === 'haclient' ? 108 : undefined),
  });
  const registry = createClientRegistry(
    {
      ...{ localNode: 'mom', deadtimeMs: 1000, keepaliveMs: 100, logfacility: 0, version: 'x' },
      ...{ parameters: {}, builtIn: ['ipfail'], ownUid: 104 },
    },
    rules,
  );
  const step = (event: ClientEvent): readonly ClientEffect[] => registry.step(event, facts);
  const say = (pid: number, fields: Record<string, string>): readonly ClientEffect[] =>
    step({ kind: 'message-received', connection: pid, message: message(fields) });
  return {
    step,
    say,
    join: (pid, name = String(pid), uid = 0) => {
      step({ kind: 'connected', connection: pid, credentials: { pid, uid, gid: uid } });
      const claim = { pid: String(pid), from_id: name, uid: String(uid), gid: String(uid) };
      return say(pid, { t: 'hbapi-req', reqtype: 'signon', ...claim });
    },
  };
}

const resultsOf = (effects: readonly ClientEffect[]): readonly (string | undefined)[] =>
  effects.flatMap((effect) =>
    effect.kind === 'deliver' ? [fieldText(effect.message, 'result')] : [],
  );

const sentOf = (effects: readonly ClientEffect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send'
      ? [effect.fields.map((f) => `${f.name}=${f.type === 0 ? f.text : ''}`).join(' ')]
      : [],
  );

const receiversOf = (effects: readonly ClientEffect[]): readonly number[] =>
  effects.flatMap((effect) => (effect.kind === 'deliver' ? [effect.connection] : []));

describe('a client that signs on', () => {
  it('is told to the other clients of its name, in the cluster, and its leave as well', () => {
    const { join, step } = scene();
    assert.deepEqual(sentOf(join(10, 'drbd')), [
      't=hbapi-clstat st=join from_id=drbd to_id=drbd info=signon client_gen=0',
    ]);
    assert.deepEqual(sentOf(step({ kind: 'connection-lost', connection: 10, reason: 'EOF' })), [
      't=hbapi-clstat st=leave from_id=drbd to_id=drbd info=EOF client_gen=0',
    ]);
  });

  it('without a name comes and goes unnoticed', () => {
    const { join, step } = scene();
    assert.deepEqual(sentOf(join(10)), []);
    assert.deepEqual(sentOf(step({ kind: 'connection-lost', connection: 10, reason: 'EOF' })), []);
  });

  it('is refused when the account of its rule does not exist here', () => {
    assert.deepEqual(resultsOf(scene().join(10, 'lost')), ['badreq']);
  });

  it('is refused when it claims the process id of another', () => {
    const { step, say } = scene();
    step({ kind: 'connected', connection: 1, credentials: { pid: 77, uid: 0, gid: 0 } });
    const claim = { pid: '78', from_id: '78', uid: '0', gid: '0' };
    const effects = say(1, { t: 'hbapi-req', reqtype: 'signon', ...claim });
    assert.deepEqual(resultsOf(effects), ['badreq']);
    assert.ok(effects.some((effect) => effect.kind === 'disconnect'));
  });

  it('makes the engine show messages, and the last one that leaves ends that', () => {
    const { join, step } = scene();
    const watches = (effects: readonly ClientEffect[]): readonly number[] =>
      effects.flatMap((effect) => (effect.kind === 'watch' ? [effect.mask] : []));
    assert.deepEqual(watches(join(10, 'drbd')), [1]);
    assert.deepEqual(watches(step({ kind: 'connection-lost', connection: 10, reason: 'x' })), [0]);
  });
});

describe('a message of a client to the cluster', () => {
  it('carries its own name as sender and receiver, whatever it wrote', () => {
    const { join, say } = scene();
    join(10, 'drbd');
    assert.deepEqual(sentOf(say(10, { t: 'hello', to_id: 'other', dest: 'dad' })), [
      't=hello to_id=drbd dest=dad from_id=drbd client_gen=0',
    ]);
  });

  it('of a client without a name ends its connection', () => {
    const { join, say } = scene();
    join(10);
    const effects = say(10, { t: 'hello' });
    assert.deepEqual(sentOf(effects), []);
    assert.ok(effects.some((effect) => effect.kind === 'disconnect'));
  });

  it('never speaks for the cluster itself', () => {
    const { join, say } = scene();
    join(10, 'drbd');
    for (const t of [
      'status',
      'resource',
      'shutdone',
      'NS_ackmsg',
      'lubdub-heal',
      'repnodes',
      '',
    ]) {
      assert.deepEqual(sentOf(say(10, { t, rsc_hold: 'all' })), [], t);
    }
  });
});

describe('a message of the cluster', () => {
  it('with a to_id is shown to the client of that name alone', () => {
    const { join, step } = scene();
    join(10, 'drbd');
    join(11);
    const shown = message({ t: 'hello', to_id: 'drbd' });
    const effects = step({ kind: 'notice-given', treatment: 'keep', message: shown });
    assert.deepEqual(receiversOf(effects), [10]);
  });

  it('of a kind that a client filters out is not shown to it', () => {
    const { join, say, step } = scene();
    join(10, 'drbd');
    join(11);
    const me = { t: 'hbapi-req', pid: '11', from_id: '11' };
    assert.deepEqual(resultsOf(say(11, { ...me, reqtype: 'setfilter', fmask: '3f' })), ['OK']);
    const beat = message({ t: 'status', st: 'active' });
    const effects = step({ kind: 'notice-given', treatment: 'no-change', message: beat });
    assert.deepEqual(receiversOf(effects), [11]);
  });

  it('wakes a client that asked for a signal', () => {
    const { join, say, step } = scene();
    join(10, 'drbd');
    const me = { t: 'hbapi-req', pid: '10', from_id: 'drbd' };
    say(10, { ...me, reqtype: 'setsignal', signal: '10' });
    const shown = message({ t: 'hello' });
    const [effect] = step({ kind: 'notice-given', treatment: 'keep', message: shown });
    assert.deepEqual(effect?.kind === 'deliver' ? effect.wake : undefined, { pid: 10, signal: 10 });
  });
});

describe('all messages of the cluster', () => {
  it('are for root and for heartbeat itself, not for other users', () => {
    const { join, say } = scene();
    join(10, '10', 1000);
    const me = { t: 'hbapi-req', pid: '10', from_id: '10', reqtype: 'setfilter' };
    const [effect] = say(10, { ...me, fmask: '3f' });
    assert.equal(effect?.kind === 'deliver' && fieldText(effect.message, 'info'), 'EPERM');
    assert.deepEqual(resultsOf(say(10, { ...me, fmask: '1' })), ['OK']);
  });
});

describe('a question of another node for a client', () => {
  it('is answered for signed-on clients and for those that are built in', () => {
    const { join, step } = scene();
    join(10, 'drbd');
    const ask = (client: string): readonly string[] =>
      sentOf(step({ kind: 'status-asked', from: 'dad', client, asker: '99' }));
    const answer = (client: string, state: string): readonly string[] => [
      `t=respond-cstatus dest=dad result=OK cn=${client} to_id=99 cs=${state}`,
    ];
    assert.deepEqual(ask('drbd'), answer('drbd', 'online'));
    assert.deepEqual(ask('ipfail'), answer('ipfail', 'online'));
    assert.deepEqual(ask('nosuch'), answer('nosuch', 'offline'));
  });
});

describe('a request in the name of another client', () => {
  it('is not carried out', () => {
    const { join, say } = scene();
    join(10, 'drbd');
    join(11);
    const asOther = { t: 'hbapi-req', pid: '10', from_id: 'drbd', reqtype: 'signoff' };
    const effects = say(11, asOther);
    assert.deepEqual(sentOf(effects), []);
    assert.ok(!effects.some((effect) => effect.kind === 'disconnect'));
  });
});
