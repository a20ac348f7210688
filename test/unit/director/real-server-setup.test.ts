// The commands for a real server, by method and variant.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { realServerCommands, type SetupWish } from '#src/director/real-server-setup.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';

const NAME = '10.0.0.2';
const farm = config([
  virtual('192.0.2.1:80', [real(`${NAME}:80`, { forwarding: 'gate' })]),
  virtual('192.0.2.1:443', [real(`${NAME}:443`, { forwarding: 'gate' })]),
  virtual('192.0.2.9:25', [real(`${NAME}:25`, { forwarding: 'ipip' })]),
]);

const print = (more: Partial<SetupWish>): readonly string[] | string => {
  const plain = { server: NAME, method: undefined, variant: 'arp', gateway: undefined } as const;
  const lines = realServerCommands(farm, { ...plain, ...more });
  return typeof lines === 'string' ? lines : lines.filter((line) => !line.startsWith('#'));
};

const silence = [
  'sysctl -w net.ipv4.conf.all.arp_ignore=1',
  'sysctl -w net.ipv4.conf.all.arp_announce=2',
];

describe('commands for a real server', () => {
  it('make it silent before they give it the address', () => {
    assert.deepEqual(print({ method: 'dr' }), [
      ...silence,
      'ip address replace 192.0.2.1/32 dev lo',
      'ip address replace 192.0.2.9/32 dev lo',
    ]);
  });

  it('follow the configuration without a method: one way for each service', () => {
    assert.deepEqual(print({}), [
      ...silence,
      'ip address replace 192.0.2.1/32 dev lo',
      ...silence,
      'modprobe ipip',
      'ip link set tunl0 up',
      'sysctl -w net.ipv4.conf.all.rp_filter=0',
      'sysctl -w net.ipv4.conf.tunl0.rp_filter=0',
      'ip address replace 192.0.2.9/32 dev tunl0',
    ]);
  });

  it('have variants with arptables and with a redirection', () => {
    assert.deepEqual(print({ variant: 'arptables' }).slice(0, 3), [
      'arptables -A INPUT -d 192.0.2.1 -j DROP',
      `arptables -A OUTPUT -s 192.0.2.1 -j mangle --mangle-ip-s ${NAME}`,
      'ip address replace 192.0.2.1/32 dev lo',
    ]);
    assert.deepEqual(print({ variant: 'redirect' }).slice(0, 2), [
      'iptables -t nat -A PREROUTING -d 192.0.2.1 -p tcp --dport 80 -j REDIRECT',
      'iptables -t nat -A PREROUTING -d 192.0.2.1 -p tcp --dport 443 -j REDIRECT',
    ]);
  });

  it('need the gateway for nat, and a real server that is configured', () => {
    assert.match(String(print({ method: 'nat' })), /say --gateway/);
    const gateway = '10.0.0.1';
    assert.deepEqual(print({ method: 'nat', gateway }), ['ip route replace default via 10.0.0.1']);
    assert.match(String(print({ server: '10.0.0.9' })), /no virtual service has/);
  });
});
