// The page of log codes against the closed union of the program, and the union against the code.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { logCodes } from '#src/base/log-code.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

const page = readFileSync(join(root, 'docs/log-codes.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map((match) => ({
  code: match[1] ?? '',
  cells: match[2]?.split(' | ') ?? [],
}));

/** All source files but the union itself. */
const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== join('base', 'log-code.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n');

/** Where a code is put together from a constant start and a known word. */
const families: readonly string[] = ['refused', 'group', 'real', 'fallback'];

function isEmitted(code: string): boolean {
  if (source.includes(`'${code}'`)) return true;
  const family = families.find((name) => code.startsWith(`${name}-`));
  if (family === undefined || !source.includes(`\`${family}-\${`)) return false;
  return source.includes(`'${code.slice(family.length + 1)}'`);
}

describe('the page of log codes', () => {
  it('explains every code of the program once, in its order, and no other', () => {
    assert.deepEqual(
      rows.map((row) => row.code),
      [...logCodes],
    );
  });

  it('says of each its level, words, meaning, cause, remedy, and whether to alert', () => {
    const levels = /^(emerg|alert|CRIT|ERROR|WARN|notice|info|debug)(, |$)/;
    for (const { code, cells } of rows) {
      assert.equal(cells.length, 6, code);
      for (const cell of cells) assert.notEqual(cell.trim(), '', code);
      assert.match(cells[0] ?? '', levels, code);
      assert.match(cells[5] ?? '', /^(alert|look|no)$/, code);
    }
  });
});

describe('the log codes of the program', () => {
  it('are all emitted somewhere', () => {
    assert.deepEqual(
      logCodes.filter((code) => !isEmitted(code)),
      [],
    );
  });

  it('are kebab-case and stand once', () => {
    assert.equal(new Set<string>(logCodes).size, logCodes.length);
    for (const code of logCodes) assert.match(code, /^[a-z]+(-[a-z]+)*$/);
  });
});
