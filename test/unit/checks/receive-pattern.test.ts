// `receive` as Perl means it: each pair was read from perlre(1).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileReceive, matchesReceive, matchSteps } from '#src/checks/receive-pattern.js';

function matches(perl: string, text: string): boolean {
  const pattern = compileReceive(perl);
  assert.ok(pattern.ok, pattern.ok ? '' : pattern.detail);
  return matchesReceive(pattern.value, text);
}

test('a match is case-sensitive and may be anywhere', () => {
  assert.equal(matches('Test Page', '<h1>A Test Page here</h1>'), true);
  assert.equal(matches('Test Page', 'test page'), false);
});

test('(?i) in front ignores case, and in the middle from there on', () => {
  assert.equal(matches('(?i)test PAGE', 'Test Page'), true);
  assert.equal(matches('Test(?i) page', 'Test PAGE'), true);
  assert.equal(matches('Test(?i) page', 'test PAGE'), false);
  assert.equal(matches('(?i:te)st', 'TEst'), true);
  assert.equal(matches('(?i:te)st', 'TEST'), false);
  assert.equal(matches('a(?i)[b-d]', 'aC'), true);
});

test('^ and $ are the ends of the text, and those of lines with (?m)', () => {
  assert.equal(matches('^two', 'one\ntwo'), false);
  assert.equal(matches('(?m)^two$', 'one\ntwo\nthree'), true);
  assert.equal(matches('two$', 'one\ntwo\n'), true);
  assert.equal(matches('two$', 'two\none'), false);
});

test('\\A, \\z and \\Z are anchors', () => {
  assert.equal(matches('\\Aone', 'one\ntwo'), true);
  assert.equal(matches('\\Atwo', 'one\ntwo'), false);
  assert.equal(matches('two\\z', 'two\n'), false);
  assert.equal(matches('two\\Z', 'two\n'), true);
});

test('a dot is anything but a newline, and anything with (?s)', () => {
  assert.equal(matches('a.b', 'a\nb'), false);
  assert.equal(matches('(?s)a.b', 'a\nb'), true);
  assert.equal(matches('a.b', 'a\rb'), true);
});

test('POSIX classes, a leading bracket and \\h stand in classes', () => {
  assert.equal(matches('^[[:digit:][:upper:]]+$', 'A1B2'), true);
  assert.equal(matches('^[]a]+$', ']a'), true);
  assert.equal(matches('^[\\h]+$', ' \t'), true);
  assert.equal(matches('[[:space:]]', '\n'), true);
});

test('(?x) skips blanks and comments', () => {
  assert.equal(matches('(?x) Test \\s Page # the usual one', 'Test Page'), true);
});

test('possessive and atomic forms match what they match in Perl', () => {
  assert.equal(matches('a++b', 'aaab'), true);
  assert.equal(matches('(?>a+)b', 'aaab'), true);
});

test('a brace that opens no count is a brace', () => {
  assert.equal(matches('{"status":"ok"}', '{"status":"ok"}'), true);
  assert.equal(matches('a{2,3}', 'aa'), true);
});

test('named groups and alternation work as written', () => {
  assert.equal(matches("(?'n'a)|(?P<m>b)|(?<o>c)", 'c'), true);
});

test('what cannot be compiled is a value that says why', () => {
  const broken = compileReceive('(Test Page');
  assert.deepEqual([broken.ok, !broken.ok && broken.code], [false, 'malformed']);
  const recursive = compileReceive('(?R)');
  assert.deepEqual([recursive.ok, !recursive.ok && recursive.code], [false, 'unsupported']);
  for (const perl of ['*', 'a)', '[a', 'a\\', '(?<=a', '\\pL', '[b-a]']) {
    assert.equal(compileReceive(perl).ok, false, perl);
  }
});

test('the steps of a match are estimated from its repetitions and choices', () => {
  const steps = (perl: string, length: number): number => {
    const pattern = compileReceive(perl);
    return pattern.ok ? matchSteps(pattern.value, length) : Number.NaN;
  };
  assert.equal(steps('Test Page|OK', 1000), 1000);
  assert.equal(steps('x?[ab]{3}', 1000), 8 * 1000);
  assert.equal(steps('Test.*Page', 1000), 1000 ** 2);
  assert.equal(steps('a{3,}', 1000), 1000 ** 2);
  assert.equal(steps('(a+)+b', 10), Number.POSITIVE_INFINITY);
  assert.equal(steps('(a|a)*b', 10), Number.POSITIVE_INFINITY);
  assert.equal(steps('(a|b)\\1', 10), Number.POSITIVE_INFINITY);
});
