// The serial medium over a pair of pseudo terminals that socat joins, with noise, halves of
// frames, a peer that does not read and a cable that is pulled.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Medium } from '#src/media/medium.js';
import { openMedium } from '#src/media/open-medium.js';
import { commandExists, until } from './netns.js';

const skip = commandExists('socat') ? false : 'needs socat';
let folder: string;
let cable: ChildProcess;
let [leftEnd, rightEnd] = ['', ''];
const open: Medium[] = [];

async function plugCable(): Promise<void> {
  const pty = (path: string): string => `pty,raw,echo=0,link=${path}`;
  cable = spawn('socat', [pty(leftEnd), pty(rightEnd)], { stdio: 'ignore' });
  await until('the cable is there', () => existsSync(leftEnd) && existsSync(rightEnd));
}

async function pullCable(): Promise<void> {
  const ended = new Promise((resolve) => cable.once('exit', resolve));
  cable.kill('SIGTERM');
  await ended;
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ldk-serial-'));
  [leftEnd, rightEnd] = [join(folder, 'left'), join(folder, 'right')];
});

beforeEach(async () => {
  if (skip === false) await plugCable();
});

afterEach(async () => {
  for (const medium of open.splice(0)) medium.close();
  if (skip === false) await pullCable();
});

after(() => rmSync(folder, { recursive: true, force: true }));

interface Watched {
  readonly medium: Medium;
  readonly came: string[];
  readonly changes: string[];
}

function watch(path: string, stuckMs = 5000): Watched {
  const came: string[] = [];
  const changes: string[] = [];
  const medium = openMedium(
    { kind: 'serial', path, baud: 19_200 },
    {
      onBytes: (bytes) => came.push(new TextDecoder('latin1').decode(bytes)),
      onUp: () => changes.push('up'),
      onDown: (reason) => changes.push(`down: ${reason}`),
    },
    { reopenMs: 20, stuckMs },
  );
  open.push(medium);
  return { medium, came, changes };
}

function say({ medium }: Watched, words: string): void {
  const line = new TextEncoder().encode(words);
  medium.send({ datagram: new Uint8Array(0), line });
}

const frame = (text: string): string => `>>>\nt=${text}\n<<<\n`;

test('a serial line carries frames both ways', { skip }, async () => {
  const [left, right] = [watch(leftEnd), watch(rightEnd)];
  await until('both are up', () => left.changes.length > 0 && right.changes.length > 0);
  say(left, frame('from left'));
  say(right, frame('from right'));
  await until('both came', () => left.came.length === 1 && right.came.length === 1);
  assert.deepEqual(right.came, [frame('from left')]);
  assert.deepEqual(left.came, [frame('from right')]);
  assert.deepEqual(left.changes, ['up']);
  assert.equal(left.medium.name, leftEnd);
});

test('noise and half a frame cost no frame that is whole', { skip }, async () => {
  const right = watch(rightEnd);
  await until('it is up', () => right.changes.length > 0);
  const noise = '\0\xff\x13 login: \n<<<\nroot\r\n';
  writeFileSync(leftEnd, `${noise}${frame('one')}>>>\nt=half\nst=act`);
  writeFileSync(leftEnd, `\n${frame('two')}line noise${frame('three')}`, 'latin1');
  await until('three came', () => right.came.length === 3);
  assert.deepEqual(right.came, [frame('one'), frame('two'), frame('three')]);
});

test('a line that hangs up is opened again when it is there again', { skip }, async () => {
  const [left, right] = [watch(leftEnd), watch(rightEnd)];
  await until('both are up', () => left.changes.length > 0 && right.changes.length > 0);
  await pullCable();
  await until('both are down', () => left.changes.length === 2 && right.changes.length === 2);
  assert.match(left.changes[1] ?? '', /^down: .*left/);
  say(left, frame('into nothing'));
  await plugCable();
  await until('both are up', () => left.changes.length === 3 && right.changes.length === 3);
  say(left, frame('again'));
  await until('it came', () => right.came.length === 1);
  assert.deepEqual(right.came, [frame('again')]);
  assert.equal(left.medium.counters().dropped, 1);
});

test('a line that is not there is waited for', { skip }, async () => {
  const absent = watch(join(folder, 'absent'));
  await until('it is down', () => absent.changes.length === 1);
  assert.match(absent.changes[0] ?? '', /^down: .*absent.*ENOENT/);
  const plain = join(folder, 'plain');
  writeFileSync(plain, '');
  const file = watch(plain);
  await until('it is down', () => file.changes.length === 1);
  assert.match(file.changes[0] ?? '', /^down: /);
});

test('what a peer does not read is dropped and counted, and the line is opened anew', {
  skip,
}, async () => {
  await pullCable();
  // A pseudo terminal whose other side is held by a program that never reads.
  const sleeper = spawn('socat', [`pty,raw,echo=0,link=${leftEnd}`, 'exec:sleep 60'], {
    stdio: 'ignore',
  });
  await until('the line is there', () => existsSync(leftEnd));
  sleeper.kill('SIGSTOP');
  const left = watch(leftEnd, 100);
  await until('it is up', () => left.changes.length === 1);
  const large = frame('x'.repeat(4000));
  for (let count = 0; count < 100; count++) say(left, large);
  assert.ok(left.medium.counters().dropped >= 90, `${left.medium.counters().dropped}`);
  await until('it was stuck', () =>
    left.changes.some((change) => change.includes('takes nothing')),
  );
  await until('it is up again', () => left.changes.at(-1) === 'up');
  left.medium.close();
  sleeper.kill('SIGCONT');
  const ended = new Promise((resolve) => sleeper.once('exit', resolve));
  sleeper.kill('SIGTERM');
  await ended;
  await plugCable();
});

test('of several ports one whose cable is pulled is down alone', { skip }, async () => {
  const [third, fourth] = [join(folder, 'third'), join(folder, 'fourth')];
  const pty = (path: string): string => `pty,raw,echo=0,link=${path}`;
  const other = spawn('socat', [pty(third), pty(fourth)], { stdio: 'ignore' });
  await until('the second cable is there', () => existsSync(third) && existsSync(fourth));
  const [first, second, far] = [watch(leftEnd), watch(third), watch(fourth)];
  await until('all are up', () => [first, second, far].every((each) => each.changes.length > 0));
  await pullCable();
  await until('the first is down', () => first.changes.length === 2);
  for (let count = 0; count < 50; count++) {
    say(first, frame('lost'));
    if (count % 10 === 0) say(second, frame('heard'));
  }
  await until('the second goes on', () => far.came.length > 0);
  assert.deepEqual([second.changes, far.changes], [['up'], ['up']]);
  await plugCable();
  await until('the first is up again', () => first.changes.length === 3);
  for (const medium of open.splice(0)) medium.close();
  const ended = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGTERM');
  await ended;
});

test('two programs cannot have one line', { skip }, async () => {
  const first = watch(leftEnd);
  await until('it is up', () => first.changes.length === 1);
  const second = watch(leftEnd);
  await until('the second is down', () => second.changes.length === 1);
  assert.match(second.changes[0] ?? '', /lock|busy|Resource/i);
});
