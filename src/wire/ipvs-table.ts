// The kernel's IPVS table as values: what a virtual service and a destination are, and the
// requests that change them. The netlink form of these is in ipvs-netlink.ts; the director plans
// with these values alone.

/** 4 and 6 rather than AF numbers, which belong to the codec. */
export type AddressFamily = 4 | 6;

/** What the kernel tells two services apart by (linux/ip_vs.h). Addresses are canonical text. */
export type IpvsServiceKey =
  | {
      readonly kind: 'address';
      readonly family: AddressFamily;
      readonly protocol: 'tcp' | 'udp' | 'sctp';
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly family: AddressFamily; readonly mark: number };

export interface IpvsService {
  readonly key: IpvsServiceKey;
  /** The kernel's name of the scheduler, such as `rr` or `wlc`. */
  readonly scheduler: string;
  /** Seconds of persistence; undefined when the service is not persistent. */
  readonly persistenceSeconds: number | undefined;
  /** Bits of the client address that persistence groups by: 32 or 128 for a single client. */
  readonly persistencePrefix: number;
  readonly isOnePacket: boolean;
  /** Scheduler flags 1 to 3 as bits 0x08, 0x10 and 0x20 (IP_VS_SVC_F_SCHED1 to 3). */
  readonly schedulerFlags: number;
}

export type Forwarding = 'gate' | 'masq' | 'ipip' | 'local';

export interface IpvsDestination {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly forwarding: Forwarding;
  /** 0 means quiescent: no new connections, old ones go on. */
  readonly weight: number;
  /** Connection thresholds; 0 means none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** A destination as read from the kernel, with its connection counts. */
export interface ObservedDestination extends IpvsDestination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

export interface ObservedService extends IpvsService {
  readonly destinations: readonly ObservedDestination[];
}

/** One change to the table. A destination is identified by family, address and port. */
export type IpvsRequest =
  | { readonly kind: 'add-service'; readonly service: IpvsService }
  | { readonly kind: 'edit-service'; readonly service: IpvsService }
  | { readonly kind: 'delete-service'; readonly key: IpvsServiceKey }
  | {
      readonly kind: 'add-destination' | 'edit-destination' | 'delete-destination';
      readonly key: IpvsServiceKey;
      readonly destination: IpvsDestination;
    };

/** The kernel's answer to one request: `errno` is 0 when it was carried out. */
export interface IpvsOutcome {
  readonly errno: number;
  /** Empty on success; else the errno's name and the kernel's own text where it gave one. */
  readonly reason: string;
}

/** ENOENT and ESRCH of linux/errno.h: what was to be deleted is not there. */
const GONE: ReadonlySet<number> = new Set([2, 3]);

/** Of the outcome of a deletion: it is as if it had been carried out. */
export const isAlreadyGone = (outcome: IpvsOutcome): boolean => GONE.has(outcome.errno);

/** A text that is equal for equal keys, such as `tcp 10.0.0.1:80` or `fwm6 1`. */
export function ipvsKeyText(key: IpvsServiceKey): string {
  if (key.kind === 'fwmark') return `${key.family === 6 ? 'fwm6' : 'fwm'} ${key.mark}`;
  const host = key.family === 6 ? `[${key.address}]` : key.address;
  return `${key.protocol} ${host}:${key.port}`;
}
