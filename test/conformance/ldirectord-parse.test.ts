// What ldirectord 4.12 made of configurations, as its own parser was asked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { ldirectordForm } from '#src/config/diagnostic.js';
import type { DirectorConfig, VirtualServiceConfig } from '#src/config/director-config.js';
import { parseDirectorConfig } from '#src/config/director-parser.js';

import { recordedNames } from './ldirectord-names.js';

type Recorded = Readonly<Record<string, unknown>>;

interface ParseCase {
  readonly name: string;
  readonly config: string;
  readonly hosts?: readonly (readonly string[])[];
  readonly warnings?: readonly string[];
  readonly parsed: { readonly global: Recorded; readonly virtual: readonly Recorded[] };
  readonly peer_bug?: boolean;
}

const file = new URL('../../../test/conformance/ldirectord/parse/configs.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly cases: readonly ParseCase[]; // our own file
};

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

function globalMeaning(config: DirectorConfig): Recorded {
  return {
    autoreload: yesNo(config.isAutoReload),
    checkinterval: config.checkIntervalSeconds,
    logfile: config.logfile,
    readdquiescent: yesNo(config.isReaddQuiescent),
    supervised: yesNo(config.isSupervised),
  };
}

function keyMeaning(virtual: VirtualServiceConfig): Recorded {
  const { key } = virtual;
  const family = key.family === 6 ? 'ipv6' : 'ipv4';
  if (key.kind === 'fwmark') return { family, protocol: 'fwm', fwmark: key.mark };
  const { protocol, port } = key;
  return { family, protocol, port, address: bracketed(key.address) };
}

/** The arguments that ldirectord hands to ipvsadm for the service. */
function serviceArguments(virtual: VirtualServiceConfig): string {
  const { key } = virtual;
  const words =
    key.kind === 'fwmark'
      ? ['-f', `${key.mark}`, ...(key.family === 6 ? ['-6'] : [])]
      : [key.protocol === 'udp' ? '-u' : '-t', `${bracketed(key.address)}:${key.port}`];
  if (virtual.isOnePacket) words.push('-o');
  words.push('-s', virtual.scheduler);
  if (virtual.persistentSeconds !== undefined) words.push('-p', `${virtual.persistentSeconds}`);
  return words.join(' ');
}

function virtualMeaning(virtual: VirtualServiceConfig): Recorded {
  const { checkType, fallback } = virtual;
  return {
    ...keyMeaning(virtual),
    checktype: checkType.kind,
    connects_per_negotiate: checkType.kind === 'combined' ? checkType.connects : undefined,
    checkcommand: virtual.checkCommand,
    checkport: virtual.checkPort,
    service: virtual.service,
    scheduler: virtual.scheduler,
    persistent: virtual.persistentSeconds,
    request: virtual.request,
    receive: virtual.receive,
    httpmethod: virtual.httpMethod,
    virtualhost: virtual.virtualHost,
    login: virtual.login,
    passwd: virtual.password,
    database: virtual.database,
    secret: virtual.secret,
    effective_checkcount: virtual.checkCount,
    effective_checktimeout: virtual.checkTimeoutSeconds,
    effective_failurecount: virtual.failureCount,
    effective_negotiatetimeout: virtual.negotiateTimeoutSeconds,
    fallback: fallback && {
      server: bracketed(fallback.address),
      port: fallback.port,
      forward: fallback.forwarding,
    },
    real: virtual.reals.map((real) => ({
      server: bracketed(real.address),
      port: real.port,
      forward: real.forwarding,
      weight: real.weight,
      request: real.request ?? virtual.request,
      receive: real.receive ?? virtual.receive,
      upper_threshold: real.upperThreshold || undefined,
      lower_threshold: real.lowerThreshold || undefined,
    })),
  };
}

/** The recorded values of the fields that we model; null was recorded for what is not set. */
function pick(recorded: Recorded, modelled: Recorded): Recorded {
  const picked: Record<string, unknown> = {};
  for (const name of Object.keys(modelled)) {
    const value = recorded[name] ?? undefined;
    picked[name] =
      Array.isArray(value) && Array.isArray(modelled[name])
        ? value.map((each, at) => pick(each, (modelled[name] as Recorded[])[at] ?? {}))
        : typeof value === 'object' && value !== null && modelled[name] !== undefined
          ? pick(value as Recorded, modelled[name] as Recorded)
          : value;
  }
  return picked;
}

/** A virtual service without a fallback of its own has the global one of its family. */
function withGlobalFallback(recorded: Recorded, global: Recorded): Recorded {
  if (recorded.fallback != null) return recorded;
  const both = global[recorded.family === 'ipv6' ? 'fallback6' : 'fallback'] as
    | { readonly tcp: Recorded }
    | null
    | undefined; // as the recordings have it
  if (both == null) return recorded;
  return { ...recorded, fallback: { ...both.tcp, port: both.tcp.port ?? recorded.port } };
}

/** Values that ldirectord gets wrong by a recorded fault: what we have instead, and why. */
function corrected(recorded: Recorded, config: string, reals: Recorded[]): Recorded {
  const isServiceWritten = config.includes('service=');
  const own = 'ldirectord@HOSTNAME';
  // Login defaults belong to the service, also when it follows from the port.
  const isGuessed = !isServiceWritten && recorded.login === '';
  const logins =
    isGuessed && recorded.service === 'ftp'
      ? { login: 'anonymous', passwd: own }
      : isGuessed && recorded.service === 'sip'
        ? { login: own }
        : {};
  // A request on the real line that begins with a slash must not void the pair.
  const real = reals.map((each) => (each.request === '/b.html' ? { ...each, receive: 'B' } : each));
  return { ...recorded, ...logins, real };
}

/** Where we read a file otherwise than ldirectord, and why. */
const differing: Readonly<Record<string, string>> = {
  'numbers-with-junk': 'signs, units and words around a number are refused',
  'checktype-with-digit': 'connect2 and "connect now" are refused',
  'missing-port-is-fwmark': 'an address without a port is refused',
  'double-colon-real': 'a second colon is refused',
};

describe('configurations as ldirectord understands them', () => {
  for (const each of cases) {
    const reason = differing[each.name];
    const parsed = parseDirectorConfig(each.config, '@CONF@', recordedNames(each.hosts));
    if (reason !== undefined) {
      it(`${each.name}: differs, ${reason}`, () => {
        assert.equal(each.peer_bug, true);
        assert.equal(parsed.config, undefined);
      });
      continue;
    }
    it(`${each.name}: has the recorded meaning`, () => {
      const { config, diagnostics } = parsed;
      assert.ok(config, diagnostics.map((one) => ldirectordForm(one, 1)).join('\n'));
      const global = globalMeaning(config);
      assert.deepEqual(global, pick(each.parsed.global, global));
      assert.equal(config.virtuals.length, each.parsed.virtual.length);
      for (const [at, virtual] of config.virtuals.entries()) {
        const bare = each.parsed.virtual[at] ?? {};
        const reals = bare.real as Recorded[]; // as the recordings have it
        const recorded = corrected(
          withGlobalFallback(bare, each.parsed.global),
          each.config,
          reals,
        );
        const meaning = virtualMeaning(virtual);
        if (each.peer_bug !== true) assert.deepEqual(meaning, pick(recorded, meaning));
        const flags = String(recorded.ipvsadm_flags).replace(/ -[Mb] \S+/g, '');
        assert.equal(serviceArguments(virtual), flags);
      }
    });

    it(`${each.name}: brings the recorded warnings`, () => {
      const printed = parsed.diagnostics.map((one) => ldirectordForm(one, 1));
      for (const warning of each.warnings ?? []) {
        // Those without a place in ldirectord have one here.
        const text = warning.replace('[@PID@]', '[1]');
        const message = text.replace(/^Warning \[1\]: /, '');
        assert.ok(
          printed.some((one) => (text === message ? one === text : one.endsWith(message))),
          `${text}\n${printed.join('\n')}`,
        );
      }
    });
  }
});
