// Everything the heartbeat worker uses, inside a worker thread: native calls, polling, dgram and
// serialport, and the scheduling class of that thread alone.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { watchKernel } from '#src/kernel/events.js';
import { raiseThisThread } from '#src/kernel/scheduling.js';
import { openSys } from '#src/kernel/sys.js';
import { openMedium } from '#src/media/open-medium.js';
import { commandExists, ip, until, whyNoNamespaces } from './netns.js';

interface Setup {
  readonly tty: string;
  readonly port: number;
}

/** The worker's side: says what it sees, until it is told to end. */
function beWorker({ tty, port }: Setup): void {
  const tell = (words: string): void => parentPort?.postMessage(words);
  const raised = raiseThisThread(1);
  tell(`raised ${raised.ok ? 'yes' : raised.detail}`);
  const sys = openSys();
  tell(`policy ${sys.ok ? sys.value.schedGetscheduler(0) : sys.detail}`);
  const watch = watchKernel({
    onLink: (link) => tell(`link ${link.name}`),
    onOverflow: () => tell('overflow'),
  });
  const listener = (name: string) => ({
    onBytes: (bytes: Uint8Array): void => tell(`${name} ${new TextDecoder().decode(bytes)}`),
    onUp: (): void => tell(`${name} up`),
    onDown: (reason: string): void => tell(`${name} down ${reason}`),
  });
  const serial = openMedium({ kind: 'serial', path: tty, baud: 19_200 }, listener('serial'));
  const udp = openMedium({ kind: 'bcast', interfaceName: 'lo', port }, listener('udp'));
  parentPort?.on('message', (words: string) => {
    if (words === 'end') {
      serial.close();
      udp.close();
      if (watch.ok) watch.value.close();
      parentPort?.close();
      return;
    }
    const bytes = new TextEncoder().encode(words);
    serial.send({ datagram: bytes, line: bytes });
    udp.send({ datagram: bytes, line: bytes });
  });
}

/** The threads of this process that run in real time, by the 41st field of their stat files. */
function realTimeThreads(): number {
  const policies = readdirSync('/proc/self/task').map((task) => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38];
  });
  return policies.filter((policy) => policy !== '0').length;
}

async function inWorker(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ldk-worker-'));
  const [near, far] = [join(folder, 'near'), join(folder, 'far')];
  const cable = spawn('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`]);
  await until('the cable is there', () => existsSync(near) && existsSync(far));
  const setup: Setup = { tty: near, port: 10_000 + (process.pid % 20_000) };
  const worker = new Worker(new URL(import.meta.url), { workerData: setup });
  const told: string[] = [];
  worker.on('message', (words: string) => told.push(words));
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve));
  const dummy = `ldk${process.pid % 10_000}`;
  try {
    await until('both are up', () => told.includes('serial up') && told.includes('udp up'));
    assert.equal(told[0], 'raised yes');
    // SCHED_RR with SCHED_RESET_ON_FORK.
    assert.equal(told[1], `policy ${2 | 0x4000_0000}`);
    assert.equal(realTimeThreads(), 1);
    const peer: string[] = [];
    const line = openMedium(
      { kind: 'serial', path: far, baud: 19_200 },
      {
        onBytes: (bytes) => peer.push(new TextDecoder().decode(bytes)),
        onUp: () => peer.push('up'),
        onDown: (reason) => peer.push(reason),
      },
    );
    await until('the far end is up', () => peer.includes('up'));
    const frame = '>>>\nt=beat\n<<<\n';
    worker.postMessage(frame);
    await until('the far end hears it', () => peer.includes(frame));
    await until('its own broadcast comes back', () => told.includes(`udp ${frame}`));
    const bytes = new TextEncoder().encode(frame);
    line.send({ datagram: bytes, line: bytes });
    await until('the worker hears the far end', () => told.includes(`serial ${frame}`));
    ip('link', 'add', dummy, 'type', 'veth', 'peer', 'name', `${dummy}p`);
    await until('the worker saw the link', () => told.includes(`link ${dummy}`));
    line.close();
  } finally {
    if (existsSync(`/sys/class/net/${dummy}`)) ip('link', 'del', dummy);
    worker.postMessage('end');
    const code = await exited;
    cable.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0);
  }
}

if (isMainThread) {
  const skip = whyNoNamespaces() ?? (commandExists('socat') ? false : 'needs socat');
  test('native calls, polling, dgram and serialport work in a worker thread', { skip }, inWorker);
} else {
  beWorker(workerData as Setup);
}
