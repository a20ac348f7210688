// The reference pages against the tables of the program.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseAuthKeys } from '#src/config/auth-keys.js';
import { diagnosticCodes } from '#src/config/diagnostic.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { parseHaConfig } from '#src/config/ha-config.js';
import { parseHaresources } from '#src/config/haresources.js';
import { recordedNames } from '../../conformance/ldirectord-names.js';
import { directorTable, haTable } from './reference-tables.js';

const page = (name: string): string =>
  readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');

describe('the reference pages', () => {
  it('of ha.cf show the directive table of the program', () => {
    const text = page('config/ha.cf.md');
    for (const status of ['supported', 'accepted'] as const) {
      assert.ok(text.includes(`\n\n${haTable(status)}\n\n`), status);
    }
  });

  it('of ldirectord.cf show the directive table of the program', () => {
    const text = page('config/ldirectord.cf.md');
    for (const scope of ['global', 'both', 'virtual'] as const) {
      assert.ok(text.includes(`\n\n${directorTable(scope)}\n\n`), scope);
    }
  });

  it('explain every diagnostic code, each with cause and remedy, and no other', () => {
    const rows = [...page('diagnostics.md').matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)];
    assert.deepEqual(
      rows.map((row) => row[1]),
      [...diagnosticCodes],
    );
    for (const row of rows) assert.equal(row[2]?.split(' | ').length, 3, row[1]);
  });
});

const example = (name: string): string =>
  readFileSync(new URL(`../../../../etc/ha.d.example/${name}`, import.meta.url), 'utf8');

describe('the shipped examples', () => {
  it('are without error, as they stand', () => {
    const ha = parseHaConfig(example('ha.cf'), 'ha.cf', {
      localNode: 'workstation',
      localNodeMissing: 'warning',
    });
    assert.ok(ha.config, JSON.stringify(ha.diagnostics));
    const { nodes, nodePlace } = ha;
    assert.ok(parseHaresources(example('haresources'), 'haresources', { nodes, nodePlace }).config);
    assert.ok(parseAuthKeys(example('authkeys'), 'authkeys', undefined).config);
    const director = parseDirectorConfig(example('ldirectord.cf'), 'x.cf', recordedNames());
    assert.deepEqual(director.diagnostics, []);
  });
});
