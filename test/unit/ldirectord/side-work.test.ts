// What runs beside a director: maintenance files, further instances, monitor files.

import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createExecutes } from '#src/ldirectord/executes.js';
import { watchMaintenance } from '#src/ldirectord/maintenance-watch.js';
import { createMonitorFiles } from '#src/ldirectord/monitor-files.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { makeFolder, until } from './fixture.js';

test('a file by address, with or without port, takes a real server out', async () => {
  const folder = await makeFolder();
  await mkdir(folder.file('maint'));
  const heard: string[] = [];
  const watch = watchMaintenance((endpoints) => heard.push([...endpoints].sort().join(' ')));
  const reals = [real('10.0.0.1:80'), real('10.0.0.1:81'), real('10.0.0.2:80')];
  const settings = { maintenanceDir: folder.file('maint') };
  watch.configure(config([virtual('10.0.0.100:80', reals)], settings));
  try {
    await writeFile(folder.file('maint/10.0.0.1'), '');
    await until(() => heard.at(-1) === '10.0.0.1:80 10.0.0.1:81', 'both ports');
    await rm(folder.file('maint/10.0.0.1'));
    await until(() => heard.at(-1) === '', 'none');
    await writeFile(folder.file('maint/10.0.0.2:80'), '');
    await until(() => heard.at(-1) === '10.0.0.2:80', 'one port');
    watch.configure(config([virtual('10.0.0.100:80', reals)]));
    await until(() => heard.at(-1) === '', 'no folder any more');
  } finally {
    watch.stop();
    await folder.remove();
  }
});

test('a file by name takes the server of that name out', async () => {
  const folder = await makeFolder();
  const heard: string[] = [];
  const watch = watchMaintenance((endpoints) => heard.push([...endpoints].join(' ')));
  await folder.write('localhost', '');
  const settings = { maintenanceDir: folder.path };
  watch.configure(config([virtual('10.0.0.100:80', [real('127.0.0.1:80')])], settings));
  try {
    await until(() => heard.at(-1) === '127.0.0.1:80', 'the name');
  } finally {
    watch.stop();
    await folder.remove();
  }
});

test('further instances are started, reloaded and stopped with the first', async () => {
  const orders: string[] = [];
  const failures: string[] = [];
  const executes = createExecutes(
    async (name, command) => {
      orders.push(`${name} ${command}`);
      return name === 'bad.cf' ? 2 : 0;
    },
    (name, command, exitCode) => failures.push(`${name} ${command} ${exitCode}`),
  );
  await executes.configure(['b.cf', 'bad.cf', 'b.cf'], false);
  assert.deepEqual(orders.splice(0), ['b.cf start', 'bad.cf start']);
  await executes.configure(['b.cf', 'c.cf'], true);
  assert.deepEqual(orders.splice(0).sort(), ['b.cf reload', 'bad.cf stop', 'c.cf start']);
  await executes.stop();
  assert.deepEqual(orders.sort(), ['b.cf stop', 'c.cf stop']);
  assert.deepEqual(failures, ['bad.cf start 2', 'bad.cf stop 2']);
});

test('lines of a monitor file keep their order', async () => {
  const folder = await makeFolder();
  const monitors = createMonitorFiles(() => 'NOW');
  for (const text of ['one', 'two', 'three']) monitors.write(folder.file('mon'), text);
  await monitors.flush();
  const head = `[NOW] [${process.pid}]`;
  assert.equal(
    await readFile(folder.file('mon'), 'utf8'),
    `${head} one\n${head} two\n${head} three\n`,
  );
  await folder.remove();
});
