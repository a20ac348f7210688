// Directives of ldirectord.cf by which we go further than ldirectord: when a real server counts as
// down and as up again, how many are kept in service whatever happens, what becomes of the clients
// of a dead one, and who says what one can carry. Without them everything is as with ldirectord
// 4.12.

import type { ReadContext } from './director-address.js';
import { type AgentSource, readAgentSource } from './director-agent.js';
import type { DirectorStatement } from './director-lines.js';
import { readCount, readYesNo } from './director-values.js';
import { parseWhole } from './ha-values.js';

export type DeadAction = 'quiesce' | 'remove' | 'expire';

export interface PoolFloor {
  readonly amount: number;
  /** Of the real servers of the virtual service. */
  readonly isPercent: boolean;
}

/** What one part of the file says; undefined is what it does not say. */
export interface HealthRules {
  /** Failures in a row that make a real server down, by kind; undefined: as `failurecount`. */
  readonly refusedCount: number | undefined;
  readonly timeoutCount: number | undefined;
  readonly wrongCount: number | undefined;
  /** Good checks in a row that make it up again; undefined: 1. */
  readonly riseCount: number | undefined;
  /** Time between checks while it is in doubt; undefined: as `checkinterval`. */
  readonly fastIntervalSeconds: number | undefined;
  /** Each wait is longer or shorter by up to this part of it; undefined: 0. */
  readonly jitterPercent: number | undefined;
  /** So many real servers stay in service even when they are down; undefined: 0. */
  readonly minPool: PoolFloor | undefined;
  /** Time in which the weight rises after a recovery; undefined: 0. */
  readonly slowStartSeconds: number | undefined;
  /** undefined: as `quiescent`. */
  readonly deadAction: DeadAction | undefined;
  /** One idle connection to each real server tells when it goes; undefined: no. */
  readonly isWatchConn: boolean | undefined;
  /** Who says what a real server can carry; undefined: nobody. */
  readonly agentCheck: AgentSource | undefined;
  /** Time between two questions to it; undefined: as `checkinterval`. */
  readonly agentIntervalSeconds: number | undefined;
}

/** The same while the file is read. */
export type HealthDraft = { -readonly [Name in keyof HealthRules]: HealthRules[Name] };

/** As ldirectord 4.12 is. */
export const plainHealth: HealthRules = {
  refusedCount: undefined,
  timeoutCount: undefined,
  wrongCount: undefined,
  riseCount: undefined,
  fastIntervalSeconds: undefined,
  jitterPercent: undefined,
  minPool: undefined,
  slowStartSeconds: undefined,
  deadAction: undefined,
  isWatchConn: undefined,
  agentCheck: undefined,
  agentIntervalSeconds: undefined,
};

export const newHealth = (): HealthDraft => ({ ...plainHealth });

/** A virtual service's own lines, then the global ones. */
export const healthRulesOf = (own: HealthRules, global: HealthRules): HealthRules => ({
  refusedCount: own.refusedCount ?? global.refusedCount,
  timeoutCount: own.timeoutCount ?? global.timeoutCount,
  wrongCount: own.wrongCount ?? global.wrongCount,
  riseCount: own.riseCount ?? global.riseCount,
  fastIntervalSeconds: own.fastIntervalSeconds ?? global.fastIntervalSeconds,
  jitterPercent: own.jitterPercent ?? global.jitterPercent,
  minPool: own.minPool ?? global.minPool,
  slowStartSeconds: own.slowStartSeconds ?? global.slowStartSeconds,
  deadAction: own.deadAction ?? global.deadAction,
  isWatchConn: own.isWatchConn ?? global.isWatchConn,
  agentCheck: own.agentCheck ?? global.agentCheck,
  agentIntervalSeconds: own.agentIntervalSeconds ?? global.agentIntervalSeconds,
});

/** True: a dead real server stays in the table with weight 0. False: it is removed. */
export const isQuiescing = (virtual: {
  readonly isQuiescent: boolean;
  readonly health: HealthRules;
}): boolean => {
  const { deadAction } = virtual.health;
  return deadAction === undefined ? virtual.isQuiescent : deadAction !== 'remove';
};

/** With more than half, two waits could be four times as long as each other. */
export const JITTER_PERCENT_MAX = 50;

/** A day. */
const SECONDS_MAX = 86_400;

/** True when the directive is one of these. */
export function readHealthRule(
  statement: DirectorStatement,
  scope: 'global' | 'virtual',
  draft: HealthDraft,
  context: ReadContext,
): boolean {
  const count = (low: 0 | 1): number | undefined => readCount(statement, scope, low, context);
  switch (statement.directive.name) {
    case 'refusedcount':
      draft.refusedCount = count(1) ?? draft.refusedCount;
      return true;
    case 'timeoutcount':
      draft.timeoutCount = count(1) ?? draft.timeoutCount;
      return true;
    case 'wrongcount':
      draft.wrongCount = count(1) ?? draft.wrongCount;
      return true;
    case 'risecount':
      draft.riseCount = count(1) ?? draft.riseCount;
      return true;
    case 'slowstart':
      draft.slowStartSeconds = count(0) ?? draft.slowStartSeconds;
      return true;
    case 'fastinterval':
      draft.fastIntervalSeconds = readFast(statement, context) ?? draft.fastIntervalSeconds;
      return true;
    case 'jitter':
      draft.jitterPercent = readJitter(statement, context) ?? draft.jitterPercent;
      return true;
    case 'minpool':
      draft.minPool = readMinPool(statement, context) ?? draft.minPool;
      return true;
    case 'deadaction':
      draft.deadAction = readDeadAction(statement, context) ?? draft.deadAction;
      return true;
    case 'watchconn':
      draft.isWatchConn = readYesNo(statement, context) ?? draft.isWatchConn;
      return true;
    case 'agentcheck':
      draft.agentCheck = readAgentSource(statement, context) ?? draft.agentCheck;
      return true;
    case 'agentinterval':
      draft.agentIntervalSeconds = count(1) ?? draft.agentIntervalSeconds;
      return true;
    default:
      return false;
  }
}

function refuse(
  { directive, valueAt }: DirectorStatement,
  { sink }: ReadContext,
  hint: string,
): undefined {
  sink.error('bad-value', valueAt, directive.faultVirtual, { hint });
  return undefined;
}

/** Shorter than a second makes sense here, so that a decimal point is taken. */
function readFast(statement: DirectorStatement, context: ReadContext): number | undefined {
  const text = statement.value.trim();
  const value = /^[0-9]{1,5}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0 && value <= SECONDS_MAX) return value;
  return refuse(statement, context, 'seconds above 0, such as 1 or 0.5');
}

function readJitter(statement: DirectorStatement, context: ReadContext): number | undefined {
  const value = parseWhole(statement.value.trim().replace(/%$/, ''));
  if (value !== undefined && value <= JITTER_PERCENT_MAX) return value;
  return refuse(statement, context, `percent of the interval, from 0 to ${JITTER_PERCENT_MAX}`);
}

function readMinPool(statement: DirectorStatement, context: ReadContext): PoolFloor | undefined {
  const text = statement.value.trim();
  const isPercent = text.endsWith('%');
  const amount = parseWhole(text.replace(/%$/, '').trim());
  if (amount !== undefined && (!isPercent || amount <= 100)) return { amount, isPercent };
  return refuse(statement, context, 'a number of real servers such as 2, or a part such as 50%');
}

function readDeadAction(
  statement: DirectorStatement,
  context: ReadContext,
): DeadAction | undefined {
  const actions = ['quiesce', 'remove', 'expire'] as const;
  const action = actions.find((one) => one === statement.value.trim());
  return action ?? refuse(statement, context, 'write quiesce, remove or expire');
}
