// The tables of the reference pages, made from the directive tables of the program. The tests
// compare the pages with them; `node dist/test/unit/config/reference-tables.js` prints them, to be
// pasted when a directive changed.

import { pathToFileURL } from 'node:url';

import { directorDirectives } from '#src/config/director-directives.js';
import { haDirectives } from '#src/config/ha-directives.js';
import { argumentForm } from '#src/config/ha-statements.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``);
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function haTable(status: 'supported' | 'accepted'): string {
  const rows = haDirectives
    .filter((each) => each.status === status)
    .map((each) =>
      row(
        code(each.name) + (each.alias === undefined ? '' : ` (${code(each.alias)})`),
        code(argumentForm(each.argument)),
        each.unit,
        cell(each.default),
        cell(each.purpose),
      ),
    );
  return [
    row('directive', 'value', 'unit', 'default', 'meaning'),
    row('---', '---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

export function directorTable(scope: 'global' | 'virtual' | 'both'): string {
  const rows = directorDirectives
    .filter((each) => each.scope === scope && each.kind !== 'removed')
    .map((each) => row(code(each.name), code(each.form), cell(each.default), cell(each.purpose)));
  return [
    row('directive', 'value', 'default', 'meaning'),
    row('---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const status of ['supported', 'accepted'] as const) {
    process.stdout.write(`${status}\n${haTable(status)}\n\n`);
  }
  for (const scope of ['global', 'both', 'virtual'] as const) {
    process.stdout.write(`${scope}\n${directorTable(scope)}\n\n`);
  }
}
