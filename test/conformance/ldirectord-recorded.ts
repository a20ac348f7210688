// The recorded scenarios as types, and the listeners in them as models: what a check of ours gets
// from a recorded listener, without a network.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CheckSpec, DnsCheck, FtpCheck, HttpCheck } from '#src/checks/check-spec.js';
import { judgeHttpAnswer, REDIRECTS_MAX } from '#src/checks/http-answer.js';
import { matchReceive } from '#src/runtime/checks/receive-match.js';
import type { IpvsServiceKey, ObservedService } from '#src/wire/ipvs-table.js';
import type { Listener } from '../listeners/listener.js';
import type { ScriptedServer } from '../simulation/director-world.js';

export interface RecordedAction {
  readonly do: 'ldirectord' | 'signal' | 'real' | 'link' | 'write' | 'remove' | 'ipvsadm' | 'wait';
  readonly argv?: readonly string[];
  readonly signal?: string;
  readonly real?: string;
  readonly listen?: string;
  readonly set?: Partial<Listener>;
  readonly state?: 'blackhole' | 'up';
  readonly file?: string;
  readonly content?: string;
  readonly args?: readonly string[];
  readonly seconds?: number;
}

export interface RecordedStep {
  readonly do: readonly RecordedAction[];
  readonly note?: string;
  readonly within_s?: number;
  readonly stable_s?: number;
  readonly observed_s?: number;
  readonly expect: RecordedExpectation;
}

export interface RecordedCommand {
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

export interface RecordedExpectation {
  /** As `ipvsadm -Sn` prints the table, sorted. */
  readonly ipvs: readonly string[];
  readonly thresholds?: readonly string[];
  readonly daemon?: boolean;
  readonly pidfile?: boolean;
  readonly commands?: readonly RecordedCommand[];
  readonly log?: readonly string[];
  readonly outputs?: Readonly<Record<string, readonly string[]>>;
  readonly mail?: readonly (readonly string[])[];
}

export interface RecordedCase {
  readonly name: string;
  readonly area: string;
  readonly peer_bug?: boolean;
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly outputs?: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly hosts?: readonly (readonly string[])[];
  readonly topology: {
    readonly director: readonly string[];
    readonly vips: readonly string[];
    readonly reals: Readonly<
      Record<
        string,
        { readonly addr: readonly string[]; readonly listen: Readonly<Record<string, Listener>> }
      >
    >;
  };
  readonly steps: readonly RecordedStep[];
}

const folder = new URL('../../../test/conformance/ldirectord/scenarios/', import.meta.url);

export const recordedCases: readonly RecordedCase[] = readdirSync(fileURLToPath(folder))
  .sort()
  .flatMap((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    // The files are written in this form by the recorder; a test of them is the run itself.
    return (JSON.parse(text) as { readonly cases: readonly RecordedCase[] }).cases;
  });

/** All listeners of one scenario, to be changed by its steps. */
export class RecordedServers {
  readonly #listeners = new Map<string, Listener>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #dark = new Set<string>();

  constructor(recorded: RecordedCase) {
    for (const [name, { addr, listen }] of Object.entries(recorded.topology.reals)) {
      const addresses = addr.map((one) => one.replace(/\/\d+$/, ''));
      this.#addresses.set(name, addresses);
      for (const [where, listener] of Object.entries(listen)) {
        for (const address of addresses) {
          this.#listeners.set(`${address} ${where}`, { ...listener });
        }
      }
    }
  }

  take(action: RecordedAction): void {
    for (const address of this.#addresses.get(action.real ?? '') ?? []) {
      if (action.do === 'link') {
        if (action.state === 'blackhole') this.#dark.add(address);
        else this.#dark.delete(address);
        continue;
      }
      const key = `${address} ${action.listen}`;
      const former = this.#listeners.get(key) ?? { kind: 'closed' };
      this.#listeners.set(key, { ...former, ...action.set });
    }
  }

  answer(spec: CheckSpec): ScriptedServer {
    if (!('address' in spec)) return { isUp: spec.kind === 'none', delayMs: 5 };
    if (this.#dark.has(spec.address)) return { isUp: false, delayMs: undefined };
    if (spec.kind === 'ping') return { isUp: true, delayMs: 5 };
    if (spec.kind === 'dns') return { isUp: this.#isDnsUp(spec), delayMs: 5 };
    const listener = this.#at(spec.address, spec.port);
    if (listener.kind === 'closed') return { isUp: false, delayMs: 5 };
    if (spec.kind === 'connect') return { isUp: true, delayMs: 5 };
    if (listener.kind === 'mute' || listener.kind === 'accept') {
      return { isUp: false, delayMs: undefined };
    }
    const delayMs = 5 + (listener.delay ?? 0) * 1000;
    if (spec.kind === 'ftp') return { isUp: isFtpUp(spec, listener), delayMs };
    // Other dialogues are played with real listeners.
    return { isUp: spec.kind === 'http' && this.#isHttpUp(spec), delayMs };
  }

  #isDnsUp(spec: DnsCheck): boolean {
    const listener = this.#listeners.get(`${spec.address} udp/${spec.port}`);
    const records = listener?.zone?.[spec.query] ?? [];
    return records.some(([, data]) => matchReceive(spec.receive, data)?.kind === 'matched');
  }

  #at(address: string, port: number): Listener {
    return this.#listeners.get(`${address} tcp/${port}`) ?? { kind: 'closed' };
  }

  #isHttpUp(spec: HttpCheck): boolean {
    if (spec.isProxy) {
      const page = pageOf(this.#at(spec.address, spec.port), spec.url, '');
      const answer = {
        status: page.status ?? 200,
        statusText: '',
        redirects: 0,
        isBodyCut: false,
        body: '',
      };
      return judgeHttpAnswer(answer, matchReceive(spec.receive, page.body ?? 'OK\n')).isUp;
    }
    let url = new URL(spec.url);
    let host = spec.host;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const address = url.hostname.replace(/^\[|\]$/g, '');
      const isSecure = url.protocol === 'https:';
      const listener = this.#at(address, Number(url.port || (isSecure ? 443 : 80)));
      if ((listener.kind ?? 'http') !== 'http' || (listener.tls !== undefined) !== isSecure)
        return false;
      const page = pageOf(listener, `${url.pathname}${url.search}`, host);
      const target = page.headers?.Location ?? page.headers?.location;
      const status = page.status ?? 200;
      if (status < 300 || status > 399 || target === undefined) {
        const body = spec.method === 'HEAD' ? '' : (page.body ?? 'OK\n');
        const match = matchReceive(spec.receive, body);
        const answer = { status, statusText: '', redirects, isBodyCut: false, body: '' };
        return judgeHttpAnswer(answer, match).isUp;
      }
      url = new URL(target, url);
      host = url.host;
    }
    return false;
  }
}

function pageOf(listener: Listener, path: string, host: string): Partial<Listener> {
  if (listener.require_host !== undefined && listener.require_host !== host) return { status: 404 };
  if (listener.paths === undefined) return listener;
  if (listener.status !== undefined && listener.status !== 200) return listener;
  return listener.paths[path] ?? { status: 404 };
}

function isFtpUp(spec: FtpCheck, listener: Listener): boolean {
  const text = listener.files?.[spec.path];
  if (text === undefined) return false;
  const match = matchReceive(spec.receive, text);
  return match === undefined || match.kind === 'matched';
}

const METHODS = { gate: '-g', masq: '-m', ipip: '-i', local: '-l' } as const;

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function keyText(key: IpvsServiceKey): string {
  if (key.kind === 'fwmark') return `-f ${key.mark}${key.family === 6 ? ' -6' : ''}`;
  return `${key.protocol === 'udp' ? '-u' : '-t'} ${host(key.address)}:${key.port}`;
}

const SCHEDULER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
};

function serviceLine(service: ObservedService): string {
  const { key, scheduler, persistenceSeconds, persistencePrefix: prefix } = service;
  const words = [`-A ${keyText(key)} -s ${scheduler}`];
  if (persistenceSeconds !== undefined) words.push(`-p ${persistenceSeconds}`);
  if (prefix !== (key.family === 6 ? 128 : 32)) {
    words.push(`-M ${key.family === 6 ? prefix : maskText(prefix)}`);
  }
  if (service.isOnePacket) words.push('-o');
  const names = SCHEDULER_FLAGS[scheduler] ?? ['flag-1', 'flag-2', 'flag-3'];
  const flags = [0x08, 0x10, 0x20]
    .map((bit, index) =>
      (service.schedulerFlags & bit) === 0 ? '' : (names[index] ?? `flag-${index + 1}`),
    )
    .filter((name) => name !== '');
  if (flags.length > 0) words.push(`-b ${flags.join(',')}`);
  return words.join(' ');
}

function maskText(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** As `ipvsadm -Sn` prints the table, sorted. */
export function savedLines(table: readonly ObservedService[]): readonly string[] {
  const lines: string[] = [];
  for (const service of table) {
    lines.push(serviceLine(service));
    for (const one of service.destinations) {
      const where = `${keyText(service.key)} -r ${host(one.address)}:${one.port}`;
      const tunnel = one.forwarding === 'ipip' ? ' --tun-type ipip' : '';
      lines.push(`-a ${where} ${METHODS[one.forwarding]} -w ${one.weight}${tunnel}`);
    }
  }
  return lines.sort();
}
