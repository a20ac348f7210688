// Operators' words to a director process: by its control socket, into its file, over a restart, and
// to the director of another node by way of heartbeat's control socket.

import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { after, describe, it } from 'node:test';
import { runAdminister, timeoutMsOf } from '#src/bin/administer-command.js';
import { instanceOf } from '#src/ldirectord/instance.js';
import { runDirector } from '#src/ldirectord/run-director.js';
import { askControl, type JsonObject, serveControl } from '#src/runtime/control-socket.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';
import { type Folder, fakeMachine, makeFolder, until } from './fixture.js';

const folders: Folder[] = [];
after(async () => {
  for (const folder of folders) await folder.remove();
});

const FILE = `quiescent=no
virtual=10.9.0.100:80
        real=10.9.0.1:80 masq 3
        real=10.9.0.2:80 masq 1
        service=http
        checktype=on
`;

async function newFolder(): Promise<Folder> {
  const folder = await makeFolder();
  folders.push(folder);
  await folder.write('lab.cf', `logfile="${folder.file('log')}"\n${FILE}`);
  return folder;
}

async function start(folder: Folder, kernel = new FakeIpvs()) {
  const places = { configDir: folder.path, runDir: folder.path, stateDir: folder.path };
  const instance = instanceOf('lab.cf', places);
  let isReady = false;
  const exit = runDirector(
    {
      instance,
      configPath: folder.file('lab.cf'),
      isForeground: false,
      isDebug: false,
      isWarm: false,
      takesSignals: false,
      tell: ({ kind }) => {
        if (kind === 'settled') isReady = true;
      },
    },
    fakeMachine(kernel),
  );
  await until(() => isReady, 'the director has settled');
  const ask = async (question: JsonObject): Promise<JsonObject> => {
    const answer = await askControl(instance.controlSocket, question, 5000);
    assert.ok(answer.ok, answer.ok ? '' : answer.detail);
    return answer.value;
  };
  const stop = async (): Promise<void> => {
    await ask({ command: 'stop' });
    assert.equal(await exit, 0);
  };
  return { kernel, instance, ask, stop };
}

const destinations = (kernel: FakeIpvs): readonly string[] =>
  kernel
    .lines()
    .filter((line) => line.startsWith('-a'))
    .map((line) => line.replace(/^-a tcp \S+ -r /, ''))
    .sort();

/** `lubdub STATE SERVER` as typed; returns exit status and words. */
async function type(
  folder: Folder,
  state: 'drain' | 'disable' | 'enable' | 'weight',
  more: Partial<Parameters<typeof runAdminister>[0]> = {},
): Promise<{ exitCode: number; said: string; complaints: string }> {
  let said = '';
  let complaints = '';
  const exitCode = await runAdminister({
    state,
    server: '10.9.0.1',
    runDir: folder.path,
    write: (text) => {
      said += text;
    },
    complain: (text) => {
      complaints += `${text}\n`;
    },
    ...more,
  });
  return { exitCode, said, complaints };
}

describe('a director process', () => {
  it('keeps what an operator said over a restart, in a file of its owner alone', async () => {
    const folder = await newFolder();
    const first = await start(folder);
    const { exitCode, said } = await type(folder, 'disable', { reason: 'disk is failing' });
    assert.equal(exitCode, 0);
    assert.match(said, /^lab\.cf: 10\.9\.0\.1 \(all services\) disabled by \S+@\S+: disk is fail/);
    assert.match(said, /no heartbeat runs here: no other director is told\n$/);
    const path = first.instance.administrationFile;
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.match(await readFile(path, 'utf8'), /disk is failing/);
    assert.deepEqual(destinations(first.kernel), ['10.9.0.2:80 masq -w 1']);
    await first.stop();
    const second = await start(folder);
    assert.deepEqual(destinations(second.kernel), ['10.9.0.2:80 masq -w 1']);
    assert.equal((await type(folder, 'enable')).exitCode, 0);
    assert.deepEqual(destinations(second.kernel), [
      '10.9.0.1:80 masq -w 3',
      '10.9.0.2:80 masq -w 1',
    ]);
    await second.stop();
  });

  it('starts with a file that is not understood, and says so', async () => {
    const folder = await newFolder();
    await writeFile(folder.file('ldirectord.lab.cf.administration.json'), '{"entries": [{}, ');
    const director = await start(folder);
    assert.equal(destinations(director.kernel).length, 2);
    await director.stop();
    const log = await readFile(folder.file('log'), 'utf8');
    assert.match(log, /administration\.json is not fully read: /);
  });

  it('waits for the last connection of a drained real server and shows the count', async () => {
    const folder = await newFolder();
    const director = await start(folder);
    director.kernel.connections.set('10.9.0.1:80', 2);
    const waiting = type(folder, 'drain', {
      wait: true,
      write: (text) => {
        if (text.includes('2 active')) director.kernel.connections.set('10.9.0.1:80', 0);
      },
    });
    const { exitCode } = await waiting;
    assert.equal(exitCode, 0);
    assert.deepEqual(destinations(director.kernel), ['10.9.0.2:80 masq -w 1']);
    await director.stop();
  });

  it('refuses what it does not know; a command without a director says what to start', async () => {
    const folder = await newFolder();
    assert.equal((await type(folder, 'drain')).exitCode, 3);
    const director = await start(folder);
    const unknown = await type(folder, 'drain', { server: '10.9.0.7' });
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.complaints, /there are: 10\.9\.0\.1:80 10\.9\.0\.2:80/);
    assert.equal((await type(folder, 'drain', { timeout: 'soon' })).exitCode, 1);
    assert.equal((await type(folder, 'weight', { weight: '70000' })).exitCode, 1);
    await director.stop();
  });

  it('tells the director of the other node, and answers one that lacks something', async () => {
    const [here, there] = [await newFolder(), await newFolder()];
    const [mom, dad] = [await start(here), await start(there)];
    const carried: JsonObject[] = [];
    /** Heartbeat's part, without a network: what one shares the other hears. */
    const carry = (folder: Folder, to: typeof mom, node: string) =>
      serveControl(folder.file('heartbeat.sock'), async (question) => {
        carried.push(question);
        setImmediate(() => void to.ask({ ...question, command: 'hear-administration', node }));
        return { ok: true, text: 'told node x' };
      });
    await type(here, 'disable');
    const doors = [await carry(here, dad, 'mom'), await carry(there, mom, 'dad')];
    await dad.ask({ command: 'share-administration' });
    await until(() => destinations(dad.kernel).length === 1, 'mom has answered with her words');
    assert.deepEqual(
      carried.map(({ isReply }) => isReply),
      [false, true],
    );
    const { said } = await type(there, 'enable');
    assert.match(said, /; told node x\n$/);
    await until(() => destinations(mom.kernel).length === 2, 'mom has heard of the enable');
    const report = await mom.ask({ command: 'status' });
    const { isConfigSame, node } = report.peer as JsonObject;
    // The files name different logs and mean the same otherwise.
    assert.deepEqual({ isConfigSame, node }, { isConfigSame: true, node: 'dad' });
    for (const door of doors) if (door.ok) await door.value.close();
    await mom.stop();
    await dad.stop();
  });
});

describe('a timeout', () => {
  it('is a number with a unit, seconds without', () => {
    assert.deepEqual(
      ['30m', '90s', '2h', '1d', '250ms', '5', '', 'm', '1w', '-1', '1.5h'].map(timeoutMsOf),
      [1_800_000, 90_000, 7_200_000, 86_400_000, 250, 5000, ...Array<undefined>(5).fill(undefined)],
    );
  });
});
