// maintenancedir: looks once a second which real servers have a file there, by address or by name,
// with or without port. Names come from reverse look-ups, which are made only when a file might be
// a name and which nobody waits for.

import { lookupService } from 'node:dns/promises';
import { readdir } from 'node:fs/promises';
import { bracketed } from '../checks/check-spec.js';
import type { DirectorConfig, RealServerConfig } from '../config/director-config.js';

const LOOK_MS = 1000;
/** Names change seldom; ldirectord asks for them at every check. */
const NAME_MS = 60_000;
/** More files than this are no maintenance. */
const FILES_MAX = 10_000;

export interface MaintenanceWatch {
  /** After a reload. */
  configure(config: DirectorConfig): void;
  stop(): void;
}

/** `changed` is told all endpoints (`10.0.0.2:80`) that are out of service, when that changes. */
export function watchMaintenance(
  changed: (endpoints: ReadonlySet<string>) => void,
): MaintenanceWatch {
  let config: DirectorConfig | undefined;
  let last = '';
  let isLooking = false;
  const names = createNames();
  const look = async (): Promise<void> => {
    const now = config;
    if (now === undefined) return;
    const files = await filesOf(now.maintenanceDir);
    const held: string[] = [];
    for (const virtual of now.virtuals) {
      for (const real of virtual.reals) {
        if (isHeld(real, files, names)) {
          held.push(`${bracketed(real.family, real.address)}:${real.port}`);
        }
      }
    }
    const endpoints = new Set(held);
    const text = [...endpoints].sort().join(' ');
    if (text === last || config !== now) return;
    last = text;
    changed(endpoints);
  };
  const lookOnce = (): void => {
    if (isLooking || (config?.maintenanceDir === undefined && last === '')) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
  const timer = setInterval(lookOnce, LOOK_MS);
  return {
    configure: (next) => {
      config = next;
      lookOnce();
    },
    stop: () => clearInterval(timer),
  };
}

/** A folder that cannot be read holds nobody: the start has warned of it. */
async function filesOf(folder: string | undefined): Promise<ReadonlySet<string>> {
  if (folder === undefined) return new Set();
  const files = await readdir(folder).catch(() => []);
  return new Set(files.slice(0, FILES_MAX));
}

function isHeld(real: RealServerConfig, files: ReadonlySet<string>, names: Names): boolean {
  if (files.size === 0) return false;
  const forms = (name: string): boolean => files.has(`${name}:${real.port}`) || files.has(name);
  if (forms(bracketed(real.family, real.address))) return true;
  const isMaybeName = [...files].some((file) => /^[a-z]/i.test(file));
  if (!isMaybeName) return false;
  const name = names.of(real.address);
  if (name === undefined) return false;
  const short = /^[a-z][^.]*/.exec(name)?.[0];
  return forms(name) || (short !== undefined && forms(short));
}

interface Names {
  /** As far as known; asks in the background when it is not, or no longer. */
  of(address: string): string | undefined;
}

function createNames(): Names {
  const known = new Map<string, { name: string | undefined; askedAt: number }>();
  return {
    of: (address) => {
      const entry = known.get(address);
      if (entry !== undefined && performance.now() - entry.askedAt < NAME_MS) return entry.name;
      const fresh = { name: entry?.name, askedAt: performance.now() };
      known.set(address, fresh);
      lookupService(address, 0).then(
        ({ hostname }) => {
          fresh.name = hostname === address ? undefined : hostname;
        },
        () => undefined,
      );
      return fresh.name;
    },
  };
}
