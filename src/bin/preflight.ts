// Whether a director could take over now: judges facts that were gathered, one line each, with what
// to type. It looks at nothing itself.

import type { DirectorConfig } from '../config/director-config.js';
import type { JsonObject, JsonValue } from '../runtime/control-socket.js';

export type Level = 'ok' | 'warn' | 'bad';

export interface Finding {
  readonly level: Level;
  readonly subject: string;
  readonly text: string;
  /** What to type; empty when nothing is to be done. */
  readonly type: string;
}

/** `loaded`, `loadable` when it is asked for, or not there at all; undefined: cannot be told. */
export type ModuleState = 'loaded' | 'loadable' | 'absent' | undefined;

export interface VipPlace {
  readonly address: string;
  /** Where it would go; undefined: no interface has its network. */
  readonly interfaceName: string | undefined;
  readonly isUp: boolean;
  /** It is on an interface of this machine already, such as lo. */
  readonly presentOn: string | undefined;
}

export interface PreflightFacts {
  readonly config: DirectorConfig;
  readonly configPath: string;
  /** By name, `ip_vs` and `ip_vs_wlc`. */
  readonly modules: ReadonlyMap<string, ModuleState>;
  /** By name, `net.ipv4.ip_forward`; undefined: the machine has none of that name. */
  readonly sysctl: (name: string) => number | undefined;
  readonly vips: readonly VipPlace[];
  /** The director's own report; undefined: it does not run. */
  readonly director: JsonObject | undefined;
  readonly isHeartbeatRunning: boolean;
}

const ok = (subject: string, text: string): Finding => ({ level: 'ok', subject, text, type: '' });
const warn = (subject: string, text: string, type: string): Finding => ({
  level: 'warn',
  subject,
  text,
  type,
});
const bad = (subject: string, text: string, type: string): Finding => ({
  level: 'bad',
  subject,
  text,
  type,
});

export const judgePreflight = (facts: PreflightFacts): readonly Finding[] => [
  ...judgeModules(facts),
  ...judgeForwarding(facts),
  ...facts.vips.flatMap((vip) => judgeVip(vip, facts)),
  ...judgeDirector(facts),
  ...judgePeer(facts),
  ...judgeServices(facts),
];

function judgeModules({ modules }: PreflightFacts): readonly Finding[] {
  return [...modules].map(([name, state]) => {
    const subject = `module ${name}`;
    if (state === 'loaded') return ok(subject, 'loaded');
    if (state === 'loadable') return ok(subject, 'is loaded when it is first needed');
    if (state === undefined) {
      return warn(subject, 'cannot be told: no list of modules here', `modprobe ${name}`);
    }
    const what = name === 'ip_vs' ? 'no table can be loaded' : 'its services would be refused';
    return bad(subject, `this kernel has none: ${what}`, `modprobe ${name}`);
  });
}

function judgeForwarding({ config, sysctl }: PreflightFacts): readonly Finding[] {
  const families = new Set(
    config.virtuals.flatMap(({ reals }) =>
      reals.filter(({ forwarding }) => forwarding === 'masq').map(({ family }) => family),
    ),
  );
  return [...families].map((family) => {
    const name = family === 6 ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward';
    if ((sysctl(name) ?? 0) > 0) return ok(name, 'on, as masq needs it');
    return bad(name, 'off: answers of masq real servers stay here', `sysctl -w ${name}=1`);
  });
}

function judgeVip(vip: VipPlace, { sysctl }: PreflightFacts): readonly Finding[] {
  const { address, interfaceName, isUp, presentOn } = vip;
  const subject = `VIP ${address}`;
  if (interfaceName === undefined) {
    return [bad(subject, 'no interface has its network', 'ip -br address; ip route')];
  }
  const findings: Finding[] = [];
  if (isUp) findings.push(ok(subject, `goes to ${interfaceName}`));
  else {
    const text = `${interfaceName} is down or has no carrier`;
    findings.push(bad(subject, text, `ip link set ${interfaceName} up`));
  }
  if (address.includes(':')) return findings;
  const most = (kind: string): number => {
    const all = sysctl(`net.ipv4.conf.all.${kind}`) ?? 0;
    return Math.max(all, sysctl(`net.ipv4.conf.${interfaceName}.${kind}`) ?? 0);
  };
  if (presentOn === 'lo' && most('arp_ignore') === 0) {
    const text = 'is on lo here, and this machine answers ARP for it: clients may come here';
    findings.push(bad(subject, text, 'sysctl -w net.ipv4.conf.all.arp_ignore=1'));
  }
  // 1 is strict (ip-sysctl): what comes in where the way back does not lead is dropped.
  if (most('rp_filter') === 1) {
    const name = `net.ipv4.conf.${interfaceName}.rp_filter`;
    const text = 'strict: packets whose way back leads elsewhere are dropped';
    findings.push(warn(name, text, `sysctl -w ${name}=2`));
  }
  return findings;
}

function judgeDirector(facts: PreflightFacts): readonly Finding[] {
  const { director, configPath, isHeartbeatRunning } = facts;
  const findings: Finding[] = [];
  if (isHeartbeatRunning) findings.push(ok('heartbeat', 'runs here'));
  else findings.push(warn('heartbeat', 'nobody here would order a takeover', 'lubdub heartbeat'));
  if (director === undefined) {
    const type = `lubdub ldirectord --warm ${configPath} start`;
    return [...findings, bad('ldirectord', 'does not run: nothing is checked', type)];
  }
  const mode = director.mode === 'active' ? 'is active already' : 'stands by';
  findings.push(ok('ldirectord', mode));
  const { configError } = director;
  if (typeof configError === 'string') {
    const type = `lubdub check ${configPath}`;
    findings.push(bad('configuration', `the file is not in force: ${configError}`, type));
  }
  return findings;
}

const recordOf = (value: JsonValue | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;

const recordsOf = (value: JsonValue | undefined): readonly JsonObject[] => {
  const given: readonly JsonValue[] = Array.isArray(value) ? value : [];
  const records: JsonObject[] = [];
  for (const each of given) {
    const record = recordOf(each);
    if (record !== undefined) records.push(record);
  }
  return records;
};

function judgePeer({ director, configPath }: PreflightFacts): readonly Finding[] {
  if (director === undefined) return [];
  const peer = recordOf(director.peer);
  const subject = 'same configuration';
  if (peer === undefined) {
    const text = 'cannot be told: no other Lubdub director was heard';
    return [warn(subject, text, 'lubdub status')];
  }
  const name = String(peer.node);
  if (peer.isConfigSame === true) return [ok(subject, `as on node ${name}`)];
  const text = `node ${name} has another one (${String(peer.configHash)})`;
  return [bad(subject, text, `diff ${configPath} <(ssh ${name} cat ${configPath})`)];
}

function judgeServices({ director }: PreflightFacts): readonly Finding[] {
  return recordsOf(director?.services).flatMap((service) => {
    const reals = recordsOf(service.reals);
    const subject = `service ${String(service.name)}`;
    const of = (verdict: string): number => reals.filter((one) => one.verdict === verdict).length;
    const text = `${of('up')} of ${reals.length} real servers answer`;
    const type = 'lubdub status';
    if (of('undecided') > 0) return [warn(subject, `${text}, first checks are under way`, type)];
    if (of('up') === 0 && of('off') < reals.length) return [bad(subject, text, type)];
    return [of('down') > 0 ? warn(subject, text, type) : ok(subject, text)];
  });
}
