// The line that monitorfile gets for each check, in the form of ldirectord 4.12 (recorded), without
// its time and process number.

import { bracketed } from '../checks/check-spec.js';
import type { CheckVerdict } from '../checks/check-verdict.js';
import type { RealServerConfig, VirtualServiceConfig } from '../config/director-config.js';
import { pairOf } from './check-target.js';

/** ldirectord's name for a check: what is empty is left out. */
function checkId(virtual: VirtualServiceConfig, real: RealServerConfig): string {
  const { checkType, key } = virtual;
  const { request, receive } = pairOf(virtual, real);
  const isNegotiate = checkType.kind === 'negotiate' || checkType.kind === 'combined';
  const isExternal = checkType.kind === 'external' || checkType.kind === 'external-perl';
  return [
    checkType.kind,
    isNegotiate ? virtual.service : isExternal ? virtual.checkCommand : '',
    key.kind === 'fwmark' ? 'fwm' : key.protocol,
    bracketed(real.family, real.address),
    real.port,
    virtual.virtualHost ?? '',
    virtual.checkPort ?? '',
    real.weight,
    real.forwarding,
    request,
    receive,
  ]
    .filter((part) => part !== '')
    .join(':');
}

const escaped = (text: string): string =>
  text.replace(/[%|\r\n]/g, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`);

export function monitorLine(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  verdict: CheckVerdict,
): string {
  const id = checkId(virtual, real).replaceAll(':', ' ');
  const text = verdict.answer === undefined ? '-' : escaped(verdict.answer);
  return `${id} [${verdict.isUp ? 'up' : 'down'}] ${text}`;
}
