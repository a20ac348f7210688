// The control socket: questions and answers, and everything that is not one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askControl, type ControlServer, serveControl } from '#src/runtime/control-socket.js';

describe('the control socket', () => {
  let folder = '';
  let server: ControlServer | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lubdub-control-'));
    const served = await serveControl(join(folder, 'run', 'c.sock'), async (question) => {
      if (question.command === 'fail') throw new Error('no');
      return { ok: true, echo: question.command ?? null };
    });
    assert.ok(served.ok);
    server = served.value;
  });

  after(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const path = (): string => join(folder, 'run', 'c.sock');

  it('answers a question with one JSON object', async () => {
    const answer = await askControl(path(), { command: 'status' }, 2000);
    assert.deepEqual(answer, { ok: true, value: { ok: true, echo: 'status' } });
  });

  it('is open to its owner alone', () => {
    assert.equal(statSync(path()).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'run')).mode & 0o777, 0o700);
  });

  it('answers a fault of the handler instead of hanging', async () => {
    const answer = await askControl(path(), { command: 'fail' }, 2000);
    assert.ok(answer.ok);
    assert.equal(answer.value.ok, false);
  });

  it('says that nothing runs where no socket is', async () => {
    const answer = await askControl(join(folder, 'none.sock'), { command: 'status' }, 2000);
    assert.equal(answer.ok ? 'ok' : answer.code, 'not-running');
  });

  it('refuses to serve where a living process answers', async () => {
    const second = await serveControl(path(), async () => ({}));
    assert.equal(second.ok ? 'ok' : second.code, 'in-use');
  });

  it('takes the place of a socket that a dead process left', async () => {
    const left = join(folder, 'left.sock');
    writeFileSync(left, '');
    const served = await serveControl(left, async () => ({ ok: true }));
    assert.ok(served.ok);
    await served.value.close();
  });

  it('answers what is no JSON object with an error', async () => {
    const text = await new Promise<string>((resolve) => {
      let said = '';
      const socket = net.connect(path(), () => socket.write('[1, 2\n'));
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
      });
      socket.on('close', () => resolve(said));
    });
    assert.match(text, /not a JSON object/);
  });

  it('drops a client whose question has no end', async () => {
    await new Promise<void>((resolve) => {
      const socket = net.connect(path(), () => socket.write('x'.repeat(200_000)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  });

  it('gives up after the deadline when nobody answers', async () => {
    const mute = net.createServer().listen(join(folder, 'mute.sock'));
    const answer = await askControl(join(folder, 'mute.sock'), { command: 'status' }, 30);
    assert.equal(answer.ok ? 'ok' : answer.code, 'timed-out');
    mute.close();
  });
});
