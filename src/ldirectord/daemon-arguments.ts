// The command line of the daemon's process, written by its starter.

export interface DaemonArguments {
  readonly config: string | undefined;
  readonly configDir: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly isWarm: boolean;
}

/** CONFIG comes first, so that a list of processes shows whose daemon it is. */
export const daemonArguments = (given: DaemonArguments): readonly string[] => [
  ...(given.config === undefined ? [] : [given.config]),
  '--config-dir',
  given.configDir,
  '--run-dir',
  given.runDir,
  '--state-dir',
  given.stateDir,
  ...(given.isWarm ? ['--warm'] : []),
];
