// The log: the originals' outer forms, and lines that hostile text cannot forge.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LogLine } from '#src/base/log-line.js';
import { createLog } from '#src/runtime/log.js';
import { heartbeatForm, ldirectordForm, plainHeartbeatForm } from '#src/runtime/log-form.js';

describe('the log', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lubdub-log-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const line = (text: string) => ({ level: 'WARN', code: 'node-dead', text }) as const;
  const day = new Date(2026, 10, 1, 10, 7, 42);

  it('prints heartbeat lines as 3.0.6 does', () => {
    const text = heartbeatForm('mom', 42)(line('node dad: is dead'), day);
    assert.equal(text, 'Nov 01 10:07:42 mom heartbeat: [42]: WARN: node dad: is dead');
  });

  it('prints heartbeat lines with syslogmsgfmt false as 3.0.6 does', () => {
    const text = plainHeartbeatForm(42)(line('node dad: is dead'), day);
    assert.equal(text, 'heartbeat[42]: 2026/11/01_10:07:42 WARN: node dad: is dead');
  });

  it('prints ldirectord lines as 4.12 does', () => {
    const text = ldirectordForm('ldirectord.cf', 42)(line('Added virtual server: x'), day);
    assert.equal(text, '[Sun Nov  1 10:07:42 2026|ldirectord.cf|42] Added virtual server: x');
  });

  it('keeps a line feed of outside text from making a second line', async () => {
    const path = join(folder, 'forged');
    const log = createLog(({ text }) => text, [{ kind: 'file', path, least: 'info' }], 'info');
    log.write(line('real says\nNov 21 mom heartbeat: info: all is well\u001b[2J'));
    await log.flush();
    const text = readFileSync(path, 'utf8');
    assert.equal(text.split('\n').length, 2);
    assert.match(text, /\\x0aNov 21.*\\x1b\[2J/);
  });

  it('makes a rotated file anew without being told', async () => {
    const path = join(folder, 'rotated');
    const log = createLog(({ text }) => text, [{ kind: 'file', path, least: 'info' }], 'info');
    log.write(line('one'));
    await log.flush();
    renameSync(path, `${path}.1`);
    log.write(line('two'));
    await log.flush();
    assert.equal(readFileSync(path, 'utf8'), 'two\n');
  });

  it('writes nothing before the start is over, and then all of it with its own times', async () => {
    const path = join(folder, 'started');
    const form = ({ text }: LogLine, at: Date): string => `${at.getTime()} ${text}`;
    let onBeating = (): void => undefined;
    const beating = new Promise<void>((resolve) => {
      onBeating = resolve;
    });
    const log = createLog(form, [{ kind: 'file', path, least: 'info' }], 'info', beating);
    const before = Date.now();
    log.write(line('one'));
    const after = Date.now();
    await import('winston');
    assert.equal(existsSync(path), false);
    onBeating();
    await beating;
    await log.flush();
    const [at, text] = readFileSync(path, 'utf8').trim().split(' ');
    assert.equal(text, 'one');
    assert.ok(Number(at) >= before && Number(at) <= after);
  });

  it('takes debug lines to the debug file alone', async () => {
    const [info, debug] = [join(folder, 'info'), join(folder, 'debug')];
    const log = createLog(
      ({ text }) => text,
      [
        { kind: 'file', path: info, least: 'info' },
        { kind: 'file', path: debug, least: 'debug' },
      ],
      'debug',
    );
    log.write({ level: 'debug', code: 'node-dead', text: 'detail' });
    log.write(line('event'));
    await log.flush();
    assert.equal(readFileSync(info, 'utf8'), 'event\n');
    assert.equal(readFileSync(debug, 'utf8'), 'detail\nevent\n');
  });

  it('sends syslog one datagram a line, with priority and ident', async () => {
    const sent: string[] = [];
    const send = (datagram: string): void => void sent.push(datagram);
    const sink = { kind: 'syslog', facility: 'local0', ident: 'heartbeat', send } as const;
    const log = createLog(({ text }) => text, [sink], 'info');
    log.write(line('node dad: is dead'));
    await log.flush();
    assert.match(sent[0] ?? '', /^<132>\w{3} [ \d]\d [\d:]{8} heartbeat\[\d+\]: WARN: node dad/);
  });

  it('suppresses a storm of lines and says how many', async () => {
    const sent: string[] = [];
    const send = (datagram: string): void => void sent.push(datagram);
    const sink = { kind: 'syslog', facility: 'daemon', ident: 'heartbeat', send } as const;
    const log = createLog(({ text }) => text, [sink], 'info');
    for (let count = 0; count < 5000; count++) log.write(line('noise'));
    await log.flush();
    assert.ok(sent.length <= 1100, `${sent.length} lines in at most two seconds`);
  });
});
