// The directives of ldirectord.cf that are ours: read in both parts, the narrower one first.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeDiagnostics } from '#src/config/diagnostic.js';
import type { DirectorConfig } from '#src/config/director-config.js';
import { isQuiescing, plainHealth } from '#src/config/director-health.js';
import { healthDirectives } from '#src/config/director-health-directives.js';
import type { NameLookup } from '#src/config/director-names.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { configMeaning } from '#src/director/config-meaning.js';

const names: NameLookup = {
  hostName: 'penguin-mom',
  host: () => undefined,
  service: () => undefined,
  fileFault: () => undefined,
  folderFault: () => undefined,
};

const parse = (text: string) => parseDirectorConfig(text, 'x.cf', names);

const head = 'virtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq 10\n';

function good(text: string): DirectorConfig {
  const { config, diagnostics } = parse(text);
  assert.ok(config, describeDiagnostics(diagnostics));
  return config;
}

const values = [
  'refusedcount=2',
  'timeoutcount=5',
  'wrongcount=3',
  'risecount=2',
  'fastinterval=0.5',
  'jitter=20%',
  'minpool=50%',
  'slowstart=30',
  'deadaction=expire',
  'watchconn=yes',
  'agentcheck=http:8080/load',
  'agentinterval=3',
];

const read = {
  refusedCount: 2,
  timeoutCount: 5,
  wrongCount: 3,
  riseCount: 2,
  fastIntervalSeconds: 0.5,
  jitterPercent: 20,
  minPool: { amount: 50, isPercent: true },
  slowStartSeconds: 30,
  deadAction: 'expire',
  isWatchConn: true,
  agentCheck: { kind: 'http', port: 8080, path: '/load' },
  agentIntervalSeconds: 3,
};

describe('the extensions of ldirectord.cf', () => {
  it('are off unless they are written', () => {
    assert.deepEqual(good(head).virtuals[0]?.health, plainHealth);
  });

  it('are read in a virtual service and in the global part', () => {
    assert.deepEqual(good(`${head}\t${values.join('\n\t')}\n`).virtuals[0]?.health, read);
    assert.deepEqual(good(`${values.join('\n')}\n${head}`).virtuals[0]?.health, read);
    assert.equal(values.length, healthDirectives.length);
  });

  it('count from the virtual service first', () => {
    const text = `risecount=2\nminpool=50%\nfastinterval=1\n${head}\trisecount=4\n\tminpool=1\n`;
    const health = good(text).virtuals[0]?.health;
    assert.deepEqual(health, {
      ...plainHealth,
      riseCount: 4,
      minPool: { amount: 1, isPercent: false },
      fastIntervalSeconds: 1,
    });
  });

  it('are refused with a hint when they make no sense', () => {
    const bad = [
      'refusedcount=0',
      'timeoutcount=5s',
      'risecount=-1',
      'fastinterval=0',
      'fastinterval=1.2345',
      'jitter=51',
      'minpool=101%',
      'minpool=half',
      'slowstart=x',
      'deadaction=kill',
      'agentcheck=tcp:0',
      'agentcheck=tcp:70000',
      'agentcheck=tcp:9000/load',
      'agentcheck=http:8080',
      'agentcheck=agent',
      'agentcheck="/usr/bin/agent --quick"',
      'agentcheck=',
      'agentinterval=0',
      'agentinterval=0.5',
    ];
    for (const line of bad) {
      const { config, diagnostics } = parse(`${line}\n${head}`);
      assert.equal(config, undefined, line);
      assert.deepEqual(
        diagnostics.map(({ code, message }) => [code, message]),
        [['bad-value', `invalid ${line.split('=')[0]}`]],
      );
      assert.ok(diagnostics[0]?.hint, line);
    }
  });

  it('name an agent as a port, a page or a program, or none in place of the global one', () => {
    const sourceOf = (text: string) => good(text).virtuals[0]?.health.agentCheck;
    assert.deepEqual(sourceOf(`agentcheck = tcp:9000\n${head}`), { kind: 'tcp', port: 9000 });
    const program = { kind: 'command', path: '/usr/lib/lubdub/agent' };
    assert.deepEqual(sourceOf(`agentcheck="/usr/lib/lubdub/agent"\n${head}`), program);
    assert.deepEqual(sourceOf(`agentcheck=/usr/lib/lubdub/agent\n${head}`), program);
    assert.deepEqual(sourceOf(`agentcheck=tcp:9000\n${head}\tagentcheck=none\n`), { kind: 'none' });
    const meaning = JSON.stringify(configMeaning(good(`${head}\tagentcheck=http:80/a?b=1\n`)));
    assert.match(meaning, /"agentcheck":"http:80\/a\?b=1"/);
  });

  it('bring a warning for an agent that is never asked', () => {
    const text = (lines: string): string => describeDiagnostics(parse(lines).diagnostics);
    assert.match(text(`${head}\tagentinterval=3\n`), /agentinterval has no effect/);
    assert.equal(text(`agentcheck=tcp:9000\n${head}\tagentinterval=3\n`), '');
    const off = `${head}\tchecktype=off\n\tagentcheck=tcp:9000\n`;
    assert.match(text(off), /agentcheck has no effect with checktype=off/);
  });

  it('of which deadaction goes before quiescent', () => {
    const quiesces = (text: string): boolean => {
      const [virtual] = good(text).virtuals;
      assert.ok(virtual);
      return isQuiescing(virtual);
    };
    assert.equal(quiesces(`quiescent=yes\n${head}`), true);
    assert.equal(quiesces(`quiescent=yes\ndeadaction=remove\n${head}`), false);
    assert.equal(quiesces(`quiescent=no\ndeadaction=quiesce\n${head}`), true);
    assert.equal(quiesces(`quiescent=no\n${head}\tdeadaction=expire\n`), true);
    assert.equal(quiesces(head), false);
  });

  it('are shown with the meaning of a file only when they are written', () => {
    const meaning = JSON.stringify(configMeaning(good(`minpool=50%\n${head}\tslowstart=0\n`)));
    assert.match(meaning, /"minpool":"50%"/);
    assert.match(meaning, /"slowstart":0/);
    for (const [name] of healthDirectives) {
      assert.ok(!JSON.stringify(configMeaning(good(head))).includes(name), name);
    }
  });

  it('bring a warning for a slow start that has no weight to raise', () => {
    const text = 'slowstart=30\nvirtual=10.0.0.1:80\n\treal=10.0.0.2:80 masq\n';
    assert.match(describeDiagnostics(parse(text).diagnostics), /slowstart has no effect/);
    assert.deepEqual(parse(`slowstart=30\n${head}`).diagnostics, []);
  });

  it('bring a warning for quiescent with persistent, unless deadaction says what is meant', () => {
    const sticky = (text: string): boolean =>
      parse(text).diagnostics.some(({ code }) => code === 'sticky-quiescent');
    const lines = `${head}\tpersistent=600\n`;
    assert.equal(sticky(`quiescent=yes\n${lines}`), true);
    assert.equal(sticky(`quiescent=yes\ndeadaction=expire\n${lines}`), false);
    assert.equal(sticky(`quiescent=yes\n${lines}\tdeadaction=quiesce\n`), false);
    assert.equal(sticky(lines), false);
    assert.equal(sticky(`quiescent=yes\n${head}`), false);
    const text = describeDiagnostics(parse(`quiescent=yes\n${lines}`).diagnostics);
    assert.match(
      text,
      /clients of 10\.0\.0\.1:80 stay with a quiesced real server for up to 600 s/,
    );
  });
});
