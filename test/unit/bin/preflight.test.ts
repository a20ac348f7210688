// Whether a director could take over: each fact that it needs, good, missing and unknown.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgePreflight, type PreflightFacts } from '#src/bin/preflight.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';

const good: PreflightFacts = {
  config: config([virtual('192.0.2.1:80', [real('10.0.0.1:80'), real('10.0.0.2:80')])]),
  configPath: '/etc/ha.d/ldirectord.cf',
  modules: new Map([
    ['ip_vs', 'loaded'],
    ['ip_vs_wrr', 'loadable'],
  ]),
  sysctl: (name) => (name === 'net.ipv4.ip_forward' ? 1 : 0),
  vips: [{ address: '192.0.2.1', interfaceName: 'eth0', isUp: true, presentOn: undefined }],
  director: {
    mode: 'warm',
    configError: null,
    peer: { node: 'mom', isConfigSame: true, configHash: 'a' },
    services: [{ name: '192.0.2.1:80', reals: [{ verdict: 'up' }, { verdict: 'up' }] }],
  },
  isHeartbeatRunning: true,
};

/** What is not ok, with what to type. */
const trouble = (change: Partial<PreflightFacts>): readonly string[] =>
  judgePreflight({ ...good, ...change })
    .filter(({ level }) => level !== 'ok')
    .map(({ level, subject, type }) => `${level} ${subject} > ${type}`);

describe('a preflight', () => {
  it('finds nothing on a director that could take over, and says so of each fact', () => {
    assert.deepEqual(trouble({}), []);
    assert.deepEqual(
      judgePreflight(good).map(({ subject }) => subject),
      [
        'module ip_vs',
        'module ip_vs_wrr',
        'net.ipv4.ip_forward',
        'VIP 192.0.2.1',
        'heartbeat',
        'ldirectord',
        'same configuration',
        'service 192.0.2.1:80',
      ],
    );
  });

  it('names modules that this kernel has not, and those of which nothing is known', () => {
    const modules = new Map([
      ['ip_vs', undefined],
      ['ip_vs_wrr', 'absent'],
    ] as const);
    assert.deepEqual(trouble({ modules }), [
      'warn module ip_vs > modprobe ip_vs',
      'bad module ip_vs_wrr > modprobe ip_vs_wrr',
    ]);
  });

  it('asks for forwarding only where masq needs it', () => {
    const off = { sysctl: () => 0 };
    assert.deepEqual(trouble(off), ['bad net.ipv4.ip_forward > sysctl -w net.ipv4.ip_forward=1']);
    const routed = [virtual('192.0.2.1:80', [real('10.0.0.1:80', { forwarding: 'gate' })])];
    assert.deepEqual(trouble({ ...off, config: config(routed) }), []);
  });

  it('names a VIP without a place, one whose interface is down, and one that answers ARP', () => {
    const vip = { address: '192.0.2.1', interfaceName: 'eth0', isUp: true, presentOn: undefined };
    const vips = [
      { ...vip, interfaceName: undefined },
      { ...vip, isUp: false },
      { ...vip, presentOn: 'lo' },
    ];
    assert.deepEqual(trouble({ vips }), [
      'bad VIP 192.0.2.1 > ip -br address; ip route',
      'bad VIP 192.0.2.1 > ip link set eth0 up',
      'bad VIP 192.0.2.1 > sysctl -w net.ipv4.conf.all.arp_ignore=1',
    ]);
    const strict = (name: string): number | undefined =>
      name.endsWith('eth0.rp_filter') || name.endsWith('ip_forward') ? 1 : 0;
    assert.deepEqual(trouble({ sysctl: strict }), [
      'warn net.ipv4.conf.eth0.rp_filter > sysctl -w net.ipv4.conf.eth0.rp_filter=2',
    ]);
  });

  it('says what is wrong with the director, its file and the other one', () => {
    const path = good.configPath;
    assert.deepEqual(trouble({ director: undefined, isHeartbeatRunning: false }), [
      'warn heartbeat > lubdub heartbeat',
      `bad ldirectord > lubdub ldirectord --warm ${path} start`,
    ]);
    const peer = { node: 'mom', isConfigSame: false, configHash: 'b' };
    assert.deepEqual(trouble({ director: { ...good.director, configError: 'no', peer } }), [
      `bad configuration > lubdub check ${path}`,
      `bad same configuration > diff ${path} <(ssh mom cat ${path})`,
    ]);
    assert.deepEqual(trouble({ director: { ...good.director, peer: null } }), [
      'warn same configuration > lubdub status',
    ]);
  });

  it('goes by the checks of the director that stands by', () => {
    const of = (...verdicts: readonly string[]) => {
      const reals = verdicts.map((verdict) => ({ verdict }));
      const services = [{ name: 'web', reals }];
      return trouble({ director: { ...good.director, services } });
    };
    assert.deepEqual(of('up', 'down'), ['warn service web > lubdub status']);
    assert.deepEqual(of('down', 'down'), ['bad service web > lubdub status']);
    assert.deepEqual(of('up', 'undecided'), ['warn service web > lubdub status']);
    assert.deepEqual(of('off'), []);
  });
});
