// What ldirectord.cf means, after parsing: every default is filled in and every name resolved to
// an address, so that the director engine has no choice left to make. One value per file.

import type { AddressFamily, Forwarding, IpvsServiceKey } from '../wire/ipvs-table.js';

export type CheckType =
  | {
      readonly kind: 'negotiate' | 'connect' | 'ping' | 'external' | 'external-perl' | 'on' | 'off';
    }
  /** A negotiate check, then `connects` connect checks, then negotiate again. */
  | { readonly kind: 'combined'; readonly connects: number };

export type ServiceName =
  | 'dns'
  | 'ftp'
  | 'http'
  | 'https'
  | 'http_proxy'
  | 'imap'
  | 'imaps'
  | 'ldap'
  | 'ldaps'
  | 'mysql'
  | 'nntp'
  | 'none'
  | 'oracle'
  | 'pop'
  | 'pops'
  | 'radius'
  | 'pgsql'
  | 'simpletcp'
  | 'sip'
  | 'smtp'
  | 'submission';

export interface RealServerConfig {
  readonly family: AddressFamily;
  readonly address: string;
  /** 0 when the line names none (firewall marks; gate and ipip take the virtual's port). */
  readonly port: number;
  readonly forwarding: Exclude<Forwarding, 'local'>;
  readonly weight: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

export interface FallbackConfig {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly forwarding: Exclude<Forwarding, 'local'>;
}

export interface VirtualServiceConfig {
  readonly key: IpvsServiceKey;
  /** As the original names it in log lines: `10.0.0.1:80`, `[2001:db8::1]:80` or the mark. */
  readonly name: string;
  /** As the original names it in soft-failure lines: `tcp:10.0.0.1:80`, `fwm:1`. */
  readonly id: string;
  readonly scheduler: string;
  readonly persistentSeconds: number | undefined;
  /** Prefix length of `netmask`; 32 or 128 when none. */
  readonly persistencePrefix: number;
  readonly isOnePacket: boolean;
  readonly schedulerFlags: number;
  readonly reals: readonly RealServerConfig[];
  readonly fallback: FallbackConfig | undefined;
  readonly checkType: CheckType;
  readonly service: ServiceName;
  readonly checkCommand: string;
  /** Effective values, in seconds. */
  readonly checkTimeoutSeconds: number;
  readonly negotiateTimeoutSeconds: number;
  readonly checkIntervalSeconds: number;
  readonly checkCount: number;
  readonly failureCount: number;
  /** undefined: the port of each real, else the default port of the service. */
  readonly checkPort: number | undefined;
  readonly request: string;
  readonly receive: string;
  readonly httpMethod: 'GET' | 'HEAD';
  readonly virtualHost: string | undefined;
  readonly login: string;
  readonly password: string;
  readonly database: string;
  readonly secret: string;
  readonly isQuiescent: boolean;
  readonly isCleanStop: boolean;
}

export interface DirectorConfig {
  readonly virtuals: readonly VirtualServiceConfig[];
  readonly checkIntervalSeconds: number;
  /** A path, or a syslog facility. */
  readonly logfile: string;
  readonly isSupervised: boolean;
  readonly isAutoReload: boolean;
  readonly isReaddQuiescent: boolean;
}
