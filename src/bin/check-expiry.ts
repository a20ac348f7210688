// What `lubdub check` says about the kernel's switches that a dead real server's clients depend on.

import type { DirectorConfig } from '../config/director-config.js';
import { type IpvsSwitch, type IpvsSwitches, ipvsSwitches } from '../kernel/ipvs-sysctls.js';

/** `isHere`: the configuration is this machine's, so that its switches are looked at. */
export async function expiryLines(
  configs: readonly DirectorConfig[],
  isHere: boolean,
  switches: IpvsSwitches = ipvsSwitches(),
): Promise<readonly string[]> {
  const actions = new Set(
    configs.flatMap(({ virtuals }) => virtuals.map(({ health }) => health.deadAction)),
  );
  const state = async (name: IpvsSwitch): Promise<string> => {
    const isOn = isHere ? await switches.read(name) : undefined;
    return isOn === undefined ? '' : `, here ${isOn ? 'set' : 'not set'} now`;
  };
  const lines: string[] = [];
  if (actions.has('expire')) {
    const now = await state('expire_quiescent_template');
    lines.push(
      `deadaction=expire: needs net.ipv4.vs.expire_quiescent_template=1${now}; ` +
        'ldirectord sets it for all services when it takes the table',
    );
  }
  if (actions.has('remove')) {
    const now = await state('expire_nodest_conn');
    lines.push(
      'deadaction=remove: open connections to a removed real server hang, unless ' +
        `net.ipv4.vs.expire_nodest_conn=1${now}; set it yourself if you want it`,
    );
  }
  return lines;
}
