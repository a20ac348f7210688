// The forms of an IPaddr word and the codes of those that are none.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { type IpaddrArguments, parseIpaddrArguments } from '#src/config/ipaddr-arguments.js';

const none = {
  family: 4,
  address: '10.0.0.5',
  prefixLength: undefined,
  interfaceName: undefined,
  label: undefined,
  broadcast: undefined,
} as const;

function parsed(word: string): IpaddrArguments | string {
  const result = parseIpaddrArguments([word]);
  return result.ok ? result.value : result.code;
}

describe('the argument of IPaddr', () => {
  it('is an address, then prefix, interface and broadcast as far as written', () => {
    assert.deepEqual(parsed('10.0.0.5'), none);
    assert.deepEqual(parsed('10.0.0.5/24'), { ...none, prefixLength: 24 });
    const eth0 = { ...none, prefixLength: 24, interfaceName: 'eth0' };
    assert.deepEqual(parsed('10.0.0.5/24/eth0'), eth0);
    assert.deepEqual(parsed('10.0.0.5/24/eth0/10.0.0.255'), { ...eth0, broadcast: '10.0.0.255' });
  });

  it('takes a third part that begins with a digit for the broadcast', () => {
    const wanted = { ...none, prefixLength: 24, broadcast: '10.0.0.255' };
    assert.deepEqual(parsed('10.0.0.5/24/10.0.0.255'), wanted);
  });

  it('keeps a label with its interface', () => {
    const wanted = { ...none, prefixLength: 25, interfaceName: 'eth1', label: 'eth1:7' };
    assert.deepEqual(parsed('10.0.0.5/25/eth1:7'), wanted);
  });

  it('takes a netmask for a prefix, and IPv6 addresses in canonical text', () => {
    assert.deepEqual(parsed('10.0.0.5/255.255.255.128'), { ...none, prefixLength: 25 });
    assert.deepEqual(parsed('10.0.0.5/255.255.255.255'), { ...none, prefixLength: 32 });
    assert.deepEqual(parsed('2001:DB8:0::5/64/eth0'), {
      ...none,
      family: 6,
      address: '2001:db8::5',
      prefixLength: 64,
      interfaceName: 'eth0',
    });
  });

  it('is refused by code when a part is wrong', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['', 'no-address'],
      ['10.0.0.256', 'bad-address'],
      ['10.0.0.5/33', 'bad-prefix'],
      ['10.0.0.5/255.0.255.0', 'bad-prefix'],
      ['10.0.0.5/24/interface-name-x', 'bad-interface'],
      ['10.0.0.5/24/eth0:', 'bad-interface'],
      ['10.0.0.5/24/eth0/10.0.0', 'bad-broadcast'],
      ['2001:db8::5/64/eth0/10.0.0.255', 'bad-broadcast'],
      ['10.0.0.5/24/eth0/10.0.0.255/x', 'too-many-parts'],
    ];
    for (const [word, code] of wrong) assert.equal(parsed(word), code, word);
    assert.equal(parseIpaddrArguments(['10.0.0.5', 'eth0']).ok, false);
  });
});
