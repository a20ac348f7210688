// The registry of clients against a recorded session with heartbeat 3.0.6: each request of the
// session must get the answers that the original gave, byte for byte in the string frame.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { base64ToBytes, bytesToLatin1 } from '#src/base/bytes.js';
import { resolveApiRules } from '#src/clients/api-rules.js';
import type { ClientEffect } from '#src/clients/client-event.js';
import type { ClientFacts } from '#src/clients/client-facts.js';
import { clientParameters } from '#src/clients/client-parameters.js';
import { type ClientRegistry, createClientRegistry } from '#src/clients/client-registry.js';
import { type HaMessage, haMessage, textField } from '#src/wire/ha-message.js';
import { encodeStringFrame } from '#src/wire/string-frame.js';

interface Step {
  readonly name: string;
  readonly request: readonly string[];
  readonly replies: readonly string[];
  readonly ends: boolean;
}

const path = new URL('../../../test/conformance/vectors/heartbeat-clients.json', import.meta.url);
const session = JSON.parse(readFileSync(path, 'utf8')) as readonly Step[]; // our own file

const recordedVersion = '3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)';
const HACLUSTER = 104;
const root = { pid: 932, uid: 0, gid: 0 };

const link = (name: string): ClientFacts['nodes'][0]['links'] => [{ name, state: 'up' }];
const facts: ClientFacts = {
  nodes: [
    {
      ...{ name: '127.0.0.1', kind: 'ping', state: 'ping' },
      uuid: undefined,
      links: link('127.0.0.1'),
    },
    {
      ...{ name: 'hbcl-a', kind: 'normal', state: 'active' },
      uuid: base64ToBytes('SkxLv9srRzuT6TBqFDxbdg=='),
      links: link('hbX'),
    },
    { ...{ name: 'hbcl-b', kind: 'normal', state: 'active' }, uuid: undefined, links: link('hbX') },
  ],
  resources: 'local',
};

function registryOfTheRun(): ClientRegistry {
  const times = { keepalive: 200, deadtime: 1500, warntime: 750, initdead: 1500, deadping: 1500 };
  const { rules } = resolveApiRules([], {
    user: (name) => (name === 'root' ? 0 : name === 'hacluster' ? HACLUSTER : undefined),
    group: (name) => (name === 'haclient' ? 108 : undefined),
  });
  const setting = {
    localNode: 'hbcl-a',
    deadtimeMs: 1500,
    keepaliveMs: 200,
    logfacility: 0,
    version: recordedVersion,
    parameters: clientParameters({ keepalive: '200ms' }, times, 'off', recordedVersion),
    builtIn: [],
    ownUid: HACLUSTER,
  };
  return createClientRegistry(setting, rules);
}

const messageOf = (lines: readonly string[]): HaMessage =>
  haMessage(
    ...lines.map((line) => {
      const equals = line.indexOf('=');
      return textField(line.slice(0, equals), line.slice(equals + 1));
    }),
  );

const framesOf = (effects: readonly ClientEffect[], connection: number): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'deliver' && effect.connection === connection
      ? [bytesToLatin1(encodeStringFrame(effect.message))]
      : [],
  );

/** 3.0.6 tells a client that it refused that it left as well; ours never joined. */
const withoutFarewell = (replies: readonly string[]): readonly string[] =>
  replies.filter((reply) => !reply.includes('t=hbapi-clstat'));

/** A process id that no process has: 3.0.6 looks at once, we compare with the kernel's. */
const isOfAbsentProcess = (step: Step): boolean => step.request.includes('pid=999999');

describe('a recorded session of clients', () => {
  const registry = registryOfTheRun();
  registry.step(
    { kind: 'connected', connection: 1, credentials: { pid: 55, uid: HACLUSTER, gid: 108 } },
    facts,
  );
  const ipfail = [
    't=hbapi-req',
    'reqtype=signon',
    'pid=55',
    'from_id=ipfail',
    'uid=104',
    'gid=108',
  ];
  registry.step({ kind: 'message-received', connection: 1, message: messageOf(ipfail) }, facts);
  let connection = 1;
  for (const [index, step] of session.entries()) {
    it(`${index}: ${step.name} is answered as by 3.0.6`, () => {
      if (step.request.includes('reqtype=signon')) {
        // The client before has gone; ipfail, the first one, stays.
        if (connection > 1)
          registry.step({ kind: 'connection-lost', connection, reason: 'EOF' }, facts);
        connection += 1;
        registry.step({ kind: 'connected', connection, credentials: root }, facts);
      }
      const message = messageOf(step.request);
      const effects = registry.step({ kind: 'message-received', connection, message }, facts);
      if (!isOfAbsentProcess(step)) {
        assert.deepEqual(framesOf(effects, connection), withoutFarewell(step.replies));
      }
      const isEnded = effects.some((effect) => effect.kind === 'disconnect');
      assert.equal(isEnded, step.ends);
    });
  }
});
