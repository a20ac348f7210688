// deadaction=expire: the kernel must not follow persistence templates of real servers with weight
// 0. That is a switch of the kernel; it is turned on when the table is taken and left on, because
// whoever else needs it cannot be known.

import type { LogCode } from '../base/log-code.js';
import type { LogLevel } from '../base/log-line.js';
import type { DirectorConfig } from '../config/director-config.js';
import type { IpvsSwitches } from '../kernel/ipvs-sysctls.js';

export const expiryWanted = ({ virtuals }: Pick<DirectorConfig, 'virtuals'>): boolean =>
  virtuals.some(({ health }) => health.deadAction === 'expire');

type Tell = (level: LogLevel, code: LogCode, text: string) => void;

/** Told when something was done or could not be done. */
export async function turnOnExpiry(switches: IpvsSwitches, tell: Tell): Promise<void> {
  const name = 'net.ipv4.vs.expire_quiescent_template';
  const turned = await switches.turnOn('expire_quiescent_template');
  if (!turned.ok) {
    const what = 'clients of persistent services stay with real servers that are down';
    tell('WARN', 'expiry-refused', `${name} cannot be set to 1 (${turned.detail}): ${what}`);
  } else if (turned.value === 'turned-on') {
    tell('info', 'expiry-set', `${name} was 0 and is 1 now, for all services: deadaction=expire`);
  }
}
