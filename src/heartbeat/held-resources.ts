// What this director holds, as the outcomes of the engine's orders say: the matter of the will.

import type { ResourceSpec } from '../config/resource-group.js';
import type { ResourceOutcome, ResourceVerb } from '../config/resource-order.js';
import type { InterfaceAddress } from '../kernel/addresses.js';
import type { HeldGroup, HeldResource } from './will.js';

export interface HeldResources {
  /** Takes an outcome in; true when what is held changed by it. */
  note(
    groupKey: string,
    resource: ResourceSpec,
    verb: ResourceVerb,
    outcome: ResourceOutcome,
    address: InterfaceAddress | undefined,
  ): boolean;
  groups(): readonly HeldGroup[];
}

export function createHeldResources(inherited: readonly HeldGroup[]): HeldResources {
  const groups = new Map<string, HeldResource[]>();
  for (const group of inherited) groups.set(group.key, [...group.held]);

  const hold = (groupKey: string, held: HeldResource): boolean => {
    const group = groups.get(groupKey) ?? [];
    groups.set(groupKey, group);
    const at = group.findIndex((known) => known.resource.word === held.resource.word);
    // A will costs a message and a file; a hundred resources that run on are no news.
    if (at >= 0 && JSON.stringify(group[at]) === JSON.stringify(held)) return false;
    if (at < 0) group.push(held);
    else group[at] = held;
    return true;
  };
  const drop = (groupKey: string, resource: ResourceSpec): boolean => {
    const group = groups.get(groupKey) ?? [];
    const left = group.filter((known) => known.resource.word !== resource.word);
    if (left.length === 0) groups.delete(groupKey);
    else groups.set(groupKey, left);
    return left.length !== group.length;
  };
  return {
    note: (groupKey, resource, verb, outcome, address) => {
      const isStarted = verb === 'start' && outcome.kind === 'done';
      if (isStarted || outcome.kind === 'running') return hold(groupKey, { resource, address });
      // A start that failed may have left something behind: the will names it until it is stopped.
      if (verb === 'start') return hold(groupKey, { resource, address });
      const isGone = (verb === 'stop' && outcome.kind === 'done') || outcome.kind === 'stopped';
      return isGone ? drop(groupKey, resource) : false;
    },
    groups: () => [...groups].map(([key, held]) => ({ key, held })),
  };
}
