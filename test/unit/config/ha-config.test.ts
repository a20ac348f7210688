// ha.cf: defaults, values, rules between directives, and what is said about faults.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeDiagnostics } from '#src/config/diagnostic.js';
import { type HaConfig, type ParsedHaConfig, parseHaConfig } from '#src/config/ha-config.js';

const pair = 'node penguin-mom penguin-dad\nauto_failback off\n';
const media = 'serial /dev/ttyS0\nbcast eth1\n';

const parse = (text: string): ParsedHaConfig =>
  parseHaConfig(text, 'ha.cf', { localNode: 'Penguin-Mom' });

function good(text: string): HaConfig {
  const { config, diagnostics } = parse(text);
  assert.ok(config, describeDiagnostics(diagnostics));
  return config;
}

/** The diagnostics of the kind, as code, place and message. */
function faults(text: string, severity: 'error' | 'warning' = 'error'): readonly string[] {
  return parse(text)
    .diagnostics.filter((each) => each.severity === severity)
    .map((each) => `${each.code} ${each.line}:${each.column} ${each.message}`);
}

describe('ha.cf', () => {
  it('gets the defaults of heartbeat 3.0.6 for what it does not write', () => {
    const config = good(pair + media);
    assert.equal(config.localNode, 'penguin-mom');
    assert.deepEqual(config.nodes, ['penguin-mom', 'penguin-dad']);
    assert.equal(config.keepalive, 1000);
    assert.equal(config.deadtime, 30_000);
    assert.equal(config.warntime, 15_000);
    assert.equal(config.initdead, 30_000);
    assert.equal(config.deadping, 30_000);
    assert.equal(config.format, 'classic');
    assert.equal(config.hopfudge, 1);
    assert.equal(config.maxRexmitDelay, 250);
    assert.equal(config.isBadPackLogged, true);
    assert.equal(config.generationMethod, 'file');
    assert.deepEqual(config.media, [
      { kind: 'serial', path: '/dev/ttyS0', baud: 19200 },
      { kind: 'bcast', interfaceName: 'eth1', port: 694 },
    ]);
  });

  it('takes times in seconds, fractions, milliseconds and microseconds, and no other unit', () => {
    const config = good(`${pair}${media}keepalive 500ms\ndeadtime 2.5\nwarntime 900000us\n`);
    assert.equal(config.keepalive, 500);
    assert.equal(config.deadtime, 2500);
    assert.equal(config.warntime, 900);
    for (const time of ['1m', '5s', '-1', 'soon', '1e3', '.']) {
      assert.match(faults(`${pair}${media}warntime ${time}\n`)[0] ?? '', /^bad-value 5:10 /, time);
    }
  });

  it('chooses initdead by deadtime: itself, 12 s, or twice', () => {
    assert.equal(good(`${pair}${media}deadtime 11\n`).initdead, 11_000);
    assert.equal(good(`${pair}${media}deadtime 5\n`).initdead, 12_000);
    assert.equal(good(`${pair}${media}deadtime 8\n`).initdead, 16_000);
  });

  it('lower-cases node names and separates words by blanks, tabs and commas', () => {
    const config = good(`node Penguin-MOM,penguin-Dad # both\nauto_failback off\n${media}`);
    assert.deepEqual(config.nodes, ['penguin-mom', 'penguin-dad']);
  });

  it('applies udpport and baud to the lines below them and warns about those above', () => {
    const text = `${pair}bcast eth0\nserial /dev/ttyS0\nudpport 1694\nbaud 9600\nucast eth1 mom\n`;
    const config = good(`${text}serial /dev/ttyS1\n`);
    assert.deepEqual(
      config.media.map((medium) => (medium.kind === 'serial' ? medium.baud : medium.port)),
      [694, 19200, 1694, 9600],
    );
    assert.deepEqual(
      faults(text, 'warning').filter((each) => each.startsWith('late-directive')),
      [
        'late-directive 5:1 udpport holds only for the lines below it',
        'late-directive 6:1 baud holds only for the lines below it',
      ],
    );
  });

  it('reads the five words of mcast and judges each', () => {
    const config = good(`${pair}mcast eth0 225.0.0.77 694 1 0\n`);
    assert.deepEqual(config.media[0], {
      kind: 'mcast',
      interfaceName: 'eth0',
      group: '225.0.0.77',
      port: 694,
      ttl: 1,
      loop: false,
    });
    assert.deepEqual(faults(`${pair}mcast eth0 10.0.0.1 0 9 2\n`), [
      'bad-value 3:12 "10.0.0.1" is not a multicast group',
      'out-of-range 3:21 the port must be a number from 1 to 65535',
      'out-of-range 3:23 the ttl must be a number from 0 to 4',
      'out-of-range 3:25 loop must be a number from 0 to 1',
    ]);
  });

  it('takes nice_failback in the sense of heartbeat 1 and says so', () => {
    const node = 'node penguin-mom penguin-dad\n';
    assert.equal(good(`${node}${media}nice_failback on\n`).autoFailback, 'off');
    assert.equal(good(`${node}${media}nice_failback off\n`).autoFailback, 'on');
    assert.match(
      faults(`${node}${media}nice_failback on\n`, 'warning').join(),
      /nice-failback-legacy 4:1 nice_failback on is taken as auto_failback off; heartbeat 3.0.6/,
    );
  });

  it('lets auto_failback win over nice_failback', () => {
    const both = 'node penguin-mom penguin-dad\nnice_failback on\nauto_failback on\n';
    assert.equal(good(both + media).autoFailback, 'on');
    assert.match(faults(both + media, 'warning').join(), /nice_failback is ignored/);
  });

  it('is legacy without either and warns in the words of heartbeat 3.0.6', () => {
    const text = `node penguin-mom penguin-dad\n${media}`;
    assert.equal(good(text).autoFailback, 'legacy');
    assert.match(faults(text, 'warning').join(), /Deprecated 'legacy' auto_failback option/);
  });

  it('refuses an unknown word with its place and the word that was meant', () => {
    const { config, diagnostics } = parse(`${pair}${media}\twarnitme 500ms\n`);
    assert.equal(config, undefined);
    assert.equal(
      describeDiagnostics(diagnostics),
      [
        'ha.cf:5:2: error: Illegal directive [warnitme]',
        '    5 |     warnitme 500ms',
        '      |     ^~~~~~~~ did you mean "warntime"?',
      ].join('\n'),
    );
  });

  it('refuses Pacemaker and unknown members, and takes their refusals', () => {
    assert.match(faults(`${pair}${media}crm yes\n`).join(), /^crm-refused 5:5/);
    assert.match(faults(`${pair}${media}pacemaker on\n`).join(), /^crm-refused 5:11/);
    assert.match(faults(`${pair}${media}autojoin any\n`).join(), /^bad-value 5:10/);
    assert.deepEqual(faults(`${pair}${media}crm off\nautojoin none\n`), []);
  });

  it('refuses times that contradict each other in the words of heartbeat 3.0.6', () => {
    assert.deepEqual(faults(`${pair}${media}keepalive 500ms\ndeadtime 1\n`), [
      'bad-timing 6:10 Dead time [1000] is too small compared to keeplive [500]',
    ]);
    assert.match(faults(`${pair}${media}deadtime 5\ninitdead 4\n`).join(), /^bad-timing 6:10/);
    assert.match(faults(`${pair}${media}deadping 2\n`).join(), /^bad-timing 5:10 Ping dead time/);
    assert.match(faults(`${pair}${media}keepalive 0\n`).join(), /^bad-timing 5:11/);
  });

  it('warns about a short initdead and a warntime that is never reached first', () => {
    const text = `${pair}${media}deadtime 2\ninitdead 5\nwarntime 2\n`;
    const warnings = faults(text, 'warning').map((each) => each.split(' ')[0]);
    assert.deepEqual(warnings, ['risky-timing', 'risky-timing']);
  });

  it('refuses a cluster without media and without this node', () => {
    assert.match(faults(pair).join(), /no-media 0:1 No heartbeat media defined/);
    assert.deepEqual(faults(`node a b\nauto_failback off\n${media}`), [
      'local-node-missing 1:6 Current node [penguin-mom] not in configuration!',
    ]);
  });

  it('warns when another machine checks the file', () => {
    const parsed = parseHaConfig(`node a b\nauto_failback off\n${media}`, 'ha.cf', {
      localNode: 'workstation',
      localNodeMissing: 'warning',
    });
    assert.ok(parsed.config);
    assert.equal(parsed.diagnostics[0]?.code, 'local-node-missing');
  });

  it('warns about a single heartbeat path, also when ucast names both hosts', () => {
    const text = `${pair}ucast eth1 10.0.0.1\nucast eth1 10.0.0.2\n`;
    assert.match(faults(text, 'warning').join(), /single-medium 4:7 one heartbeat path only/);
  });

  it('refuses a ping node that is named twice or is a member', () => {
    assert.match(faults(`${pair}${media}ping 10.0.0.1 10.0.0.1\n`).join(), /^duplicate-node 5:15/);
    assert.match(faults(`${pair}${media}ping penguin-dad\n`).join(), /^duplicate-node 5:6/);
    assert.deepEqual(good(`${pair}${media}ping 10.0.0.1\n`).pingNodes, ['10.0.0.1']);
  });

  it('names all faults of a file in one run', () => {
    assert.equal(faults('keepaliv 1\nudpport 99999\nmsgfmt xml\nucast eth0\n').length, 6);
  });
});

describe('directives of ha.cf that need nothing done here', () => {
  const written = [
    'conn_logd_time 60',
    'memreserve 6500',
    'coredumps true',
    'coreroot /var/lib/heartbeat/cores',
    'use_apphbd yes',
    'cluster linux-ha',
    'quorum_server qs.example',
    'normalpoll 250',
    'record_config_changes on',
    'enable_config_writes true',
    'crmd_spawns_pengine 1',
  ];
  for (const line of written) {
    it(`takes "${line}" and says once why nothing is done`, () => {
      const text = `${pair}${media}${line}\n`;
      assert.deepEqual(faults(text), []);
      const said = faults(text, 'warning').filter((each) => each.startsWith('without-effect 5:1'));
      assert.equal(said.length, 1);
    });
  }

  it('says nothing of a line that switches off what there is not', () => {
    const text = `${pair}${media}use_apphbd off\ncoredumps false\n`;
    assert.doesNotMatch(faults(text, 'warning').join(), /without-effect/);
  });

  it('judges their values as those of any other', () => {
    assert.match(faults(`${pair}${media}conn_logd_time 1m\n`).join(), /^bad-value 5:16/);
    assert.match(faults(`${pair}${media}coredumps maybe\n`).join(), /^bad-value 5:11/);
    assert.match(faults(`${pair}${media}compression lzma\n`).join(), /^bad-value 5:13/);
    assert.match(faults(`${pair}${media}compression_threshold 0\n`).join(), /^out-of-range/);
  });

  it('takes the defaults of compression and log form that heartbeat 3.0.6 has', () => {
    const config = good(pair + media);
    assert.deepEqual(config.compression, {
      method: 'zlib',
      thresholdBytes: 2048,
      isTraditional: false,
    });
    assert.equal(config.isSyslogForm, true);
    assert.equal(config.uuidSource, 'file');
  });
});
