// Short hashes of the configuration: to see whether two files, or two nodes, agree. What they are
// made of may be shown; keys are never in them.

import { createHash } from 'node:crypto';
import type { HaConfig } from '../config/ha-config.js';
import type { HaFiles } from '../runtime/load-files.js';

const HASH_DIGITS = 12;

export const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);

/** Of ha.cf and haresources as they stand: what a reload compares. */
export const configHashOf = (files: HaFiles): string => hashOf(files.fingerprint);

/** What the two files have to agree in; heartbeat paths and logs may differ from node to node. */
export function clusterHashOf(config: HaConfig): string {
  const { nodes, pingNodes, autoFailback, keepalive, deadtime, warntime, initdead } = config;
  const names = [[...nodes].sort(), [...pingNodes].sort()];
  return hashOf(JSON.stringify([names, autoFailback, keepalive, deadtime, warntime, initdead]));
}

export const resourcesHashOf = (files: HaFiles): string => hashOf(JSON.stringify(files.groups));
