// Configurations that ldirectord 4.12 refuses, with the line and the words of its message.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ldirectordForm } from '#src/config/diagnostic.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';

import { recordedNames } from './ldirectord-names.js';

interface BadConfig {
  readonly name: string;
  readonly config: string;
  readonly exit: number;
  readonly line: number;
  readonly message: string;
  readonly peer_bug?: boolean;
}

const file = new URL('../../../test/conformance/ldirectord/bad-config.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly cases: readonly BadConfig[]; // our own file
};

/** Refused by ldirectord through a fault of its own; we take them, for the reason given. */
const accepted: Readonly<Record<string, string>> = {
  'blank-line-ends-virtual': 'what is indented behind a blank line belongs to the virtual service',
  'quiescent-trailing-comment': 'a comment behind a value is a comment in the global part as well',
  'hash-inside-quotes': 'inside quotes a hash is a character: passwords may hold it',
  'fallback-global-tcp-only-service-name':
    'a service name that exists for the protocol of the virtual service is enough',
};

describe('configurations that ldirectord refuses', () => {
  for (const each of cases) {
    const reason = accepted[each.name];
    if (reason === undefined) {
      it(`${each.name}: is refused at line ${each.line} in ldirectord's words`, () => {
        const { config, diagnostics } = parseDirectorConfig(each.config, 'x.cf', recordedNames());
        assert.equal(config, undefined);
        const printed = diagnostics
          .filter((one) => one.severity === 'error')
          .map((one) => ldirectordForm(one, 1));
        const wanted = `Error [1] reading file x.cf at line ${each.line}: ${each.message}`;
        assert.ok(
          printed.some((text) => text.startsWith(wanted)),
          `${wanted}\n${printed.join('\n')}`,
        );
        // The first error is the one that ldirectord would name: nothing is reported before it.
        assert.ok(printed[0]?.startsWith(wanted), printed.join('\n'));
      });
    } else {
      it(`${each.name}: is taken, because ${reason}`, () => {
        assert.equal(each.peer_bug, true);
        const { config, diagnostics } = parseDirectorConfig(each.config, 'x.cf', recordedNames());
        assert.ok(config, JSON.stringify(diagnostics));
      });
    }
  }

  it('end the start with their exit status, its words first, then place, caret and hint', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lubdub-bad-'));
    try {
      // One run of the program for each kind of place; the words of all are compared above.
      for (const name of ['unknown-in-virtual', 'quiescent-true', 'duplicate-virtual']) {
        const each = cases.find((one) => one.name === name);
        assert.ok(each);
        const path = join(folder, 'bad.cf');
        writeFileSync(path, each.config);
        const program = fileURLToPath(new URL('../../bin/lubdub.js', import.meta.url));
        const args = [program, 'ldirectord', '--run-dir', folder, path, 'start'];
        const { status, stderr, pid } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        const lines = stderr.split('\n');
        assert.equal(status, each.exit, stderr);
        const place = `reading file ${path} at line ${each.line}`;
        assert.equal(
          lines[0]?.startsWith(`Error [${pid}] ${place}: ${each.message}`),
          true,
          stderr,
        );
        assert.match(lines[1] ?? '', new RegExp(`^${path}:\\d+:\\d+: error: `));
        assert.match(lines[3] ?? '', /^ +\| +\^/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that are recorded faults of ldirectord are all decided here', () => {
    const faults = cases.filter((each) => each.peer_bug === true).map((each) => each.name);
    assert.deepEqual(faults.sort(), Object.keys(accepted).sort());
  });
});
