// The director as a process in this process: real files, real HTTP checks on loopback addresses, a
// model of the kernel's table.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { after, test } from 'node:test';
import { failure } from '#src/base/result.js';
import type { DirectorMachine, DirectorNews } from '#src/ldirectord/director-machine.js';
import { instanceOf } from '#src/ldirectord/instance.js';
import { runDirector } from '#src/ldirectord/run-director.js';
import { askControl, type JsonObject } from '#src/runtime/control-socket.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';
import { type Folder, fakeMachine, makeFolder, startWebServer, until } from './fixture.js';

const folders: Folder[] = [];
after(async () => {
  for (const folder of folders) await folder.remove();
});

interface Running {
  readonly kernel: FakeIpvs;
  readonly folder: Folder;
  readonly news: DirectorNews[];
  readonly exit: Promise<number>;
  ask(command: string): Promise<JsonObject>;
  log(): Promise<readonly string[]>;
}

async function run(
  text: string,
  more: { isWarm?: boolean; machine?: DirectorMachine; kernel?: FakeIpvs } = {},
): Promise<Running> {
  const folder = await makeFolder();
  folders.push(folder);
  const config = await folder.write('lab.cf', `logfile="${folder.file('log')}"\n${text}`);
  const kernel = more.kernel ?? new FakeIpvs();
  const places = { configDir: folder.path, runDir: folder.path, stateDir: folder.path };
  const instance = instanceOf('lab.cf', places);
  const news: DirectorNews[] = [];
  const exit = runDirector(
    {
      instance,
      configPath: config,
      isForeground: false,
      isDebug: false,
      isWarm: more.isWarm ?? false,
      takesSignals: false,
      tell: (one) => news.push(one),
    },
    more.machine ?? fakeMachine(kernel),
  );
  return {
    kernel,
    folder,
    news,
    exit,
    ask: async (command) => {
      const answer = await askControl(instance.controlSocket, { command }, 5000);
      assert.ok(answer.ok, answer.ok ? '' : answer.detail);
      return answer.value;
    },
    log: async () => {
      const lines = await readFile(folder.file('log'), 'utf8').catch(() => '');
      return lines.split('\n').map((line) => line.replace(/^\[[^\]]*\] /, ''));
    },
  };
}

const isSettled = (director: Running): boolean =>
  director.news.some(({ kind }) => kind === 'settled');

const stop = async (director: Running): Promise<void> => {
  await director.ask('stop');
  assert.equal(await director.exit, 0);
};

test('web servers are entered, quiesced when they fail, restored when back', async () => {
  const web1 = await startWebServer('127.9.0.1');
  const web2 = await startWebServer('127.9.0.2', web1.port);
  const director = await run(`quiescent=yes
virtual=10.9.0.100:80
    real=127.9.0.1:${web1.port} masq 2
    real=127.9.0.2:${web1.port} masq
    service=http
    request="index.html"
    receive="Test Page"
`);
  await until(() => isSettled(director), 'both have their first verdict');
  const table = [
    '-A tcp 10.9.0.100:80 -s wrr',
    `-a tcp 10.9.0.100:80 -r 127.9.0.1:${web1.port} masq -w 2`,
    `-a tcp 10.9.0.100:80 -r 127.9.0.2:${web1.port} masq -w 1`,
  ];
  assert.deepEqual(director.kernel.lines(), table);
  assert.equal(web1.requests[0]?.url, '/index.html');
  assert.equal(web1.requests[0]?.headers.host, '127.9.0.1');
  web1.status = 503;
  const quiesced = `-a tcp 10.9.0.100:80 -r 127.9.0.1:${web1.port} masq -w 0`;
  await until(() => director.kernel.lines().includes(quiesced), 'web1 is quiesced');
  web1.status = 200;
  await until(() => !director.kernel.lines().includes(quiesced), 'web1 is restored');
  assert.deepEqual(director.kernel.lines(), table);
  await stop(director);
  assert.deepEqual(director.kernel.lines(), []);
  const log = await director.log();
  const name = `127.9.0.1:${web1.port} (10.9.0.100:80)`;
  const down = `Quiescent real server: ${name} (Weight set to 0): HTTP 503 Service Unavailable`;
  assert.ok(log.includes(down), log.join('\n'));
  assert.ok(log.includes(`Restored real server: ${name} (Weight set to 2): HTTP 200`));
  assert.ok(log.includes('Linux Director Daemon terminated on signal: TERM'));
  await web1.close();
  await web2.close();
});

test('a body that does not match receive is down and the reason is told', async () => {
  const web = await startWebServer('127.9.0.3');
  web.body = 'test page';
  const director = await run(`virtual=10.9.0.100:80
    real=127.9.0.3:${web.port} masq
    service=http
    receive="Test Page"
`);
  await until(() => isSettled(director), 'the first verdict');
  const status = await director.ask('status');
  const text = JSON.stringify(status);
  assert.match(text, /HTTP 200, but the body does not match receive/);
  assert.equal(status.down, 1);
  await stop(director);
  await web.close();
});

test('a reload of a bad file is answered with every mistake and changes nothing', async () => {
  const web = await startWebServer('127.9.0.4');
  const good = `virtual=10.9.0.100:80
    real=127.9.0.4:${web.port} masq
    service=http
`;
  const director = await run(good);
  await until(() => isSettled(director), 'the first verdict');
  await director.folder.write('lab.cf', good.replace('service=http', 'schedulr=rr\n    ops=maybe'));
  const answer = await director.ask('reload');
  assert.equal(answer.ok, false);
  assert.equal(Array.isArray(answer.lines) && answer.lines.length, 2);
  assert.match(JSON.stringify(answer.lines), /at line 3: Unknown command/);
  assert.match(String((await director.ask('status')).configError), /Unknown command/);
  web.status = 500;
  await until(() => director.kernel.lines().length === 1, 'health checking goes on');
  web.status = 200;
  await director.folder.write('lab.cf', good.replace('masq', 'masq 5'));
  assert.equal((await director.ask('reload')).ok, true);
  assert.equal((await director.ask('status')).configError, null);
  await until(() => director.kernel.lines().some((line) => line.endsWith('-w 5')), 'new weight');
  await stop(director);
  await web.close();
});

test('a director that stands by activates at one question, with its pid file', async () => {
  const web = await startWebServer('127.9.0.5');
  const director = await run(
    `virtual=10.9.0.100:80
    real=127.9.0.5:${web.port} masq
    service=http
`,
    { isWarm: true },
  );
  await until(() => isSettled(director), 'the first verdict');
  assert.deepEqual(director.kernel.requests, []);
  const pidFile = director.folder.file('ldirectord.lab.cf.pid');
  await assert.rejects(stat(pidFile));
  assert.equal((await director.ask('activate')).ok, true);
  assert.equal(director.kernel.lines().length, 2);
  assert.equal((await readFile(pidFile, 'utf8')).trim(), String(process.pid));
  assert.equal((await director.ask('status')).mode, 'active');
  assert.equal((await director.ask('deactivate')).ok, true);
  assert.deepEqual(director.kernel.lines(), []);
  await assert.rejects(stat(pidFile));
  await stop(director);
  await web.close();
});

test('without IPVS in the kernel it says so, ends with 1 and leaves nothing', async () => {
  const machine = {
    ...fakeMachine(new FakeIpvs()),
    openTable: () => failure('no-ipvs', 'the kernel has no IPVS'),
  };
  const director = await run('virtual=10.9.0.100:80\n    real=127.9.0.6:80 masq\n', { machine });
  assert.equal(await director.exit, 1);
  const [news] = director.news;
  assert.ok(news?.kind === 'failed');
  assert.match(
    news.lines.join(),
    /does not start, because there is no table to keep: the kernel has no IPVS/,
  );
});

test('a configuration with a mistake ends with 2 before anything is opened', async () => {
  const director = await run('virtual=10.9.0.100:80\n    schedulr=rr\n');
  assert.equal(await director.exit, 2);
  assert.deepEqual(director.kernel.requests, []);
});

test('a real server carries the part of its weight that its agent says', async () => {
  const web = await startWebServer('127.9.0.5');
  const agent = await startWebServer('127.9.0.5');
  agent.body = 'ready up 40% # load 7\n';
  const director = await run(`agentcheck=http:${agent.port}/load
virtual=10.9.0.105:80
    real=127.9.0.5:${web.port} masq 100
    service=http
    request="index.html"
    receive="Test Page"
`);
  const weighs = (weight: number): boolean =>
    director.kernel
      .lines()
      .includes(`-a tcp 10.9.0.105:80 -r 127.9.0.5:${web.port} masq -w ${weight}`);
  await until(() => weighs(40), 'it has 40 % of its weight');
  assert.equal(agent.requests[0]?.url, '/load');
  agent.body = 'drain # backup\n';
  await until(() => weighs(0), 'it gets no new connections');
  const { services } = await director.ask('status');
  assert.match(JSON.stringify(services), /"agent":\{"text":"agent drain: backup"/);
  await agent.close();
  await until(() => weighs(100), 'the word of an agent that is gone is forgotten');
  await stop(director);
  const name = `127.9.0.5:${web.port} (10.9.0.105:80)`;
  const log = await director.log();
  assert.ok(log.includes(`Agent of real server: ${name} 40% -> drain: backup`), log.join('\n'));
  const silent = log.filter((line) => line.includes(`${name} drain -> silent, 3 times in a row`));
  assert.equal(silent.length, 1);
  await web.close();
});
