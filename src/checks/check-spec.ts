// One check as a value: everything that an adapter needs to run it and nothing else. Two real
// servers whose checks are equal values share one run (`checkKey`). It knows neither virtual
// services nor verdicts.

import type { Duration } from '../base/time.js';
import type { AddressFamily } from '../wire/ipvs-table.js';

interface Target {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  /** The whole check has to be answered within this span. */
  readonly timeout: Duration;
}

export interface ConnectCheck extends Target {
  readonly kind: 'connect';
}

export interface PingCheck extends Omit<Target, 'port'> {
  readonly kind: 'ping';
  /** Echo requests at most, evenly spread over `timeout`. */
  readonly attempts: number;
}

export interface HttpCheck extends Target {
  readonly kind: 'http';
  readonly scheme: 'http' | 'https';
  readonly method: 'GET' | 'HEAD';
  /** Absolute; its host is the real server unless the request named another one. */
  readonly url: string;
  /** The Host header of the first request, and the server name of TLS when it is a name. */
  readonly host: string;
  /** Asks the real server as a proxy, with the URL in absolute form. */
  readonly isProxy: boolean;
  /** A Perl regular expression; empty means any body. */
  readonly receive: string;
}

export interface FtpCheck extends Target {
  readonly kind: 'ftp';
  readonly login: string;
  readonly password: string;
  /** `/` means that no file is asked for. */
  readonly path: string;
  readonly receive: string;
}

export interface ExternalCheck {
  readonly kind: 'external';
  /** One file name; it is not split into words and meets no shell. */
  readonly command: string;
  readonly args: readonly string[];
  /** `perl`: the file is handed to the Perl interpreter instead of being executed. */
  readonly interpreter: 'none' | 'perl';
  readonly timeout: Duration;
}

/** A dialogue of lines, spoken by checks/dialogue.ts over this transport. */
export interface DialogueCheck extends Target {
  readonly kind: 'dialogue';
  readonly protocol: 'smtp' | 'pop' | 'imap' | 'nntp' | 'sip' | 'simpletcp';
  readonly transport: 'tcp' | 'tls' | 'udp';
  readonly login: string;
  readonly password: string;
  readonly request: string;
  readonly receive: string;
}

export interface DnsCheck extends Target {
  readonly kind: 'dns';
  readonly transport: 'tcp' | 'udp';
  /** A name is asked for its addresses, an address for its names. */
  readonly query: string;
  readonly receive: string;
}

export interface LdapCheck extends Target {
  readonly kind: 'ldap';
  readonly isSecure: boolean;
  /** Base of the search; empty for the root of the server. */
  readonly base: string;
  readonly login: string;
  readonly password: string;
  readonly receive: string;
}

export interface RadiusCheck extends Target {
  readonly kind: 'radius';
  readonly login: string;
  readonly password: string;
  readonly secret: string;
}

export interface SqlCheck extends Target {
  readonly kind: 'sql';
  readonly dialect: 'mysql' | 'pgsql';
  readonly login: string;
  readonly password: string;
  readonly database: string;
  readonly query: string;
}

/** Asks the agent of a real server what it can carry; its words are the answer of the verdict. */
export interface AgentCheck extends Target {
  readonly kind: 'agent';
  readonly via: 'tcp' | 'http' | 'command';
  /** Of the page, or of the program; else empty. */
  readonly path: string;
  /** Of the program. */
  readonly args: readonly string[];
}

/** Nothing is asked, because the configuration lacks what to ask: always down. */
export interface VainCheck {
  readonly kind: 'vain';
  readonly reason: string;
  readonly timeout: Duration;
}

/** Always up: `service=none`. */
export interface NoCheck {
  readonly kind: 'none';
  readonly timeout: Duration;
}

export type CheckSpec =
  | ConnectCheck
  | PingCheck
  | HttpCheck
  | FtpCheck
  | DialogueCheck
  | DnsCheck
  | LdapCheck
  | RadiusCheck
  | SqlCheck
  | ExternalCheck
  | AgentCheck
  | VainCheck
  | NoCheck;

/** It is run by a process of its own. */
export const isProgram = (spec: CheckSpec): boolean =>
  spec.kind === 'external' || (spec.kind === 'agent' && spec.via === 'command');

/** Equal for checks that may share one run. Properties are in the order of construction. */
export const checkKey = (spec: CheckSpec): string => JSON.stringify(spec);

/** `10.0.0.2` or `[2001:db8::2]`, as it stands in URLs and in the arguments of commands. */
export const bracketed = (family: AddressFamily, address: string): string =>
  family === 6 ? `[${address}]` : address;
