// What ldirectord 4.12 made of configurations, as its own parser was asked.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ldirectordForm } from '#src/config/diagnostic.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';
import { configMeaning } from '#src/director/config-meaning.js';

import { recordedNames } from './ldirectord-names.js';

type Recorded = Readonly<Record<string, unknown>>;

interface ParseCase {
  readonly name: string;
  readonly config: string;
  readonly hosts?: readonly (readonly string[])[];
  readonly warnings?: readonly string[];
  readonly parsed: { readonly global: Recorded; readonly virtual: readonly Recorded[] };
  readonly peer_bug?: boolean;
}

const file = new URL('../../../test/conformance/ldirectord/parse/configs.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly cases: readonly ParseCase[]; // our own file
};

/** Values that ldirectord gets wrong by a recorded fault: what we have instead, and why. */
function corrected(recorded: Recorded): Recorded {
  const own = 'ldirectord@HOSTNAME';
  // Login defaults belong to the service, also when it follows from the port.
  const isGuessed = recorded.login === '';
  const logins =
    isGuessed && recorded.service === 'ftp'
      ? { login: 'anonymous', passwd: own }
      : isGuessed && recorded.service === 'sip'
        ? { login: own }
        : {};
  // A request on the real line that begins with a slash must not void the pair.
  const reals = recorded.real as readonly Recorded[]; // as the recordings have it
  const real = reals.map((each) => {
    if (each.request !== '/b.html') return each;
    return { ...each, receive: 'B', url: String(each.url).replace('z.html', 'b.html') };
  });
  return { ...recorded, ...logins, real };
}

/** Where we read a file otherwise than ldirectord, and why. */
const differing: Readonly<Record<string, string>> = {
  'numbers-with-junk': 'signs, units and words around a number are refused',
  'checktype-with-digit': 'connect2 and "connect now" are refused',
  'missing-port-is-fwmark': 'an address without a port is refused',
  'double-colon-real': 'a second colon is refused',
};

describe('configurations as ldirectord understands them', () => {
  for (const each of cases) {
    const reason = differing[each.name];
    const names = recordedNames(each.hosts);
    const parsed = parseDirectorConfig(each.config, '@CONF@', names, { isShown: true });
    if (reason !== undefined) {
      it(`${each.name}: differs, ${reason}`, () => {
        assert.equal(each.peer_bug, true);
        assert.equal(parsed.config, undefined);
      });
      continue;
    }
    it(`${each.name}: is shown with the recorded meaning, no field more or less`, () => {
      const { config, diagnostics } = parsed;
      assert.ok(config, diagnostics.map((one) => ldirectordForm(one, 1)).join('\n'));
      const virtual = each.parsed.virtual.map((one) => corrected(one));
      assert.deepEqual(configMeaning(config), { global: each.parsed.global, virtual });
    });

    it(`${each.name}: brings the recorded warnings`, () => {
      const printed = parsed.diagnostics.map((one) => ldirectordForm(one, 1));
      for (const warning of each.warnings ?? []) {
        // Those without a place in ldirectord have one here.
        const text = warning.replace('[@PID@]', '[1]');
        const message = text.replace(/^Warning \[1\]: /, '');
        assert.ok(
          printed.some((one) => (text === message ? one === text : one.endsWith(message))),
          `${text}\n${printed.join('\n')}`,
        );
      }
    });
  }
});

describe('lubdub config show --json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lubdub-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'lab.cf');
  const show = (text: string) => {
    writeFileSync(path, text);
    const program = fileURLToPath(new URL('../../bin/lubdub.js', import.meta.url));
    return spawnSync(process.execPath, [program, 'config', 'show', '--json', path], {
      encoding: 'utf8',
    });
  };

  it('prints the meaning of a recorded file to standard output', () => {
    const each = cases.find(({ name }) => name === 'virtual-everything');
    assert.ok(each);
    const { status, stdout, stderr } = show(each.config);
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), each.parsed);
    assert.match(stderr, /lab\.cf:8:2: warning: checkcount option is deprecated/);
  });

  it('prints no meaning of a file with errors, but every error', () => {
    const { status, stdout, stderr } = show('quiescent=maybe\nschedulr=x\n');
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /:1:11: error: quiescent must be/);
    assert.match(stderr, /:2:1: error: Unknown command schedulr=x/);
  });
});
