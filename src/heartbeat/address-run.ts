// The addresses that come right behind one in its group: what may be started with it, and what
// then has to be in the will before the engine asks for it.

import type { ResourceGroup, ResourceSpec } from '../config/resource-group.js';
import type { ResourceVerb } from '../config/resource-order.js';
import { isAddressScript } from '../resources/address-resource.js';
import type { ResourceRunner } from '../resources/resource-runner.js';
import type { HeldResources } from './held-resources.js';

export function addressesBehind(
  groups: readonly ResourceGroup[],
  groupKey: string,
  resource: ResourceSpec,
): readonly ResourceSpec[] {
  if (!isAddressScript(resource.script)) return [];
  const resources = groups.find((group) => group.key === groupKey)?.resources ?? [];
  const at = resources.findIndex((each) => each.word === resource.word);
  if (at < 0) return [];
  const behind = resources.slice(at + 1);
  const end = behind.findIndex((each) => !isAddressScript(each.script));
  return end < 0 ? behind : behind.slice(0, end);
}

/** After a start or stop of the one before them; true when what is held changed. */
export function noteBehind(
  held: HeldResources,
  runner: ResourceRunner,
  groupKey: string,
  behind: readonly ResourceSpec[],
  verb: ResourceVerb,
): boolean {
  let hasChanged = false;
  for (const resource of behind) {
    const address = runner.addressOf(resource);
    const isTold =
      (verb === 'start' && address !== undefined) || (verb === 'stop' && address === undefined);
    if (!isTold) continue;
    if (held.note(groupKey, resource, verb, { kind: 'done' }, address)) hasChanged = true;
  }
  return hasChanged;
}
