// The classic commands with their exit codes and words, on daemons that are processes of their own.

import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runLdirectordCommand } from '#src/ldirectord/ldirectord-command.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';
import { type Folder, fakeMachine, makeFolder, startWebServer, type WebServer } from './fixture.js';

const daemonScript = fileURLToPath(new URL('./fake-director.js', import.meta.url));

interface Said {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

interface Site {
  readonly folder: Folder;
  readonly web: WebServer;
  readonly good: string;
  command(...words: readonly string[]): Promise<Said>;
  log(): Promise<string>;
  pidFile(): Promise<string>;
}

const sites: Site[] = [];
after(async () => {
  for (const site of sites) {
    await site.command('lab.cf', 'stop');
    await site.web.close();
    await site.folder.remove();
  }
});

async function makeSite(address: string): Promise<Site> {
  const folder = await makeFolder();
  const web = await startWebServer(address);
  const good = `logfile="${folder.file('log')}"
virtual=10.9.1.100:80
    real=${address}:${web.port} masq
    service=http
`;
  await folder.write('lab.cf', good);
  const command = async (...words: readonly string[]): Promise<Said> => {
    let out = '';
    let err = '';
    const exit = await runLdirectordCommand(
      words,
      { LUBDUB_RUN_DIR: folder.path, LUBDUB_CONFIG_DIR: folder.path },
      {
        program: 'ldirectord',
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        machine: fakeMachine(new FakeIpvs()),
        daemonScript,
      },
    );
    return { exit, out, err };
  };
  const site: Site = {
    folder,
    web,
    good,
    command,
    log: () => readFile(folder.file('log'), 'utf8').catch(() => ''),
    pidFile: async () => (await readFile(folder.file('ldirectord.lab.cf.pid'), 'utf8')).trim(),
  };
  sites.push(site);
  return site;
}

test('commands on a stopped instance have the exit codes of ldirectord', async () => {
  const site = await makeSite('127.9.1.1');
  const stopped = `ldirectord is stopped for ${site.folder.file('lab.cf')}\n`;
  assert.deepEqual(await site.command('lab.cf', 'status'), { exit: 3, out: stopped, err: '' });
  assert.deepEqual(await site.command('lab.cf', 'stop'), { exit: 0, out: '', err: '' });
  assert.deepEqual(await site.command('lab.cf', 'reload'), { exit: 1, out: '', err: '' });
  assert.deepEqual(await site.command('lab.cf', 'force-reload'), { exit: 1, out: '', err: '' });
  assert.deepEqual(await site.command('lab.cf', 'try-restart'), { exit: 0, out: '', err: '' });
  const missing = 'Config file no-such.cf not found\n';
  assert.deepEqual(await site.command('no-such.cf', 'start'), { exit: 1, out: '', err: missing });
  assert.equal((await site.command()).exit, 255);
  assert.equal((await site.command('frobnicate')).exit, 255);
  assert.match((await site.command('-v')).out, /^Linux Director v1\.186-ha\n/);
  const log = await site.log();
  assert.ok(log.includes('Invoking ldirectord invoked as: ldirectord lab.cf status \n'));
  assert.ok(log.includes('Exiting with exit_status 3: Exiting from ldirectord status'));
  assert.ok(log.includes(stopped));
  assert.match(log, /^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\|lab\.cf\|\d+\] Invoking/);
});

test('start returns when the first verdicts are there, stop when the process is gone', async () => {
  const site = await makeSite('127.9.1.2');
  assert.deepEqual(await site.command('lab.cf', 'start'), { exit: 0, out: '', err: '' });
  assert.match(await site.log(), /Added real server: 127\.9\.1\.2:\d+ \(10\.9\.1\.100:80\)/);
  const pid = await site.pidFile();
  const config = site.folder.file('lab.cf');
  const running = `ldirectord for ${config} is running with pid: ${pid}\n`;
  assert.deepEqual(await site.command('lab.cf', 'status'), { exit: 0, out: '', err: running });
  assert.equal((await site.command('lab.cf', 'start')).exit, 0);
  assert.equal(await site.pidFile(), pid);
  assert.deepEqual(await site.command('lab.cf', 'reload'), { exit: 0, out: '', err: '' });
  assert.equal((await site.command('lab.cf', 'restart')).exit, 0);
  assert.notEqual(await site.pidFile(), pid);
  assert.deepEqual(await site.command('lab.cf', 'stop'), { exit: 0, out: '', err: '' });
  await assert.rejects(stat(site.folder.file('ldirectord.lab.cf.pid')));
  assert.match(await site.log(), /Purged virtual server \(stop\): 10\.9\.1\.100:80/);
});

test('status, stop and reload reach a healthy daemon whose file has got a mistake', async () => {
  const site = await makeSite('127.9.1.3');
  assert.equal((await site.command('lab.cf', 'start')).exit, 0);
  const pid = await site.pidFile();
  await site.folder.write('lab.cf', site.good.replace('service', 'servise'));
  assert.equal((await site.command('lab.cf', 'status')).exit, 0);
  const reload = await site.command('lab.cf', 'reload');
  assert.equal(reload.exit, 2);
  assert.match(reload.err, /^Error \[\d+\] reading file .*lab\.cf at line 4: Unknown command/);
  const restart = await site.command('lab.cf', 'restart');
  assert.equal(restart.exit, 2);
  assert.equal(await site.pidFile(), pid);
  assert.equal((await site.command('lab.cf', 'status')).exit, 0);
  assert.equal((await site.command('lab.cf', 'stop')).exit, 0);
  assert.equal((await site.command('lab.cf', 'status')).exit, 3);
});

test('a start with a mistake in the file tells all of them and exits with 2', async () => {
  const site = await makeSite('127.9.1.4');
  await site.folder.write('lab.cf', `${site.good}    schedulr=rr\n    ops=maybe\n`);
  const said = await site.command('lab.cf', 'start');
  assert.equal(said.exit, 2);
  assert.equal(said.err.match(/^Error \[/gm)?.length, 2);
  assert.equal(said.err.match(/\^~/g)?.length, 2, 'each with its caret');
  await assert.rejects(stat(site.folder.file('ldirectord.lab.cf.pid')));
});

test('a pid file of a killed daemon is stale: status 1, and start works', async () => {
  const site = await makeSite('127.9.1.5');
  await writeFile(site.folder.file('ldirectord.lab.cf.pid'), '4194300\n');
  const file = site.folder.file('ldirectord.lab.cf.pid');
  const config = site.folder.file('lab.cf');
  assert.deepEqual(await site.command('lab.cf', 'status'), {
    exit: 1,
    out: `ldirectord is stopped for ${config}\n`,
    err: `ldirectord stale pid file ${file} for ${config}\n`,
  });
  assert.equal((await site.command('lab.cf', 'start')).exit, 0);
  process.kill(Number(await site.pidFile()), 'SIGKILL');
  assert.equal((await site.command('lab.cf', 'start')).exit, 0);
  assert.equal((await site.command('lab.cf', 'status')).exit, 0);
});

test('a daemon that stands by counts as stopped until start activates it', async () => {
  const site = await makeSite('127.9.1.6');
  assert.equal((await site.command('--warm', 'lab.cf', 'start')).exit, 0);
  const standingBy = await site.command('lab.cf', 'status');
  assert.equal(standingBy.exit, 3);
  assert.doesNotMatch(standingBy.out, /running/);
  assert.equal((await site.command('lab.cf', 'start')).exit, 0);
  assert.equal((await site.command('lab.cf', 'status')).exit, 0);
});
