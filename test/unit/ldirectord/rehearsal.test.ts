// `reload --dry-run`, a bad file at a reload, and `lubdub diff`, as an operator types them to a
// director process over a model of the kernel's table.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { runDiff } from '#src/bin/diff-command.js';
import { instanceOf } from '#src/ldirectord/instance.js';
import { runLdirectordCommand } from '#src/ldirectord/ldirectord-command.js';
import { runDirector } from '#src/ldirectord/run-director.js';
import { askControl } from '#src/runtime/control-socket.js';
import { FakeIpvs } from '../../simulation/fake-ipvs.js';
import { type Folder, fakeMachine, makeFolder, until } from './fixture.js';

const folders: Folder[] = [];
after(async () => {
  for (const folder of folders) await folder.remove();
});

const fileOf = (folder: Folder, ...reals: readonly string[]): string =>
  [
    `logfile="${folder.file('log')}"`,
    'virtual=10.9.0.100:80',
    ...reals.map((real) => `        real=${real}`),
    '        checktype=on',
    '',
  ].join('\n');

async function start(...reals: readonly string[]) {
  const folder = await makeFolder();
  folders.push(folder);
  await folder.write('lab.cf', fileOf(folder, ...reals));
  const kernel = new FakeIpvs();
  const places = { configDir: folder.path, runDir: folder.path, stateDir: folder.path };
  const instance = instanceOf('lab.cf', places);
  let isReady = false;
  const exit = runDirector(
    {
      instance,
      configPath: folder.file('lab.cf'),
      isForeground: true,
      isDebug: false,
      isWarm: false,
      takesSignals: false,
      tell: ({ kind }) => {
        if (kind === 'settled') isReady = true;
      },
    },
    // Slow rounds: nothing is repaired while the tests look.
    fakeMachine(kernel, 60),
  );
  await until(() => isReady, 'the director has settled');
  return {
    folder,
    kernel,
    type: async (...argv: readonly string[]) => {
      let out = '';
      let err = '';
      const env = { LUBDUB_RUN_DIR: folder.path, LUBDUB_CONFIG_DIR: folder.path };
      const exitCode = await runLdirectordCommand(['lab.cf', ...argv], env, {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        machine: fakeMachine(kernel),
      });
      return { exitCode, out, err };
    },
    diff: async () => {
      let out = '';
      const exitCode = await runDiff({
        config: undefined,
        runDir: folder.path,
        write: (text) => {
          out += text;
        },
        complain: () => undefined,
      });
      return { exitCode, out };
    },
    stop: async () => {
      await askControl(instance.controlSocket, { command: 'stop' }, 5000);
      assert.equal(await exit, 0);
    },
  };
}

describe('an operator', () => {
  it('reads what a reload would change, and then reloads', async () => {
    const director = await start('10.9.0.1:80 masq 3', '10.9.0.2:80 masq 1');
    const text = fileOf(director.folder, '10.9.0.1:80 masq 5', '10.9.0.3:80 masq 1');
    await director.folder.write('lab.cf', text);
    const before = director.kernel.lines();
    const { exitCode, out } = await director.type('reload', '--dry-run');
    assert.equal(exitCode, 0);
    assert.deepEqual(out.split('\n').sort(), [
      '',
      '# 3 changes',
      'ipvsadm -a -t 10.9.0.100:80 -r 10.9.0.3:80 -m -w 1',
      'ipvsadm -d -t 10.9.0.100:80 -r 10.9.0.2:80',
      'ipvsadm -e -t 10.9.0.100:80 -r 10.9.0.1:80 -m -w 5',
    ]);
    assert.deepEqual(director.kernel.lines(), before);
    assert.equal((await director.type('reload')).exitCode, 0);
    assert.deepEqual(await director.diff(), { exitCode: 0, out: '' });
    assert.equal((await director.type('start', '--dry-run')).exitCode, 255);
    await director.stop();
  });

  it('is told every error of a bad file; status tells it until it is mended', async () => {
    const director = await start('10.9.0.1:80 masq 3');
    const good = fileOf(director.folder, '10.9.0.1:80 masq 3');
    await director.folder.write('lab.cf', `${good}        schedular=rr\n        checktype=maybe\n`);
    const before = director.kernel.lines();
    for (const argv of [['reload', '--dry-run'], ['reload']]) {
      const { exitCode, err } = await director.type(...argv);
      assert.equal(exitCode, 2);
      assert.match(err, /schedular/);
      assert.match(err, /checktype must be/);
    }
    assert.deepEqual(director.kernel.lines(), before);
    const status = await director.type('status');
    assert.equal(status.exitCode, 0);
    assert.match(status.err, /lab\.cf was refused at 20\d\d-\S+Z: .*; in force is what was/);
    await director.folder.write('lab.cf', good);
    assert.equal((await director.type('reload')).exitCode, 0);
    assert.doesNotMatch((await director.type('status')).err, /refused/);
    await director.stop();
  });

  it('sees by diff what another program did; without a director nothing is known', async () => {
    const director = await start('10.9.0.1:80 masq 3');
    const [service] = director.kernel.read();
    const [there] = service?.destinations ?? [];
    assert.ok(service && there);
    const destination = { ...there, weight: 9 };
    director.kernel.apply([{ kind: 'edit-destination', key: service.key, destination }]);
    const { exitCode, out } = await director.diff();
    assert.equal(exitCode, 1);
    assert.deepEqual(out.split('\n').slice(1, -1), [
      '- -a -t 10.9.0.100:80 -r 10.9.0.1:80 -m -w 9',
      '+ -a -t 10.9.0.100:80 -r 10.9.0.1:80 -m -w 3',
    ]);
    await director.stop();
    assert.equal((await director.diff()).exitCode, 2);
  });
});
