// Which configuration a command means and which files belong to it: the rules of ldirectord 4.12
// for finding CONFIG and for naming an instance, so that old scripts find their daemon.

import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Used when CONFIG is left out; the instance is then called `ldirectord`, without suffix. */
const DEFAULT_CONFIG = 'ldirectord.cf';
const DEFAULT_INSTANCE = 'ldirectord';

export const DEFAULT_CONFIG_DIR = '/etc/ha.d';
export const DEFAULT_RUN_DIR = '/run/lubdub';
const DEFAULT_STATE_DIR = '/var/lib/lubdub';

/** A lab's run directory holds the state too, unless it is told where that goes. */
export const stateDirOf = (given: string | undefined, runDir: string): string =>
  given ?? (runDir === DEFAULT_RUN_DIR ? DEFAULT_STATE_DIR : runDir);

/** Scripts and agents look for the pid file here; only a lab's run directory has its own. */
const CLASSIC_PID_DIR = '/var/run';

export interface InstancePlaces {
  /** Where CONFIG is looked up first: `/etc/ha.d`. */
  readonly configDir: string;
  /** Where the control socket is: `/run/lubdub`. Any other one holds the pid file too. */
  readonly runDir: string;
  /** What survives a reboot: `/var/lib/lubdub`. */
  readonly stateDir: string;
}

export interface Instance {
  /** CONFIG as typed, for messages. */
  readonly config: string;
  readonly name: string;
  readonly pidFile: string;
  readonly controlSocket: string;
  /** What operators said of real servers. */
  readonly administrationFile: string;
  readonly places: InstancePlaces;
}

/** `config` is undefined when the command line names none. Two names are two instances. */
export function instanceOf(config: string | undefined, places: InstancePlaces): Instance {
  const name = config === undefined ? DEFAULT_INSTANCE : basename(config);
  const pidDir = places.runDir === DEFAULT_RUN_DIR ? CLASSIC_PID_DIR : places.runDir;
  return {
    config: config ?? DEFAULT_CONFIG,
    name,
    pidFile: join(pidDir, `ldirectord.${name}.pid`),
    controlSocket: join(places.runDir, `ldirectord.${name}.sock`),
    administrationFile: join(places.stateDir, `ldirectord.${name}.administration.json`),
    places,
  };
}

/** The file that CONFIG means: below the configuration folder, below its `conf`, or as given. */
export async function findConfig(
  instance: Instance,
  places: InstancePlaces,
): Promise<string | undefined> {
  const { config } = instance;
  const candidates = [
    join(places.configDir, config),
    join(places.configDir, 'conf', config),
    config,
  ];
  for (const path of candidates) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
