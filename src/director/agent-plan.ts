// Which agents a configuration asks: one for each real server and source, however many virtual
// services share them. They take their turns in the schedule of the checks, so that none has more
// than one question open.

import { millis, seconds } from '../base/time.js';
import { type AgentCheck, bracketed } from '../checks/check-spec.js';
import type { AgentSource } from '../config/director-agent.js';
import type {
  DirectorConfig,
  RealServerConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import type { PlannedCheck } from './check-plan.js';
import { realKey } from './real-server-text.js';

/**
 * An agent gets as long as a check, and no less than this: one that measures the load over a part
 * of a second must be able to.
 */
export const AGENT_TIMEOUT_MIN_SECONDS = 1;

export function plannedAgents(config: DirectorConfig): readonly PlannedCheck[] {
  const byKey = new Map<string, PlannedCheck>();
  for (const virtual of config.virtuals) {
    const source = virtual.health.agentCheck;
    if (source === undefined || source.kind === 'none') continue;
    if (virtual.checkType.kind === 'off') continue;
    for (const real of virtual.reals) {
      const agent = plannedAgent(virtual, real, source);
      const former = byKey.get(agent.key);
      byKey.set(agent.key, former === undefined ? agent : merged(former, agent));
    }
  }
  return [...byKey.values()];
}

/** The hastier of two virtual services sets the pace, and the more patient one the limit. */
const merged = (a: PlannedCheck, b: PlannedCheck): PlannedCheck => ({
  ...a,
  interval: millis(Math.min(a.interval, b.interval)),
  main: a.main.timeout >= b.main.timeout ? a.main : b.main,
  realKeys: [...new Set([...a.realKeys, ...b.realKeys])],
});

function plannedAgent(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  source: Exclude<AgentSource, { readonly kind: 'none' }>,
): PlannedCheck {
  const { agentIntervalSeconds, jitterPercent } = virtual.health;
  const main = agentSpec(virtual, real, source);
  return {
    key: `agent ${JSON.stringify({ ...main, timeout: 0 })}`,
    purpose: 'agent',
    interval: seconds(agentIntervalSeconds ?? virtual.checkIntervalSeconds),
    jitter: (jitterPercent ?? 0) / 100,
    main,
    combined: undefined,
    realKeys: [realKey(virtual, real)],
  };
}

function agentSpec(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  source: Exclude<AgentSource, { readonly kind: 'none' }>,
): AgentCheck {
  const { family, address } = real;
  const timeout = seconds(Math.max(AGENT_TIMEOUT_MIN_SECONDS, virtual.checkTimeoutSeconds));
  const common = { kind: 'agent', family, address, timeout } as const;
  switch (source.kind) {
    case 'command': {
      const args = [bracketed(family, address), String(real.port)];
      return { ...common, port: real.port, via: 'command', path: source.path, args };
    }
    case 'http':
      return { ...common, port: source.port, via: 'http', path: source.path, args: [] };
    default:
      return { ...common, port: source.port, via: 'tcp', path: '', args: [] };
  }
}
