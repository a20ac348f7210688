// Network namespaces for tests of single kernel adapters, without whole hosts: the calling thread
// enters a namespace for the length of one call, and a socket made there stays there. So one
// process is both ends of a network. Names begin with `ldk-`.

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { openSys, type Sys } from '#src/kernel/sys.js';

const CLONE_NEWNET = 0x4000_0000;
const require = createRequire(import.meta.url);

function loadSetns(): (fd: number, kind: number) => number {
  // The declarations of the module are the type of what `require` returns.
  const koffi = require('koffi') as typeof Koffi;
  const native = koffi.load(null).func('int setns(int fd, int kind)');
  return (fd, kind) => Number(native(fd, kind));
}

export const ip = (...words: readonly string[]): void => {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Why these tests cannot run here; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!openSys().ok) return 'needs the native module koffi';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs iproute2';
  }
}

export interface Pair {
  readonly a: string;
  readonly b: string;
  /** Deletes both namespaces, and with them all that is in them. */
  destroy(): void;
}

/** Two namespaces joined by a cable: eth0 in each, 10.77.0.1/24 and .2, fd77::1/64 and ::2. */
export function makePair(tag: string): Pair {
  const a = `ldk-${process.pid}-${tag}-a`;
  const b = `ldk-${process.pid}-${tag}-b`;
  const destroy = (): void => {
    for (const name of [a, b]) if (existsSync(`/run/netns/${name}`)) ip('netns', 'del', name);
  };
  try {
    for (const name of [a, b]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const pair = { a, b, destroy };
    joinPair(pair);
    return pair;
  } catch (fault) {
    destroy();
    throw fault;
  }
}

/** Makes the cable; also for making it anew after `unjoinPair`. */
export function joinPair(pair: Pair): void {
  const { a, b } = pair;
  ip('-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
  for (const [name, host] of [
    [a, '1'],
    [b, '2'],
  ] as const) {
    const addresses = ['addr', 'add', `10.77.0.${host}/24`, 'brd', '+', 'dev', 'eth0'];
    ip('-n', name, ...addresses);
    ip('-n', name, 'addr', 'add', `fd77::${host}/64`, 'dev', 'eth0', 'nodad');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
}

export function unjoinPair(pair: Pair): void {
  ip('-n', pair.a, 'link', 'del', 'eth0');
}

let setns: ((fd: number, kind: number) => number) | undefined;

/** Runs `work` with the calling thread in the namespace. */
export function inNamespace<T>(name: string, work: () => T): T {
  setns ??= loadSetns();
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/run/netns/${name}`, 'r');
  try {
    if (setns(there, CLONE_NEWNET) !== 0) throw new Error(`setns ${name}`);
    return work();
  } finally {
    if (setns(home, CLONE_NEWNET) !== 0) process.abort();
    closeSync(home);
    closeSync(there);
  }
}

/**
 * The calling thread stays in the namespace: sockets made from now on and programs started from
 * now on are there. For a test file that is a process of its own.
 */
export function moveToNamespace(name: string): void {
  setns ??= loadSetns();
  const there = openSync(`/run/netns/${name}`, 'r');
  try {
    if (setns(there, CLONE_NEWNET) !== 0) throw new Error(`setns ${name}`);
  } finally {
    closeSync(there);
  }
}

/** A `Sys` whose sockets and interface names are those of the namespace, at any later time too. */
export function sysIn(name: string): Sys {
  const opened = openSys();
  if (!opened.ok) throw new Error(opened.detail);
  const sys = opened.value;
  return {
    ...sys,
    socket: (...values) => inNamespace(name, () => sys.socket(...values)),
    ifNameToIndex: (interfaceName) => inNamespace(name, () => sys.ifNameToIndex(interfaceName)),
  };
}

/** The output of a command inside the namespace. */
export function runIn(name: string, command: string, ...words: readonly string[]): string {
  return execFileSync('ip', ['netns', 'exec', name, command, ...words], { encoding: 'utf8' });
}

/** Resolves when `holds`; fails with `what` after the limit, which an emulated machine needs. */
export async function until(
  what: string,
  holds: () => boolean,
  limitMs: number = 30_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a program of that name is on the search path. */
export function commandExists(name: string): boolean {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.some((folder) => existsSync(`${folder}/${name}`));
}
