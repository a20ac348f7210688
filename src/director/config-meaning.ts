// What a configuration means, as one JSON value in the form in which ldirectord 4.12's own parser
// was recorded: settings as read, and what follows from them (ports, addresses of checks,
// arguments of the service). What was not written and has no default is left out or null.

import { bracketed } from '../checks/check-spec.js';
import { agentSourceText } from '../config/director-agent.js';
import type {
  AlertConfig,
  AlertState,
  DirectorConfig,
  FallbackConfig,
  GlobalFallback,
  RealServerConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import type { HealthRules } from '../config/director-health.js';
import { checkPort, pairOf, requestUrl } from './check-target.js';

export type Meaning = string | number | null | readonly Meaning[] | MeaningObject;
export interface MeaningObject {
  readonly [name: string]: Meaning;
}

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

const server = (address: string): string => bracketed(address.includes(':') ? 6 : 4, address);

/** ldirectord keeps the states in one number. */
const stateBits: Readonly<Record<AlertState, number>> = {
  starting: 1,
  running: 2,
  stopping: 4,
  reloading: 8,
};

const bitsOf = (states: readonly AlertState[]): number =>
  states.reduce((sum, state) => sum + stateBits[state], 0);

export const configMeaning = (config: DirectorConfig): MeaningObject => ({
  global: globalMeaning(config),
  virtual: config.virtuals.map(virtualMeaning),
});

function globalMeaning(config: DirectorConfig): MeaningObject {
  const { written } = config;
  return {
    autoreload: yesNo(config.isAutoReload),
    callback: config.callback ?? null,
    checkcount: written.checkCount,
    checkinterval: config.checkIntervalSeconds,
    checktimeout: written.checkTimeoutSeconds ?? null,
    cleanstop: yesNo(written.isCleanStop),
    emailalert: written.alert.to,
    emailalertfreq: written.alert.repeatSeconds,
    emailalertfrom: config.alertFrom ?? null,
    emailalertstatus: bitsOf(written.alert.states),
    execute: config.executes,
    failurecount: written.failureCount,
    fallback: globalFallback(written.fallback),
    fallback6: globalFallback(written.fallback6),
    fallbackcommand: written.fallbackCommand ?? null,
    fork: yesNo(written.isFork),
    logfile: config.logfile,
    maintenancedir: config.maintenanceDir ?? null,
    negotiatetimeout: written.negotiateTimeoutSeconds ?? null,
    quiescent: yesNo(written.isQuiescent),
    readdquiescent: yesNo(config.isReaddQuiescent),
    smtp: written.alert.smtp ?? null,
    supervised: yesNo(config.isSupervised),
    ...compact(healthMeaning(written.health)),
  };
}

function globalFallback(fallback: GlobalFallback | undefined): Meaning {
  if (fallback === undefined) return null;
  const { address, forwarding } = fallback;
  const one = (port: number | undefined): MeaningObject => ({
    server: server(address),
    port: port ?? null,
    forward: forwarding,
  });
  return { tcp: one(fallback.tcpPort), udp: one(fallback.udpPort) };
}

function virtualMeaning(virtual: VirtualServiceConfig): MeaningObject {
  const { key, checkType } = virtual;
  const isMark = key.kind === 'fwmark';
  return {
    family: key.family === 6 ? 'ipv6' : 'ipv4',
    protocol: isMark ? 'fwm' : key.protocol,
    address: isMark ? null : server(key.address),
    port: isMark ? 0 : key.port,
    fwmark: isMark ? key.mark : null,
    checktype: checkType.kind,
    ...(checkType.kind === 'combined' ? { connects_per_negotiate: checkType.connects } : {}),
    checkcommand: virtual.checkCommand,
    service: virtual.service,
    scheduler: virtual.scheduler,
    request: virtual.request,
    receive: virtual.receive,
    httpmethod: virtual.httpMethod,
    login: virtual.login,
    passwd: virtual.password,
    database: virtual.database,
    secret: virtual.secret,
    ops: yesNo(virtual.written.isOnePacket),
    effective_checkcount: virtual.checkCount,
    effective_checktimeout: virtual.checkTimeoutSeconds,
    effective_failurecount: virtual.failureCount,
    effective_negotiatetimeout: virtual.negotiateTimeoutSeconds,
    ipvsadm_flags: serviceArguments(virtual).join(' '),
    ...writtenMeaning(virtual),
    real: virtual.reals.map((real) => realMeaning(virtual, real)),
  };
}

/** Settings that stand here only when the virtual service has them itself. */
function writtenMeaning(virtual: VirtualServiceConfig): MeaningObject {
  const { written } = virtual;
  const flag = (is: boolean | undefined): string | undefined =>
    is === undefined ? undefined : yesNo(is);
  const isIpv6 = virtual.key.family === 6;
  const { netmask } = written;
  return compact({
    checkport: virtual.checkPort,
    checkinterval: written.checkIntervalSeconds,
    virtualhost: virtual.virtualHost,
    persistent: written.persistentSeconds,
    netmask: isIpv6 && netmask !== undefined ? Number(netmask) : netmask,
    schedflags: written.schedulerFlags,
    load: written.load,
    quiescent: flag(written.isQuiescent),
    cleanstop: flag(written.isCleanStop),
    fallback: written.fallback && fallbackMeaning(written.fallback),
    fallbackcommand: written.fallbackCommand,
    servicename: virtual.serviceName,
    comment: virtual.comment,
    monitorfile: virtual.monitorFile,
    ...alertMeaning(written.alert),
    ...healthMeaning(written.health),
  });
}

const alertMeaning = (alert: Partial<AlertConfig>): Record<string, Meaning | undefined> => ({
  emailalert: alert.to,
  emailalertfreq: alert.repeatSeconds,
  emailalertstatus: alert.states && bitsOf(alert.states),
  smtp: alert.smtp,
});

/** Only what is written: the original has no words for it. */
const healthMeaning = (health: HealthRules): Record<string, Meaning | undefined> => ({
  refusedcount: health.refusedCount,
  timeoutcount: health.timeoutCount,
  wrongcount: health.wrongCount,
  risecount: health.riseCount,
  fastinterval: health.fastIntervalSeconds,
  jitter: health.jitterPercent,
  minpool: health.minPool && `${health.minPool.amount}${health.minPool.isPercent ? '%' : ''}`,
  slowstart: health.slowStartSeconds,
  deadaction: health.deadAction,
  watchconn: health.isWatchConn === undefined ? undefined : yesNo(health.isWatchConn),
  agentcheck: health.agentCheck && agentSourceText(health.agentCheck),
  agentinterval: health.agentIntervalSeconds,
});

const fallbackMeaning = (fallback: FallbackConfig): MeaningObject => ({
  server: server(fallback.address),
  port: fallback.port,
  forward: fallback.forwarding,
});

function realMeaning(virtual: VirtualServiceConfig, real: RealServerConfig): MeaningObject {
  const { request, receive } = pairOf(virtual, real);
  const port = checkPort(virtual, real);
  return compact({
    server: server(real.address),
    port: real.port,
    check_port: port === 0 ? null : port,
    forward: real.forwarding,
    weight: real.weight,
    request,
    receive,
    url: requestUrl(virtual, real, virtual.service),
    upper_threshold: real.upperThreshold || undefined,
    lower_threshold: real.lowerThreshold || undefined,
  });
}

function compact(fields: Readonly<Record<string, Meaning | undefined>>): MeaningObject {
  const kept: Record<string, Meaning> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** The service as ipvsadm is told of it, in ldirectord's order. */
export function serviceArguments(virtual: VirtualServiceConfig): readonly string[] {
  const { key, written } = virtual;
  const words =
    key.kind === 'fwmark'
      ? ['-f', `${key.mark}`, ...(key.family === 6 ? ['-6'] : [])]
      : [key.protocol === 'udp' ? '-u' : '-t', `${server(key.address)}:${key.port}`];
  if (virtual.isOnePacket) words.push('-o');
  words.push('-s', virtual.scheduler);
  if (virtual.persistentSeconds !== undefined) {
    words.push('-p', `${virtual.persistentSeconds}`);
    if (written.netmask !== undefined) words.push('-M', written.netmask);
  }
  if (written.schedulerFlags !== undefined) words.push('-b', written.schedulerFlags);
  return words;
}
