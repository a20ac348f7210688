// Rules of one virtual service across its lines: what contradicts itself, has no effect or is
// never checked. All are warnings: ldirectord takes these files without a word.

import { compileReceive } from '../checks/receive-pattern.js';
import type { ReadContext } from './director-address.js';
import type { VirtualServiceConfig } from './director-config.js';
import type { DirectorStatement, VirtualSection } from './director-lines.js';
import type { GlobalDefaults, VirtualDraft } from './director-virtual.js';

export function judgeVirtual(
  virtual: VirtualServiceConfig,
  draft: VirtualDraft,
  section: VirtualSection,
  globals: GlobalDefaults,
  context: ReadContext,
): void {
  const { sink } = context;
  const { head } = section;
  judgeReals(virtual, draft, section, context);
  judgeService(virtual, draft, section, context);
  judgePatterns(virtual, draft, section, context);
  const interval = draft.last.get('checkinterval');
  if (interval !== undefined && !globals.isFork) {
    const message = `checkinterval in virtual service ${virtual.id} ignored when fork=no`;
    sink.warning('value-ignored', interval.at, message, {
      hint: 'write "fork=yes" in the global part',
    });
  }
  const netmask = draft.last.get('netmask');
  if (netmask !== undefined && virtual.persistentSeconds === undefined) {
    sink.warning('value-ignored', netmask.at, 'netmask has no effect without persistent');
  }
  const persistent = draft.last.get('persistent');
  if (persistent !== undefined && draft.counts.get('persistent') === 0) {
    sink.warning('value-ignored', persistent.valueAt, 'persistent=0 means not persistent');
  }
  const ops = draft.last.get('ops');
  if (ops !== undefined && draft.flags.get('ops') === true && !virtual.isOnePacket) {
    sink.warning('value-ignored', ops.at, 'ops has an effect for udp only');
  }
  judgeHealth(virtual, draft, section, context);
  judgeAgent(virtual, draft, context);
  if (draft.realLines.length === 0) {
    const message = `virtual ${virtual.name} has no real server`;
    sink.warning('no-real-server', head.valueAt, message);
  }
}

/** A weight of 1 is the least that there is. */
function judgeHealth(
  virtual: VirtualServiceConfig,
  draft: VirtualDraft,
  section: VirtualSection,
  { sink }: ReadContext,
): void {
  const { reals, health, name, persistentSeconds } = virtual;
  const persistent = draft.last.get('persistent');
  const isSticky = persistentSeconds !== undefined && health.deadAction === undefined;
  if (isSticky && virtual.isQuiescent && persistent !== undefined) {
    const span = `for up to ${persistentSeconds} s`;
    const message = `clients of ${name} stay with a quiesced real server ${span}`;
    sink.warning('sticky-quiescent', persistent.at, message, {
      hint: 'deadaction=expire sends them elsewhere, deadaction=quiesce says that it is meant',
    });
  }
  const at = draft.last.get('slowstart')?.at ?? section.head.valueAt;
  const isSlow = (health.slowStartSeconds ?? 0) > 0 && reals.length > 0;
  if (isSlow && reals.every(({ weight }) => weight <= 1)) {
    const message = `slowstart has no effect: no real server of ${name} has a weight above 1`;
    sink.warning('value-ignored', at, message, { hint: 'write weights of 10 or 100' });
  }
}

/** Of the virtual service's own lines: global ones may be meant for others. */
function judgeAgent(
  { health, checkType, name }: VirtualServiceConfig,
  draft: VirtualDraft,
  { sink }: ReadContext,
): void {
  const interval = draft.last.get('agentinterval');
  if (interval !== undefined && (health.agentCheck ?? { kind: 'none' }).kind === 'none') {
    const message = `agentinterval has no effect: ${name} has no agentcheck`;
    sink.warning('value-ignored', interval.at, message);
  }
  const agent = draft.last.get('agentcheck');
  if (agent !== undefined && checkType.kind === 'off') {
    sink.warning('value-ignored', agent.at, 'agentcheck has no effect with checktype=off');
  }
}

function judgeReals(
  virtual: VirtualServiceConfig,
  draft: VirtualDraft,
  section: VirtualSection,
  { sink }: ReadContext,
): void {
  const seen = new Set<string>();
  const port = virtual.key.kind === 'address' ? virtual.key.port : 0;
  const line = draft.realLines[0] ?? section.head;
  const doubles = new Set<string>();
  for (const real of virtual.reals) {
    const place = `${real.address}:${real.port}`;
    if (seen.has(place)) doubles.add(place);
    seen.add(place);
  }
  for (const place of doubles) {
    const at = draft.realLines.findLast((each) => each.value.startsWith(place)) ?? line;
    const message = `real server ${place} stands twice in virtual ${virtual.name}`;
    sink.warning('duplicate-real-server', at.valueAt, message);
  }
  if (virtual.key.kind === 'fwmark') return;
  for (const statement of draft.realLines) {
    const match = /^(\S+):([0-9]+)\s+(gate|ipip)\b/.exec(statement.value.trim());
    if (match === null || Number(match[2]) === port) continue;
    const [, host, ownPort, method] = match;
    const place = `real ${host}:${ownPort} with "${method}"`;
    const message = `${place} keeps port ${port}; port mapping needs "masq"`;
    sink.warning('port-not-mapped', statement.valueAt, message);
  }
}

function judgeService(
  virtual: VirtualServiceConfig,
  draft: VirtualDraft,
  section: VirtualSection,
  context: ReadContext,
): void {
  const { kind } = virtual.checkType;
  if (kind !== 'negotiate' && kind !== 'combined') return;
  const written = draft.last.get('service');
  judgeOracle(virtual, written ?? section.head, context);
  judgeNeeds(virtual, written ?? section.head, context);
  if (virtual.service !== 'none' || written !== undefined) return;
  const why = 'its port has no usual service';
  const message = `the real servers of ${virtual.name} are never checked: ${why}`;
  context.sink.warning('unchecked-service', section.head.valueAt, message, {
    hint: 'write "service=http" or the like, or "checktype=connect"',
  });
}

/** What a check cannot do without: ldirectord takes such files, and the servers are down. */
function judgeNeeds(
  virtual: VirtualServiceConfig,
  { valueAt }: DirectorStatement,
  { sink }: ReadContext,
): void {
  const { service, login, receive, request, reals } = virtual;
  const isAsked = request !== '/' || reals.some((real) => (real.request ?? '/') !== '/');
  const lack =
    service === 'dns' && receive === '' && reals.every((real) => (real.receive ?? '') === '')
      ? 'receive="…"'
      : service === 'mysql' || service === 'pgsql'
        ? login === ''
          ? 'login="…"'
          : isAsked
            ? undefined
            : 'request="SELECT …"'
        : undefined;
  if (lack === undefined) return;
  const message = `the ${service} check of ${virtual.name} lacks what it needs: always down`;
  sink.warning('missing-value', valueAt, message, { hint: `write ${lack}` });
}

/** There is no client for it that could be shipped; the original dies for want of its driver. */
function judgeOracle(
  virtual: VirtualServiceConfig,
  { valueAt }: DirectorStatement,
  { sink, isShown }: ReadContext,
): void {
  if (virtual.service !== 'oracle') return;
  const message = `the real servers of ${virtual.name} cannot be asked: no check speaks oracle`;
  const hint = 'use external: "checktype=external" with a checkcommand that asks the server';
  if (isShown) sink.warning('bad-value', valueAt, message, { hint });
  else sink.error('bad-value', valueAt, message, { hint });
}

/** Services whose `receive` is a regular expression on what the server says. */
const patternServices: ReadonlySet<string> = new Set([
  'dns',
  'ftp',
  'http',
  'http_proxy',
  'https',
  'ldap',
  'ldaps',
  'simpletcp',
]);

/** A warning only: with ldirectord as well, a bad pattern makes the check fail, not the start. */
function judgePatterns(
  virtual: VirtualServiceConfig,
  draft: VirtualDraft,
  section: VirtualSection,
  { sink }: ReadContext,
): void {
  if (!patternServices.has(virtual.service)) return;
  const judge = (pattern: string, at: DirectorStatement): void => {
    const compiled = compileReceive(pattern);
    if (compiled.ok) return;
    const message = 'the receive pattern cannot be used: the check will always fail';
    sink.warning('bad-pattern', at.valueAt, message, { hint: compiled.detail });
  };
  judge(virtual.receive, draft.last.get('receive') ?? section.head);
  const own = new Set(virtual.reals.map((real) => real.receive ?? ''));
  for (const pattern of own) {
    const at = draft.realLines.find((line) => line.value.includes(`"${pattern}"`));
    judge(pattern, at ?? section.head);
  }
}
