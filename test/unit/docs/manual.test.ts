// The manual pages against the built program's own help, and the links between documents.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const lubdub = join(root, 'dist/bin/lubdub.js');

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const onOneLine = (text: string): string => text.replace(/\s+/g, ' ');

const helpOf = (command: readonly string[]): string =>
  spawnSync(process.execPath, [lubdub, ...command, '--help'], { encoding: 'utf8' }).stdout;

/** Names in the part `Commands:` of a help text, without the one that shows help. */
function subCommands(help: string): readonly string[] {
  const list = /^Commands:\n((?: .*\n?)*)/m.exec(help)?.[1] ?? '';
  const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => name !== 'help');
}

/** Every command that does something, with its help: `['wire', 'decode']`. */
function commands(above: readonly string[] = []): [readonly string[], string][] {
  const help = helpOf(above);
  const below = subCommands(help);
  if (below.length === 0) return [[above, help]];
  return below.flatMap((name) => commands([...above, name]));
}

/** `-d`, `--debug`: the flags at the start of the lines that explain options. */
const flagsOf = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2,4}(-\S.*?)(?: {2,}|$)/gm)].flatMap(
    (match) => match[1]?.match(/--?[a-zA-Z?][\w-]*/g) ?? [],
  );

/** The part of lubdub(8) whose heading names the command. */
function sectionOf(page: string, command: readonly string[]): string {
  const sections = page.split(/^(?=### )/m);
  const isNamed = (section: string): boolean =>
    section.split('\n')[0]?.includes(`lubdub ${command.join(' ')}`) === true;
  return sections.find(isNamed)?.split(/^## /m)[0] ?? '';
}

const markdown: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

describe('lubdub(8)', () => {
  const page = read('docs/man/lubdub.8.md');
  const all = commands();

  it('describes every command', () => {
    assert.ok(all.length >= 8, all.map(([command]) => command.join(' ')).join(', '));
    for (const [command] of all) assert.notEqual(sectionOf(page, command), '', command.join(' '));
  });

  it('describes every option of every command in the part of that command', () => {
    for (const [command, help] of all) {
      const flags = flagsOf(help);
      assert.ok(flags.length > 0, `no option found in the help of ${command.join(' ')}`);
      const general = page.slice(0, page.indexOf('### '));
      for (const flag of flags) {
        const place = flag === '-h' || flag === '--help' ? general : sectionOf(page, command);
        assert.ok(place.includes(`\`${flag}`), `${command.join(' ')} ${flag}`);
      }
    }
  });

  it('describes the options of the program itself', () => {
    for (const flag of flagsOf(helpOf([]))) assert.ok(page.includes(`\`${flag}\``), flag);
  });

  it('names no option that the program does not have', () => {
    const known = new Set(all.flatMap(([, help]) => flagsOf(help)));
    for (const flag of flagsOf(helpOf([]))) known.add(flag);
    const named = [...page.matchAll(/^`(--?[^`]+)`/gm)].flatMap(
      (match) => match[1]?.match(/--?[a-zA-Z?][\w-]*/g) ?? [],
    );
    assert.deepEqual(
      named.filter((flag) => !known.has(flag)),
      [],
    );
  });

  it('names the exit statuses that the help names', () => {
    for (const [command, help] of all) {
      const line = /^Exit status: .*$/m.exec(help)?.[0];
      assert.ok(line, `no exit status in the help of ${command.join(' ')}`);
      const section = onOneLine(sectionOf(page, command));
      assert.ok(section.includes(line), `${command.join(' ')}: ${line}`);
    }
  });
});

describe('the pages of the daemons', () => {
  it('name the exit statuses that the help of lubdub heartbeat names', () => {
    const line = /^Exit status: (.*)$/m.exec(helpOf(['heartbeat']))?.[1] ?? 'none';
    assert.ok(onOneLine(read('docs/man/lubdub-heartbeat.8.md')).includes(line), line);
  });

  it('describe every option of lubdub ldirectord', () => {
    const page = read('docs/man/lubdub-ldirectord.8.md');
    for (const flag of flagsOf(helpOf(['ldirectord']))) assert.ok(page.includes(flag), flag);
  });

  it('have the parts of a manual page in their order', () => {
    const parts = 'NAME SYNOPSIS DESCRIPTION FILES EXAMPLES EXIT-STATUS SEE-ALSO CAVEATS';
    for (const name of ['lubdub', 'lubdub-heartbeat']) {
      const headings = [...read(`docs/man/${name}.8.md`).matchAll(/^## (.*)$/gm)];
      const found = headings.map((match) => match[1]?.replace(' ', '-')).join(' ');
      assert.equal(found, parts, name);
    }
  });
});

describe('the documents', () => {
  for (const path of markdown) {
    it(`${path} links to files that exist`, () => {
      const links = [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !/^[a-z]+:/.test(link));
      for (const link of links) {
        assert.ok(existsSync(join(root, dirname(path), link)), `${path} links to ${link}`);
      }
    });
  }
});
