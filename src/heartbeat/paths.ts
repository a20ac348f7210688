// Where the heartbeat program keeps its files. Every folder can be moved, so that several nodes
// of a lab live on one machine.

import { join } from 'node:path';

export interface HeartbeatPaths {
  /** ha.cf, haresources, authkeys, resource.d. */
  readonly configDir: string;
  /** Generation and uuid: must survive a reboot. */
  readonly stateDir: string;
  /** Socket, pid and will: must not survive a reboot. */
  readonly runDir: string;
}

export const defaultPaths: HeartbeatPaths = {
  configDir: '/etc/ha.d',
  stateDir: '/var/lib/lubdub',
  runDir: '/run/lubdub',
};

export const controlPath = (runDir: string): string => join(runDir, 'heartbeat.sock');
export const pidPath = (runDir: string): string => join(runDir, 'heartbeat.pid');

/** What stands for /usr/share/heartbeat: the helpers that scripts call. */
export const helpersPath = (runDir: string): string => join(runDir, 'helpers');

/** Scripts know the FIFO by this path; a daemon whose state is moved has one of its own. */
export const fifoPath = (stateDir: string): string =>
  stateDir === defaultPaths.stateDir ? '/var/lib/heartbeat/fifo' : join(stateDir, 'fifo');

/** heartbeat 3.0.6 looks for resource scripts here, in this order. */
export const scriptFolders = (configDir: string): readonly string[] => [
  join(configDir, 'resource.d'),
  '/etc/init.d',
];

export const pathArguments = (paths: HeartbeatPaths): readonly string[] => [
  '--config-dir',
  paths.configDir,
  '--state-dir',
  paths.stateDir,
  '--run-dir',
  paths.runDir,
];
