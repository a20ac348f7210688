// Names of error numbers, and which of them mean something to callers. Numbers inside src/kernel
// are positive errno values of this machine.

import { constants } from 'node:os';
import { type Failure, failure } from '../base/result.js';

/**
 * `no-permission`: a capability is missing. `no-interface`: the device does not exist (any more).
 * `no-ipvs`: the kernel has no IPVS. `unsupported`: this machine or the koffi package cannot do it.
 * `refused`: any other refusal; the detail holds the error's name and the kernel's own text.
 */
export type KernelCode = 'no-permission' | 'no-interface' | 'no-ipvs' | 'unsupported' | 'refused';

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

export const EPERM: number = constants.errno.EPERM;
export const EACCES: number = constants.errno.EACCES;
export const ENOENT: number = constants.errno.ENOENT;
export const ESRCH: number = constants.errno.ESRCH;
export const EINTR: number = constants.errno.EINTR;
export const EAGAIN: number = constants.errno.EAGAIN;
export const EBUSY: number = constants.errno.EBUSY;
export const EEXIST: number = constants.errno.EEXIST;
export const ENODEV: number = constants.errno.ENODEV;
export const ENXIO: number = constants.errno.ENXIO;
export const ENOBUFS: number = constants.errno.ENOBUFS;
export const EADDRNOTAVAIL: number = constants.errno.EADDRNOTAVAIL;
export const EINVAL: number = constants.errno.EINVAL;
export const ETIMEDOUT: number = constants.errno.ETIMEDOUT;

/** Such as `EPERM`; `errno 530` for a number without a name. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** The failure that stands for an error number, with what was tried and the kernel's own text. */
export function kernelFailure(errno: number, tried: string, text = ''): Failure<KernelCode> {
  const detail = `${tried}: ${errnoName(errno)}${text === '' ? '' : ` (${text})`}`;
  if (errno === EPERM || errno === EACCES) return failure('no-permission', detail);
  if (errno === ENODEV || errno === ENXIO) return failure('no-interface', detail);
  return failure('refused', detail);
}
