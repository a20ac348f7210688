// What ldirectord.cf means, after parsing: every default is filled in and every name resolved to
// an address, so that the director engine has no choice left to make. One value per file.

import type { AddressFamily, Forwarding, IpvsServiceKey } from '../wire/ipvs-table.js';
import type { HealthRules } from './director-health.js';

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

/** What a daemon is doing when it has something to tell by mail. */
export type AlertState = 'starting' | 'running' | 'stopping' | 'reloading';

export interface AlertConfig {
  /** As written, several with commas between; empty: no mails. */
  readonly to: string;
  /** Time between repeated mails about a real server that stays down; 0: none. */
  readonly repeatSeconds: number;
  readonly states: readonly AlertState[];
  /** undefined: the local mail program. */
  readonly smtp: string | undefined;
}

/** What a virtual service's own lines say, before global settings stand in; for printing. */
export interface WrittenVirtual {
  readonly checkIntervalSeconds: number | undefined;
  readonly persistentSeconds: number | undefined;
  readonly netmask: string | undefined;
  readonly schedulerFlags: string | undefined;
  readonly load: string | undefined;
  readonly isOnePacket: boolean;
  readonly isQuiescent: boolean | undefined;
  readonly isCleanStop: boolean | undefined;
  readonly fallback: FallbackConfig | undefined;
  readonly fallbackCommand: string | undefined;
  readonly alert: Partial<AlertConfig>;
  readonly health: HealthRules;
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
  /** For mails: what people call the service, and a remark. */
  readonly serviceName: string | undefined;
  readonly comment: string | undefined;
  /** A line for the shell, run when the last real server goes and when the first comes. */
  readonly fallbackCommand: string | undefined;
  /** Gets a line for each check. */
  readonly monitorFile: string | undefined;
  readonly alert: AlertConfig;
  /** Extensions; nothing written means as the original. */
  readonly health: HealthRules;
  readonly written: WrittenVirtual;
}

/** A global fallback server; without a port, that of each virtual service is meant. */
export interface GlobalFallback {
  readonly address: string;
  readonly forwarding: Exclude<Forwarding, 'local'>;
  readonly tcpPort: number | undefined;
  readonly udpPort: number | undefined;
}

/** Global settings whose effect is in the virtual services already; for printing. */
export interface WrittenGlobal {
  readonly checkTimeoutSeconds: number | undefined;
  readonly negotiateTimeoutSeconds: number | undefined;
  readonly checkCount: number;
  readonly failureCount: number;
  readonly isFork: boolean;
  readonly isQuiescent: boolean;
  readonly isCleanStop: boolean;
  readonly fallback: GlobalFallback | undefined;
  readonly fallback6: GlobalFallback | undefined;
  readonly fallbackCommand: string | undefined;
  readonly alert: AlertConfig;
  readonly health: HealthRules;
}

export interface DirectorConfig {
  readonly virtuals: readonly VirtualServiceConfig[];
  readonly checkIntervalSeconds: number;
  /** A path, or a syslog facility. */
  readonly logfile: string;
  readonly isSupervised: boolean;
  readonly isAutoReload: boolean;
  readonly isReaddQuiescent: boolean;
  /** Run with the path of this file when its content has changed. */
  readonly callback: string | undefined;
  /** Further configurations, each run as an instance of its own. */
  readonly executes: readonly string[];
  /** A file in it that is named like a real server takes this out of service. */
  readonly maintenanceDir: string | undefined;
  /** A director that stands by checks this many times less often. */
  readonly standbyPace: number;
  /** Sender of mails; undefined: root at this host. */
  readonly alertFrom: string | undefined;
  readonly written: WrittenGlobal;
}
