// haresources: words, joined lines, and faults that lie in two places.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { describeDiagnostics } from '#src/config/diagnostic.js';
import { parseHaresources } from '#src/config/haresources.js';

const options = {
  nodes: ['penguin-mom', 'penguin-dad'],
  nodePlace: { file: 'ha.cf', line: 3, column: 1 },
};
const faults = (text: string): readonly string[] =>
  parseHaresources(text, 'haresources', options).diagnostics.map(
    (each) => `${each.code} ${each.line}:${each.column}`,
  );

describe('haresources', () => {
  it('gives one group a line, with arguments behind double colons', () => {
    const text =
      'Penguin-Mom IPaddr::192.168.0.64/24/eth0\t10.142.85.64 ldirectord::ldirectord.cf # web\n';
    assert.deepEqual(parseHaresources(text, 'haresources', options).config, [
      {
        key: 'IPaddr::192.168.0.64/24/eth0',
        preferredNode: 'penguin-mom',
        resources: [
          {
            script: 'IPaddr',
            args: ['192.168.0.64/24/eth0'],
            word: 'IPaddr::192.168.0.64/24/eth0',
          },
          { script: 'IPaddr', args: ['10.142.85.64'], word: '10.142.85.64' },
          { script: 'ldirectord', args: ['ldirectord.cf'], word: 'ldirectord::ldirectord.cf' },
        ],
      },
    ]);
  });

  it('joins lines at a backslash without a blank, also inside a word', () => {
    const text = 'penguin-mom \\\n  Filesystem::/dev/sd\\\na1::/data \\\n  apache\npenguin-dad x\n';
    const groups = parseHaresources(text, 'haresources', options).config;
    assert.deepEqual(
      groups?.map((group) => group.resources.map((each) => each.word)),
      [['Filesystem::/dev/sda1::/data', 'apache'], ['x']],
    );
  });

  it('refuses a node that ha.cf has not, and points at both places', () => {
    const { config, diagnostics } = parseHaresources('penguin-dda x\n', 'haresources', options);
    assert.equal(config, undefined);
    assert.equal(
      describeDiagnostics(diagnostics),
      [
        'haresources:1:1: error: Bad nodename in haresources [penguin-dda]',
        '    1 | penguin-dda x',
        '      | ^~~~~~~~~~~ did you mean "penguin-dad"?',
        'ha.cf:3:1: note: the nodes are: penguin-mom penguin-dad',
      ].join('\n'),
    );
  });

  it('refuses two groups that begin with one resource, and points at the first', () => {
    const text = 'penguin-mom 10.0.0.1 x\npenguin-dad 10.0.0.1 y\n';
    const { diagnostics } = parseHaresources(text, 'haresources', options);
    assert.equal(diagnostics[0]?.code, 'duplicate-group');
    assert.deepEqual(diagnostics[0]?.related, {
      file: 'haresources',
      line: 1,
      column: 13,
      message: '10.0.0.1 is first used here',
    });
  });

  it('refuses a node without resources, paths as scripts, and addresses that are none', () => {
    assert.deepEqual(faults('penguin-mom\n'), ['missing-resource 1:1']);
    assert.deepEqual(faults('penguin-mom ../../bin/sh\n'), ['bad-resource 1:13']);
    assert.deepEqual(faults('penguin-mom ::x\n'), ['bad-resource 1:13']);
    assert.deepEqual(faults('penguin-mom 10.0.0.300 IPaddr2::10.0.0.1/33\n'), [
      'bad-resource 1:13',
      'bad-resource 1:24',
    ]);
  });

  it('does not judge node names when ha.cf is not known', () => {
    assert.ok(parseHaresources('anybody x\n', 'haresources').config);
  });
});
