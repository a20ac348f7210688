// The switches of the kernel's IPVS that hold for all services of a network namespace
// (linux Documentation/networking/ipvs-sysctl.rst): read and written without blocking.

import { readFile, writeFile } from 'node:fs/promises';
import { failure, ok, type Result } from '../base/result.js';

export type IpvsSwitch =
  /** 1: a persistence template of a real server with weight 0 is not followed any more. */
  | 'expire_quiescent_template'
  /** 1: a connection whose real server was removed ends, instead of getting no answer. */
  | 'expire_nodest_conn';

export interface IpvsSwitches {
  /** Undefined when there is no IPVS (yet). */
  read(name: IpvsSwitch): Promise<boolean | undefined>;
  turnOn(name: IpvsSwitch): Promise<Result<'turned-on' | 'was-on', 'refused'>>;
}

const FOLDER = '/proc/sys/net/ipv4/vs';

export function ipvsSwitches(folder: string = FOLDER): IpvsSwitches {
  const path = (name: IpvsSwitch): string => `${folder}/${name}`;
  const read = async (name: IpvsSwitch): Promise<boolean | undefined> => {
    const text = await readFile(path(name), 'latin1').catch(() => undefined);
    return text === undefined ? undefined : text.trim() !== '0';
  };
  return {
    read,
    turnOn: async (name) => {
      if ((await read(name)) === true) return ok('was-on');
      try {
        await writeFile(path(name), '1\n', { flag: 'r+' });
        return ok('turned-on');
      } catch (cause) {
        return failure('refused', cause instanceof Error ? cause.message : String(cause));
      }
    },
  };
}
