// Random and mangled configuration files: nothing throws, nothing takes long, and every diagnostic
// points at a place that exists.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { parseAuthKeys } from '#src/config/auth-keys.js';
import { type Diagnostic, formatDiagnostic } from '#src/config/diagnostic.js';
import { directorDirectives } from '#src/config/director-directives.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { parseHaConfig } from '#src/config/ha-config.js';
import { haDirectives } from '#src/config/ha-directives.js';
import { parseHaresources } from '#src/config/haresources.js';
import { splitLines } from '#src/config/lines.js';

import { recordedNames } from '../conformance/ldirectord-names.js';

const seed = 20_260_120;

const parsers: Readonly<Record<string, (text: string) => readonly Diagnostic[]>> = {
  'ha.cf': (text) => parseHaConfig(text, 'x', { localNode: 'a' }).diagnostics,
  authkeys: (text) => parseAuthKeys(text, 'x', 0o600).diagnostics,
  haresources: (text) => parseHaresources(text, 'x', { nodes: ['a'] }).diagnostics,
  'ldirectord.cf': (text) => parseDirectorConfig(text, 'x', recordedNames()).diagnostics,
};

const words = [
  ...haDirectives.map((each) => each.name),
  ...directorDirectives.map((each) => `${each.name}=`),
  ...['auth', '1', 'sha1', 'a', '10.0.0.1', ':80', 'masq', '"', '#', '\\', '\r', '[::1]', '->'],
  ...['5', '0', 'ms', 'yes', 'on', '::', '/24', ',', '   ', '    ', '\t', '\n', '\n\t', '\n'],
];

const text = fc.oneof(
  fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join('')),
  fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(' ')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

function judgePlaces(given: string, diagnostics: readonly Diagnostic[]): void {
  const lines = splitLines(given);
  for (const each of diagnostics) {
    assert.ok(each.line >= 0 && each.line <= Math.max(1, lines.length), JSON.stringify(each));
    assert.ok(each.column >= 1 && each.length >= 1, JSON.stringify(each));
    assert.doesNotMatch(formatDiagnostic(each).replaceAll(/[\t\n]/g, ''), /\p{Cc}/u);
  }
}

describe('configuration parsers under mangled files', () => {
  for (const [name, parse] of Object.entries(parsers)) {
    it(`${name}: any text gives diagnostics at places that exist`, () => {
      fc.assert(
        fc.property(text, (given) => judgePlaces(given, parse(given))),
        { seed, numRuns: 400 },
      );
    });

    it(`${name}: long lines and many lines are done in bounded time`, () => {
      const long = [
        'a'.repeat(500_000),
        `virtual=1\n\treal=${'a-'.repeat(200_000)}`,
        `virtual=1\n\treal=1 masq ${'"a" '.repeat(100_000)}`,
        `\treal=${' '.repeat(300_000)}x`,
        'virtual=1\n'.repeat(30_000),
        'node a\n'.repeat(50_000),
        'a x\\\n'.repeat(50_000),
        '1 sha1 x\n'.repeat(50_000),
      ];
      for (const given of long) {
        const began = performance.now();
        parse(given);
        assert.ok(performance.now() - began < 5000, `${name} ${given.slice(0, 20)}`);
      }
    });
  }
});
