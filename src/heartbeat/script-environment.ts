// The HA_* environment of scripts as far as it comes from the files (as in heartbeat 3.0.6).

import { join } from 'node:path';
import type { HaConfig } from '../config/ha-config.js';
import { fifoPath, type HeartbeatPaths, helpersPath } from './paths.js';

/** What a start's files say to every script; what the moment says the engine adds. */
export function scriptEnvironment(
  config: HaConfig,
  node: string,
  paths: HeartbeatPaths,
): Readonly<Record<string, string>> {
  return {
    HA_CURHOST: node,
    HA_DIR: paths.configDir,
    HA_FUNCS: join(paths.configDir, 'shellfuncs'),
    HA_DATEFMT: '%Y/%m/%d_%T\t',
    HA_LOGFILE: config.logfile ?? '',
    HA_DEBUGLOG: config.debugfile ?? '',
    HA_LOGFACILITY: config.logfacility ?? 'none',
    HA_LOGD: 'no',
    OCF_ROOT: '/usr/lib/ocf',
    // Where heartbeat's own resource.d/OCF looks for agents, one folder a provider.
    OCF_AGENTS: '/usr/lib/ocf/resource.d',
    // In place of /usr/share/heartbeat: a script that calls mach_down or hb_standby calls ours.
    HA_NOARCHBIN: helpersPath(paths.runDir),
    HA_FIFO: fifoPath(paths.stateDir),
    ...parameterVariables(config),
    HA_auto_failback: config.autoFailback,
    ...(config.autoFailback === 'legacy' ? {} : { HA_NICEFAILBACK: 'yes' }),
    ...(config.debug > 0 ? { HA_debug: String(config.debug) } : {}),
    // Last: an administrator's own word stands above ours.
    ...config.environment,
  };
}

/** Parameters of a STONITH device may hold a password. */
const unspokenParameters: ReadonlySet<string> = new Set(['stonith', 'stonith_host', 'env']);

/** HA_NAME for every directive as it is written; one that is not written has no variable. */
function parameterVariables(config: HaConfig): Readonly<Record<string, string>> {
  const written = Object.entries(config.parameters).filter(
    ([name]) => !unspokenParameters.has(name),
  );
  return {
    HA_keepalive: `${config.keepalive}ms`,
    HA_deadtime: `${config.deadtime}ms`,
    HA_hbversion: '3.0.6',
    ...Object.fromEntries(written.map(([name, text]) => [`HA_${name}`, text])),
  };
}
