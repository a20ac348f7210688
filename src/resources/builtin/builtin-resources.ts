// The built-in resources beside addresses and health checkers: which names they have, and when a
// script of the same name is called instead.

import { readFile, stat } from 'node:fs/promises';
import { type BuiltInSpec, parseBuiltIn } from '../../config/builtin-arguments.js';
import type { ResourceSpec } from '../../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../../config/resource-order.js';
import type { AddressTable } from '../../kernel/addresses.js';
import { findScript } from '../script-resource.js';
import { type BuiltInOrder, type BuiltInParts, failed, ocfCodes } from './builtin.js';
import { runDelay, runSendArp } from './delay.js';
import { runMailTo } from './mail-to.js';
import { runMasquerade } from './masquerade.js';
import { runPortBlock } from './port-block.js';
import { runSourceAddress } from './source-address.js';
import { runSyncDaemon } from './sync-daemon.js';

export interface BuiltInResources {
  /** undefined when it is a script that runs: no built-in has the name, or the script wins. */
  run(
    resource: ResourceSpec,
    verb: ResourceVerb,
    environment: Readonly<Record<string, string>>,
  ): Promise<ResourceOutcome | undefined>;
}

export interface BuiltInResourcesParts extends BuiltInParts {
  readonly table: AddressTable;
  /** `resource.d` of the configuration directory. */
  readonly folder: string;
}

const SCRIPT_BYTES_MAX = 64 * 1024;

/**
 * Debian's stock scripts hand their arguments to an OCF agent by these two words and do nothing
 * else: what they do the built-in does. Any other script of the name is somebody's own work.
 */
export const isStockWrapper = (text: string): boolean =>
  text.includes('hto-mapfuncs') && text.includes('ra_execocf');

async function hasOwnScript(name: string, folder: string): Promise<boolean> {
  const path = await findScript(name, [folder]);
  if (path === undefined) return false;
  if ((await stat(path)).size > SCRIPT_BYTES_MAX) return true;
  return !isStockWrapper(await readFile(path, 'latin1'));
}

export function createBuiltInResources(parts: BuiltInResourcesParts): BuiltInResources {
  return {
    run: async ({ script, args, word }, verb, environment) => {
      const spec = parseBuiltIn(script, args);
      if (spec === undefined || (await hasOwnScript(script, parts.folder))) return undefined;
      if (!spec.ok) return failed(`write ${spec.detail}`, ocfCodes.arguments);
      return runSpec(spec.value, { word, verb, environment }, parts);
    },
  };
}

function runSpec(
  spec: BuiltInSpec,
  order: BuiltInOrder,
  parts: BuiltInResourcesParts,
): Promise<ResourceOutcome> | ResourceOutcome {
  switch (spec.kind) {
    case 'delay':
      return runDelay(spec, order, parts);
    case 'mail':
      return runMailTo(spec, order, parts);
    case 'send-arp':
      return runSendArp(spec, order, parts);
    case 'source-address':
      return runSourceAddress(spec, order.verb, parts.table);
    case 'sync-daemon':
      return runSyncDaemon(spec, order.verb);
    case 'port-block':
      return runPortBlock(spec, order, parts);
    case 'masquerade':
      return runMasquerade(spec, order, parts);
  }
}
