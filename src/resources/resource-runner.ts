// Carries out the engine's orders to resources: the built-in ones in this process, every other by
// its script. It keeps no policy; it does keep what is held, because the will names it.

import { join } from 'node:path';
import type { LogLine } from '../base/log-line.js';
import type { ResourceSpec } from '../config/resource-group.js';
import { isAddressScript } from '../config/resource-kind.js';
import type { AddressVerb, ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { AddressTable, InterfaceAddress } from '../kernel/addresses.js';
import type { Announcer } from '../kernel/announcer.js';
import type { AddressesRan, AddressResources } from './address-resource.js';
import { createBuiltInResources } from './builtin/builtin-resources.js';
import { createMarkers } from './builtin/markers.js';
import type { DirectorResources } from './director-resource.js';
import { findOcfAgent, runOcfAgent } from './ocf-agent.js';
import { findScript, runScriptResource } from './script-resource.js';

export interface ResourceRunner {
  run(
    resource: ResourceSpec,
    verb: ResourceVerb,
    environment: Readonly<Record<string, string>>,
  ): Promise<ResourceOutcome>;
  /** Many addresses at once, within this call. */
  runAddresses(resources: readonly ResourceSpec[], verb: AddressVerb): AddressesRan;
  /** The address that a started resource put into the kernel; undefined for other resources. */
  addressOf(resource: ResourceSpec): InterfaceAddress | undefined;
}

export interface RunnerParts {
  readonly addresses: AddressResources;
  readonly directors: DirectorResources;
  readonly table: AddressTable;
  readonly announcer: Announcer;
  readonly runDir: string;
  /** `resource.d` of the configuration directory, then `init.d`. */
  readonly scriptFolders: readonly string[];
  readonly log: (line: LogLine) => void;
}

/** The shipped script of that name is this program: as a resource it means the built-in one. */
const DIRECTOR_SCRIPT = 'ldirectord';

/** Neither built in nor quick. */
export const isScriptResource = (resource: ResourceSpec): boolean =>
  !isAddressScript(resource.script) && resource.script !== DIRECTOR_SCRIPT;

export function createResourceRunner(parts: RunnerParts): ResourceRunner {
  const [folder = ''] = parts.scriptFolders;
  const markers = createMarkers(parts.runDir);
  const builtIns = createBuiltInResources({ ...parts, markers, folder });
  const runAddresses = (resources: readonly ResourceSpec[], verb: AddressVerb): AddressesRan => {
    try {
      return parts.addresses.run(resources, verb);
    } catch (cause) {
      const fault: ResourceOutcome = { kind: 'failed', exitCode: 1, reason: String(cause) };
      return { outcomes: resources.map(() => fault), say: () => undefined };
    }
  };
  const runAddress = (resource: ResourceSpec, verb: ResourceVerb): Promise<ResourceOutcome> => {
    const { outcomes, say } = runAddresses([resource], verb);
    say();
    const [outcome] = outcomes;
    return Promise.resolve(outcome ?? { kind: 'failed', exitCode: 1, reason: 'no outcome' });
  };
  const runOne = async (
    resource: ResourceSpec,
    verb: ResourceVerb,
    environment: Readonly<Record<string, string>>,
  ): Promise<ResourceOutcome> => {
    if (isAddressScript(resource.script)) return runAddress(resource, verb);
    if (resource.script === DIRECTOR_SCRIPT) return parts.directors.run(resource, verb);
    const builtIn = await builtIns.run(resource, verb, environment);
    if (builtIn !== undefined) return builtIn;
    const args = [...resource.args, verb].join(' ');
    if (verb !== 'status') {
      const text = `Running ${resource.script} ${args}`;
      parts.log({ level: 'info', code: 'resource-script', text });
    }
    const isScript = (await findScript(resource.script, parts.scriptFolders)) !== undefined;
    const agent = isScript ? undefined : await findOcfAgent(resource, join(folder, '..'));
    if (agent !== undefined) return runOcfAgent(agent, verb, environment);
    return runScriptResource(resource, verb, environment, parts.scriptFolders);
  };
  return {
    runAddresses,
    run: async (resource, verb, environment) => {
      try {
        return await runOne(resource, verb, environment);
      } catch (cause) {
        // A fault in an adapter is a failed resource, not a dead director.
        return { kind: 'failed', exitCode: 1, reason: String(cause) };
      }
    },
    addressOf: (resource) => parts.addresses.heldBy(resource),
  };
}
