// What `getparm` answers: each single-valued directive as the file has it, and the defaults of
// heartbeat 3.0.6 for those that it always has (recorded). Times that follow from others are given
// in milliseconds, as there.

export interface ParameterTimes {
  readonly keepalive: number;
  readonly deadtime: number;
  readonly warntime: number;
  readonly initdead: number;
  readonly deadping: number;
}

const defaults: Readonly<Record<string, string>> = {
  cluster: 'linux-ha',
  hopfudge: '1',
  baud: '19200',
  udpport: '694',
  hbgenmethod: 'file',
  realtime: 'true',
  debug: '0',
  msgfmt: 'classic',
  use_logd: 'off',
  conn_logd_time: '60',
  log_badpack: 'true',
  syslogmsgfmt: 'true',
  coredumps: 'true',
  pacemaker: 'off',
  autojoin: 'none',
  uuidfrom: 'file',
  compression: 'zlib',
  compression_threshold: '2',
  traditional_compression: 'no',
  max_rexmit_delay: '250',
  record_config_changes: 'on',
  record_pengine_inputs: 'on',
  enable_config_writes: 'on',
  memreserve: '6500',
};

/** Directives that may hold a password or that 3.0.6 does not answer. */
const unspoken: ReadonlySet<string> = new Set([
  ...['stonith', 'stonith_host', 'env', 'respawn', 'failfast', 'apiauth', 'nice_failback', 'crm'],
]);

export function clientParameters(
  written: Readonly<Record<string, string>>,
  times: ParameterTimes,
  autoFailback: string,
  version: string,
): Readonly<Record<string, string>> {
  const shown = Object.entries(written).filter(([name]) => !unspoken.has(name));
  return {
    ...defaults,
    keepalive: `${times.keepalive}ms`,
    deadtime: `${times.deadtime}ms`,
    warntime: `${times.warntime}ms`,
    initdead: `${times.initdead}ms`,
    deadping: `${times.deadping}ms`,
    auto_failback: autoFailback,
    ...Object.fromEntries(shown),
    hbversion: version,
  };
}
