// What every built-in resource is made of, and how its outcomes are written.

import type { LogLine } from '../../base/log-line.js';
import type { ResourceOutcome, ResourceVerb } from '../../config/resource-order.js';
import type { Announcer } from '../../kernel/announcer.js';
import type { Markers } from './markers.js';

export interface BuiltInParts {
  readonly markers: Markers;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
}

/** One order to one resource: its word as written, and what the engine wants. */
export interface BuiltInOrder {
  readonly word: string;
  readonly verb: ResourceVerb;
  /** HA_* variables, for the few that an administrator sets by `env`. */
  readonly environment: Readonly<Record<string, string>>;
}

export const done: ResourceOutcome = { kind: 'done' };
export const running: ResourceOutcome = { kind: 'running' };
export const stopped: ResourceOutcome = { kind: 'stopped' };

/** Exit codes of OCF agents: generic, arguments, permission, not installed. */
export const ocfCodes = { generic: 1, arguments: 2, permission: 4, installed: 5 } as const;

export const failed = (reason: string, exitCode: number = ocfCodes.generic): ResourceOutcome => ({
  kind: 'failed',
  exitCode,
  reason,
});
