// The words of haresources that name a built-in resource.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BuiltInSpec, parseBuiltIn } from '#src/config/builtin-arguments.js';
import { parseHaresources } from '#src/config/haresources.js';

function read(word: string): BuiltInSpec | string | undefined {
  const [script = '', ...args] = word.split('::');
  const parsed = parseBuiltIn(script, args);
  return parsed?.ok === true ? parsed.value : parsed?.detail;
}

describe('the words of built-in resources', () => {
  const good: readonly (readonly [string, BuiltInSpec])[] = [
    ['Delay', { kind: 'delay', startMs: 10_000, stopMs: 10_000 }],
    ['Delay::2::0.5', { kind: 'delay', startMs: 2000, stopMs: 500 }],
    ['MailTo::root', { kind: 'mail', to: ['root'], subject: 'Resource Group' }],
    [
      'MailTo::a@example.org,b@example.org::Web Farm',
      { kind: 'mail', to: ['a@example.org', 'b@example.org'], subject: 'Web Farm' },
    ],
    ['SendArp::10.0.0.5/eth0', { kind: 'send-arp', address: '10.0.0.5', interfaceName: 'eth0' }],
    ['IPsrcaddr::10.0.0.5', { kind: 'source-address', address: '10.0.0.5' }],
    [
      'portblock::tcp::80,6000:6010::unblock',
      {
        kind: 'port-block',
        protocol: 'tcp',
        ports: ['80', '6000-6010'],
        isBlockedWhileRunning: false,
      },
    ],
    [
      'Masquerade::10.9.0.0/255.255.0.0::eth1',
      { kind: 'masquerade', network: '10.9.0.0/16', interfaceName: 'eth1' },
    ],
  ];
  for (const [word, spec] of good) it(`takes ${word}`, () => assert.deepEqual(read(word), spec));

  it('takes the sync daemon with one role, or with both and an id for each', () => {
    const plain = { kind: 'sync-daemon', role: 'master', interfaceName: 'eth0', syncId: 0 };
    assert.deepEqual(read('LVSSyncDaemonSwap::master'), { ...plain, backupId: undefined });
    assert.deepEqual(read('LVSSyncDaemonSwap::both::eth1::1::2'), {
      ...plain,
      interfaceName: 'eth1',
      syncId: 1,
      backupId: 2,
    });
  });

  for (const word of [
    'Delay::601',
    'Delay::-1',
    'MailTo',
    'MailTo::-oQ/x',
    'MailTo::a@b\nBcc: c',
    'SendArp::10.0.0.5',
    'IPsrcaddr::fd00::1',
    'LVSSyncDaemonSwap::slave',
    'LVSSyncDaemonSwap::both',
    'LVSSyncDaemonSwap::master::eth0::256',
    'portblock::tcp::80',
    'portblock::icmp::80::block',
    'portblock::tcp::0::block',
    'portblock::tcp::80;flush::block',
    'portblock::tcp::90:80::block',
    'Masquerade::10.9.0.0/33::eth1',
    'Masquerade::10.9.0.0/24::eth1"x',
    'Masquerade::10.9.0.0/24',
  ]) {
    it(`refuses ${JSON.stringify(word)} with what to write`, () => {
      const [script = ''] = word.split('::');
      const said = read(word);
      assert.ok(typeof said === 'string' && said.includes(script), JSON.stringify(said));
    });
  }

  it('are nobody’s when the name is not built in', () => {
    assert.equal(read('Filesystem::/dev/sdb1::/data'), undefined);
  });
});

describe('haresources with built-in resources', () => {
  it('warns of arguments that the built-in does not take, because a script may', () => {
    const { config, diagnostics } = parseHaresources('mom 10.0.0.5 MailTo::a::b::c\n', 'h');
    assert.ok(config);
    assert.deepEqual(
      diagnostics.map(({ code, severity }) => [code, severity]),
      [['bad-resource', 'warning']],
    );
  });

  it('takes the double colon of an IPv6 address for what it is', () => {
    const { config } = parseHaresources('mom IPv6addr::fd08::100/64/eth0\n', 'h');
    assert.deepEqual(config?.[0]?.resources[0]?.args, ['fd08::100/64/eth0']);
  });
});
