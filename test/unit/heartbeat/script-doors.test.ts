// Scripts of rc.d and the FIFO, for real: files, processes, a named pipe.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createRcScripts, findRcScripts, scriptDigest } from '#src/heartbeat/rc-scripts.js';
import { openScriptFifo } from '#src/heartbeat/script-fifo.js';
import { fieldText } from '#src/wire/ha-message.js';
import { waitFor } from '../../lab/wait.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lubdub-doors-'));
  mkdirSync(join(folder, 'rc.d'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const script = (path: string, body: string, mode = 0o755): void =>
  writeFileSync(join(folder, path), `#!/bin/sh\n${body}\n`, { mode });

describe('the folder rc.d', () => {
  it('has a type for each executable file', async () => {
    script('rc.d/status', 'exit 0');
    script('rc.d/README', 'exit 0', 0o644);
    mkdirSync(join(folder, 'rc.d', 'folder'), { recursive: true });
    assert.deepEqual(await findRcScripts(folder), { types: ['status'], stock: [] });
    assert.deepEqual(await findRcScripts(join(folder, 'none')), { types: [], stock: [] });
  });

  it('is compared with the original’s scripts apart from comments and spacing', () => {
    const text = '#!/bin/sh\n# GPL\n. $HA_FUNCS\n\ncase $HA_st in\n  dead) x;;\nesac\n';
    const other = '#!/bin/sh\n. $HA_FUNCS\ncase  $HA_st in\n\tdead) x;;\nesac';
    assert.equal(scriptDigest(text), scriptDigest(other));
    assert.notEqual(scriptDigest(text), scriptDigest(text.replace('dead', 'up')));
  });
});

describe('an rc.d script', () => {
  it('runs one after the other, with the fields of its message, by harc', async () => {
    const out = join(folder, 'out');
    script('rc.d/status', `echo "begin $1 $HA_st $HA_DIR" >> ${out}; echo end >> ${out}`);
    script('harc', `echo harc >> ${out}; exec "${folder}/rc.d/$1" "$@"`);
    const scripts = createRcScripts(folder, { HA_DIR: folder }, () => undefined);
    for (const HA_st of ['up', 'dead']) scripts.notify('status', { HA_st, HA_DIR: '/forged' });
    const read = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '');
    const once = (st: string): string => `harc\nbegin status ${st} ${folder}\nend\n`;
    await waitFor('both runs', 20_000, () => read() === once('up') + once('dead'), read);
  });

  it('that fails is a line of the log, and the next one runs', async () => {
    rmSync(join(folder, 'harc'), { force: true });
    script('rc.d/status', 'echo broken >&2; exit 7');
    const lines: string[] = [];
    const scripts = createRcScripts(folder, {}, (line) => lines.push(line.text));
    scripts.notify('status', {});
    scripts.notify('status', {});
    const isFailed = (): boolean =>
      lines.filter((each) => /code 7; broken/.test(each)).length === 2;
    await waitFor('two failures', 20_000, isFailed, () => lines.join('\n'));
  });

  it('cannot be piled up without limit', async () => {
    script('rc.d/status', 'exit 0');
    const lines: string[] = [];
    const scripts = createRcScripts(folder, {}, (line) => lines.push(line.text));
    for (let count = 0; count < 150; count++) scripts.notify('status', {});
    const isSaid = (): boolean => lines.some((each) => /49 events had no run/.test(each));
    await waitFor('the word about those dropped', 60_000, isSaid, () => lines.at(-1) ?? '');
  });
});

describe('the FIFO for scripts', () => {
  it('takes whole messages, skips noise, and is nobody else’s', async () => {
    const path = join(folder, 'fifo');
    // Left by a script that wrote while no daemon ran.
    writeFileSync(path, '>>>\nt=old\n<<<\n');
    const types: (string | undefined)[] = [];
    const refused: string[] = [];
    const opened = await openScriptFifo(
      path,
      (message) => types.push(fieldText(message, 't')),
      (reason) => refused.push(reason),
    );
    assert.ok(opened.ok, opened.ok ? '' : opened.detail);
    try {
      assert.equal(statSync(path).isFIFO(), true);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const shell = `noise\n>>>\nt=one\n<<<\n>>>\nno field\n<<<\n>>>\nt=two\n<<<\n`;
      execFileSync('sh', ['-c', 'printf %s "$1" >> "$2"', 'sh', shell, path]);
      await waitFor('both messages', 20_000, () => types.length === 2);
      assert.deepEqual(types, ['one', 'two']);
      assert.equal(refused.length, 1);
    } finally {
      opened.value.close();
    }
  });
});
