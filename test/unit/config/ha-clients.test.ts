// respawn, failfast and apiauth lines of ha.cf.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHaConfig } from '#src/config/ha-config.js';

const base = 'node mom dad\nbcast eth1\nserial /dev/ttyS0\nauto_failback off\n';

const parse = (lines: string): ReturnType<typeof parseHaConfig> =>
  parseHaConfig(`${base}${lines}\n`, 'ha.cf', { localNode: 'mom' });

const errorsOf = (lines: string): readonly string[] =>
  parse(lines)
    .diagnostics.filter((each) => each.severity === 'error')
    .map((each) => `${each.line}: ${each.message}`);

describe('respawn and failfast', () => {
  it('keep their order, and commas in arguments', () => {
    const config = parse('respawn hacluster /usr/bin/a -x 1,2\nfailfast root /usr/bin/b').config;
    assert.deepEqual(config?.children, [
      { user: 'hacluster', path: '/usr/bin/a', args: ['-x', '1,2'], isVital: false },
      { user: 'root', path: '/usr/bin/b', args: [], isVital: true },
    ]);
  });

  it('need the whole path of the program', () => {
    assert.deepEqual(errorsOf('respawn hacluster ipfail'), [
      '5: respawn takes a user and the whole path of a program',
    ]);
    assert.equal(errorsOf('failfast root').length, 1);
  });
});

describe('apiauth', () => {
  it('names users and groups by commas', () => {
    const config = parse('apiauth ping uid=root,hacluster gid=haclient\napiauth x gid=9').config;
    assert.deepEqual(config?.apiRules, [
      { client: 'ping', users: ['root', 'hacluster'], groups: ['haclient'] },
      { client: 'x', users: [], groups: ['9'] },
    ]);
  });

  it('that would let everybody in by a slip is an error', () => {
    for (const line of ['apiauth ping root', 'apiauth ping uid=', 'apiauth ping uid=a b']) {
      assert.deepEqual(errorsOf(line), ['5: apiauth takes a client and who may be it'], line);
    }
  });
});

describe('the order of nodes for clients', () => {
  it('is that of the file, ping nodes among the others', () => {
    const text =
      'node Zeta\nping 10.0.0.1\nnode mom\nbcast eth1\nserial /dev/ttyS0\nauto_failback off\n';
    const { config } = parseHaConfig(text, 'ha.cf', { localNode: 'mom' });
    assert.deepEqual(config?.nodeOrder, ['zeta', '10.0.0.1', 'mom']);
  });
});
