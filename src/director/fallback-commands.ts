// fallbackcommand: `start` when no real server of a virtual service is up any more, `stop` when one
// is, each only when that changes. The first of the two comes as soon as it is known.

import type { VirtualServiceConfig } from '../config/director-config.js';
import { isLetIn } from './administration.js';
import type { DirectorEffect } from './director-event.js';
import type { RealServers } from './real-server.js';

export interface FallbackCommands {
  /** Services that have such a command; what was told of the others is forgotten. */
  configure(virtuals: readonly VirtualServiceConfig[]): void;
  /** `isPatient`: first checks are still awaited, and nobody being up means nothing yet. */
  advance(reals: RealServers, isPatient: boolean): readonly DirectorEffect[];
  /** Nobody serves here any more: what is told next is told anew. */
  forget(): void;
}

type Word = 'start' | 'stop';

export function createFallbackCommands(): FallbackCommands {
  let virtuals: readonly VirtualServiceConfig[] = [];
  const told = new Map<string, Word>();
  return {
    configure: (all) => {
      virtuals = all.filter(
        (one) => one.fallbackCommand !== undefined && one.checkType.kind !== 'off',
      );
      const ids = new Set(virtuals.map(({ id }) => id));
      for (const id of told.keys()) if (!ids.has(id)) told.delete(id);
    },
    advance: (reals, isPatient) => {
      const effects: DirectorEffect[] = [];
      for (const virtual of virtuals) {
        const { fallbackCommand: command } = virtual;
        const word = wordFor(virtual, reals, isPatient);
        if (command === undefined || word === undefined || told.get(virtual.id) === word) continue;
        told.set(virtual.id, word);
        effects.push({ kind: 'run-command', command, args: argumentsOf(virtual, word) });
      }
      return effects;
    },
    forget: () => told.clear(),
  };
}

function wordFor(
  virtual: VirtualServiceConfig,
  reals: RealServers,
  isPatient: boolean,
): Word | undefined {
  const all = virtual.reals.map((real) => reals.of(virtual, real));
  const isServing = all.some(
    (real) => (real?.verdict === 'up' || real?.isKept === true) && isLetIn(real.administered),
  );
  if (isServing) return 'stop';
  const isAwaited = all.some((real) => real?.verdict === 'undecided');
  return isPatient && isAwaited ? undefined : 'start';
}

/** A firewall mark has no address to tell. */
function argumentsOf({ key, name }: VirtualServiceConfig, word: Word): readonly string[] {
  return key.kind === 'fwmark' ? [word, 'fwm'] : [word, name, key.protocol];
}
