import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { diagnosticCodes } from '#src/config/diagnostic.js';

import { directorTable, haTable } from './reference-tables.js';

const page = (name: string): string =>
  readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');

describe('the reference pages', () => {
  it('of ha.cf show the directive table of the program', () => {
    const text = page('config/ha.cf.md');
    for (const status of ['supported', 'accepted', 'not-supported-yet'] as const) {
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
