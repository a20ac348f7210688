// Names of ldirectord.cf from the machine: hosts by the resolver within a deadline, ports from the
// services file, whether files can be written. Asked once per reading of the configuration.

import { lookup } from 'node:dns/promises';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

import type { NameLookup, NeededNames } from '../config/director-names.js';
import { canonicalIp } from '../wire/ip-address.js';

export interface NameOptions {
  /** Default /etc/services. */
  readonly servicesPath?: string;
  /** All names together; those that are not answered until then count as unknown. */
  readonly deadlineMs?: number;
  /**
   * `write`: files must be writable by this process, as at a start. `exist`: their folder must be
   * there, as when the file is only checked by somebody without rights.
   */
  readonly files?: 'write' | 'exist';
}

/** A resolver that does not answer makes a start late by so much, and not more. */
const DEADLINE_MS = 5000;

/** Look-ups at once: the resolver's thread pool has four threads by default. */
const LOOKUPS_AT_ONCE = 4;

type Ports = { tcp?: number; udp?: number };

/** Everything that `needed` lists, as a lookup that answers at once. */
export async function resolveNames(
  needed: NeededNames,
  options: NameOptions = {},
): Promise<NameLookup> {
  const isWrite = options.files !== 'exist';
  const [hosts, services, files, folders] = await Promise.all([
    resolveHosts([...needed.hosts], options.deadlineMs ?? DEADLINE_MS),
    readServices(options.servicesPath ?? '/etc/services'),
    faultsOf(needed.files, (path) => fileFault(path, isWrite)),
    faultsOf(needed.folders, folderFault),
  ]);
  return {
    // As ldirectord does, for default logins.
    hostName: process.env.HOSTNAME || hostname(),
    host: (name, family) => hosts.get(`${family} ${name}`),
    service: (name, protocol) => {
      const ports = services.get(name);
      if (protocol === 'any') return ports?.tcp ?? ports?.udp;
      return ports?.[protocol];
    },
    fileFault: (path) => files.get(path),
    folderFault: (path) => folders.get(path),
  };
}

async function resolveHosts(
  wanted: readonly string[],
  deadlineMs: number,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const queue = [...wanted];
  const resolveNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const family = next.startsWith('6') ? 6 : 4;
      try {
        const { address } = await lookup(next.slice(2), { family });
        const canonical = canonicalIp(address);
        if (canonical !== undefined) found.set(next, canonical);
      } catch {
        // Unknown: the parser says so, with the place.
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  const workers = Array.from({ length: LOOKUPS_AT_ONCE }, resolveNext);
  await Promise.race([Promise.all(workers), deadline]);
  clearTimeout(timer);
  // What is answered later must not change a lookup that is in use.
  queue.length = 0;
  return new Map(found);
}

async function readServices(path: string): Promise<ReadonlyMap<string, Ports>> {
  const services = new Map<string, Ports>();
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch {
    // A machine without the file has no service names; the parser says so where one is used.
  }
  for (const line of text.split('\n')) {
    const [name, place, ...aliases] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    const match = /^([0-9]{1,5})\/(tcp|udp)$/.exec(place ?? '');
    if (name === undefined || match === null) continue;
    for (const each of [name, ...aliases]) {
      const ports = services.get(each) ?? {};
      const protocol = match[2] === 'udp' ? 'udp' : 'tcp';
      ports[protocol] ??= Number(match[1]);
      services.set(each, ports);
    }
  }
  return services;
}

async function faultsOf(
  paths: ReadonlySet<string>,
  judge: (path: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const faults = new Map<string, string>();
  for (const path of paths) {
    const fault = await judge(path);
    if (fault !== undefined) faults.set(path, fault);
  }
  return faults;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
  EROFS: 'Read-only file system',
};

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return reasons[code] ?? (code === '' ? 'unknown' : code);
}

/** Nothing is created: the folder decides when the file is not there yet. */
async function fileFault(path: string, isWrite: boolean): Promise<string | undefined> {
  if (isWrite) {
    try {
      await access(path, constants.W_OK);
      return (await stat(path)).isDirectory() ? 'Is a directory' : undefined;
    } catch (cause) {
      if (reasonOf(cause) !== reasons.ENOENT) return reasonOf(cause);
    }
  }
  try {
    const folder = dirname(path);
    if (!(await stat(folder)).isDirectory()) return 'Not a directory';
    if (isWrite) await access(folder, constants.W_OK);
    return undefined;
  } catch (cause) {
    return reasonOf(cause);
  }
}

async function folderFault(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : 'Not a directory';
  } catch (cause) {
    return reasonOf(cause);
  }
}
