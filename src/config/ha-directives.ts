// The directives of ha.cf, one entry each. The parser, its hints and the reference page are all
// driven by this table; what directives mean together is in ha-config.ts.

/** What stands behind a directive's name. */
export type HaArgument =
  | { readonly kind: 'time' }
  | { readonly kind: 'number'; readonly low: number; readonly high: number }
  | { readonly kind: 'choice'; readonly words: readonly string[] }
  | { readonly kind: 'boolean' }
  /** `words` is the form shown in hints, such as `INTERFACE HOST`. */
  | { readonly kind: 'words'; readonly form: string; readonly low: number; readonly high: number };

export interface HaDirective {
  readonly name: string;
  readonly alias?: string;
  readonly argument: HaArgument;
  /** Empty when the value has none. */
  readonly unit: string;
  /** As written in the file; `none` when there is none. */
  readonly default: string;
  readonly purpose: string;
  /** `accepted`: understood, but nothing needs to be done about it here. */
  readonly status: 'supported' | 'accepted';
}

/** heartbeat 3.0.6 knows no larger cluster and no more heartbeat paths. */
export const nodesMax = 100;
export const mediaMax = 64;
/** Hosts of one ping group: each is asked with every heartbeat. */
export const pingHostsMax = 32;

export const baudRates: readonly number[] = [9600, 19200, 38400, 57600, 115200, 230400, 460800];

export const logFacilities: readonly string[] = [
  'none',
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];

const time: HaArgument = { kind: 'time' };
const bool: HaArgument = { kind: 'boolean' };
const number = (low: number, high: number): HaArgument => ({ kind: 'number', low, high });
const choice = (...words: readonly string[]): HaArgument => ({ kind: 'choice', words });
const words = (form: string, low: number, high: number = low): HaArgument => ({
  kind: 'words',
  form,
  low,
  high,
});
const anyWords: HaArgument = words('…', 0, 1000);

type Row = readonly [
  name: string,
  argument: HaArgument,
  unit: string,
  defaultText: string,
  purpose: string,
];

const supported: readonly Row[] = [
  ['node', words('NAME…', 1, nodesMax), '', 'none', 'Names the members, as uname -n prints them.'],
  ['keepalive', time, 's', '1', 'Time between two heartbeats of this node.'],
  [
    'deadtime',
    time,
    's',
    '30',
    'Silence after which peers take this node for dead; more than twice keepalive.',
  ],
  [
    'warntime',
    time,
    's',
    'half of deadtime',
    'Gap between two heartbeats of a peer that is logged as late.',
  ],
  [
    'initdead',
    time,
    's',
    '12, deadtime or twice deadtime',
    'Silence after the start before a node never heard is taken for dead; not below deadtime.',
  ],
  ['deadping', time, 's', 'deadtime', 'Silence after which a ping node is taken for dead.'],
  [
    'auto_failback',
    choice('on', 'off', 'legacy'),
    '',
    'legacy',
    'Whether resources return to their preferred node when it is back.',
  ],
  [
    'nice_failback',
    bool,
    '',
    'none',
    'Of heartbeat 1: on means auto_failback off, off means auto_failback on.',
  ],
  ['udpport', number(1, 65535), '', '694', 'UDP port of the bcast and ucast lines below it.'],
  [
    'baud',
    choice(...baudRates.map(String)),
    'bit/s',
    '19200',
    'Speed of the serial lines below it.',
  ],
  ['serial', words('DEVICE…', 1, mediaMax), '', 'none', 'Heartbeats over a null-modem cable.'],
  ['bcast', words('INTERFACE…', 1, mediaMax), '', 'none', 'Heartbeats as UDP broadcasts.'],
  [
    'mcast',
    words('INTERFACE GROUP PORT TTL LOOP', 5),
    '',
    'none',
    'Heartbeats as UDP multicasts; TTL 0 to 4, LOOP 0 or 1.',
  ],
  [
    'ucast',
    words('INTERFACE HOST', 2),
    '',
    'none',
    'Heartbeats to one host; a line for oneself is harmless.',
  ],
  [
    'mcast6',
    words('INTERFACE GROUP PORT HOPS LOOP', 5),
    '',
    'none',
    'Heartbeats as IPv6 multicasts; HOPS 0 to 4, LOOP 0 or 1.',
  ],
  ['ucast6', words('INTERFACE HOST', 2), '', 'none', 'Heartbeats to one host by IPv6.'],
  [
    'ping',
    words('HOST…', 1, mediaMax),
    '',
    'none',
    'Pseudo nodes that show by ICMP echo whether the network works.',
  ],
  ['ping6', words('HOST…', 1, mediaMax), '', 'none', 'Pseudo nodes by ICMPv6 echo.'],
  [
    'ping_group',
    words('NAME HOST…', 2, 1 + pingHostsMax),
    '',
    'none',
    'One pseudo node for several hosts, alive while one of them answers.',
  ],
  ['logfile', words('FILE', 1), '', 'none', 'File for log lines.'],
  ['debugfile', words('FILE', 1), '', 'none', 'File for log lines and debug lines.'],
  ['logfacility', choice(...logFacilities), '', 'none', 'Syslog facility for log lines.'],
  ['debug', number(0, 255), '', '0', 'Level of debug lines.'],
  [
    'msgfmt',
    choice('classic', 'netstring'),
    '',
    'classic',
    'classic adds a signature inside each message.',
  ],
  ['hopfudge', number(0, 255), '', '1', 'Added to the number of nodes to give the ttl field.'],
  [
    'max_rexmit_delay',
    number(1, 60_000),
    'ms',
    '250',
    'Longest wait before a retransmission is asked for.',
  ],
  ['log_badpack', bool, '', 'true', 'Whether refused messages are logged.'],
  [
    'hbgenmethod',
    choice('file', 'time'),
    '',
    'file',
    'Where the generation of a start comes from.',
  ],
  [
    'realtime',
    bool,
    '',
    'true',
    'Real-time scheduling of the heartbeat thread; nice -10 for the main one, 0 for its children.',
  ],
  ['rtprio', number(1, 99), '', '1', 'Real-time priority of the heartbeat thread (SCHED_RR).'],
  [
    'use_logd',
    bool,
    '',
    'off',
    'Lines go to syslog too, under logfacility or daemon; no logd is needed.',
  ],
  ['syslogmsgfmt', bool, '', 'true', 'Whether lines in files begin as those of syslog do.'],
  [
    'compression',
    choice('zlib', 'bz2'),
    '',
    'zlib',
    'Method that compresses large messages; both are read whatever it says.',
  ],
  [
    'compression_threshold',
    number(1, 2048),
    'KB',
    '2',
    'Size above which a message is compressed.',
  ],
  [
    'traditional_compression',
    bool,
    '',
    'off',
    'Whether whole messages are compressed, or marked fields alone.',
  ],
  [
    'uuidfrom',
    choice('file', 'nodename'),
    '',
    'file',
    'Whether the uuid of this node is kept in a file or made from its name.',
  ],
  [
    'stonith',
    words('TYPE CONFIGFILE', 2),
    '',
    'none',
    'Device that resets a dead node before its resources are taken.',
  ],
  [
    'stonith_host',
    words('HOST|* TYPE PARAMETER…', 2, 1000),
    '',
    'none',
    'The same, with the device described in the line; for HOST alone, or for all.',
  ],
  ['watchdog', words('DEVICE', 1), '', 'none', 'Watchdog device that resets a hung node.'],
  ['env', words('NAME=VALUE', 1, 1000), '', 'none', 'Variable HA_NAME for resource scripts.'],
  [
    'stop_failure',
    choice('hold', 'reboot'),
    '',
    'hold',
    'What follows a resource that does not stop: keep it and alarm, or reset this machine.',
  ],
  [
    'vip_conflict',
    choice('warn', 'wait', 'refuse'),
    '',
    'warn',
    'What to do when another machine answers for an address to be taken (extension).',
  ],
  [
    'vip_lease',
    words('on|off|SECONDS', 1),
    's',
    'on from a deadtime of 5 on, else off',
    'How long the kernel keeps an address that no daemon renews (extension).',
  ],
  [
    'vip_probe',
    words('COUNT SPACING', 2),
    '',
    '2 100ms, less with a short deadtime',
    'Questions whether another machine has an address that is taken (extension).',
  ],
  [
    'vip_refresh',
    time,
    's',
    '60',
    'Time between two announcements of the addresses that are held; 0 is never (extension).',
  ],
  [
    'respawn',
    words('USER PROGRAM ARGUMENT…', 2, 1000),
    '',
    'none',
    'Program that is kept running beside the daemon.',
  ],
  [
    'failfast',
    words('USER PROGRAM ARGUMENT…', 2, 1000),
    '',
    'none',
    'The same; a node on which it ends hands over and stops.',
  ],
  [
    'apiauth',
    words('CLIENT uid=USER,… gid=GROUP,…', 2, 1000),
    '',
    'as heartbeat',
    'Who may use the client interface under this name.',
  ],
];

/** Understood, and nothing is to be done: why, for the warning that says so. */
export const inertReasons: ReadonlyMap<string, string> = new Map([
  ['conn_logd_time', 'lines go to syslog without a logging daemon'],
  ['memreserve', 'the beat thread needs no memory held in advance'],
  ['coredumps', 'Node.js tells a crash in the log instead'],
  ['coreroot', 'Node.js tells a crash in the log instead'],
  ['use_apphbd', 'the keeper and the service manager watch the daemon'],
  ['cluster', 'there is no quorum server to name the cluster to'],
  ['quorum_server', 'two nodes share the groups, and nobody decides between halves'],
  ['normalpoll', 'nothing is polled'],
  ['crm_daemon_dir', 'Pacemaker is not supported'],
  ['crmd_spawns_pengine', 'Pacemaker is not supported'],
  ['record_config_changes', 'Pacemaker is not supported'],
  ['record_pengine_inputs', 'Pacemaker is not supported'],
  ['enable_config_writes', 'Pacemaker is not supported'],
]);

const accepted: readonly Row[] = [
  [
    'autojoin',
    choice('none', 'any', 'other'),
    '',
    'none',
    'Whether unknown nodes may join; only none is possible with haresources.',
  ],
  [
    'crm',
    words('off', 1),
    '',
    'off',
    'Whether Pacemaker manages the resources; only off is possible.',
  ],
  ['conn_logd_time', time, 's', '60', 'Interval of attempts to reach the logging daemon.'],
  ['memreserve', number(0, 2_000_000), 'KB', '6500', 'Memory that is held in advance.'],
  ['coredumps', bool, '', 'true', 'Whether a crash writes a core file.'],
  ['coreroot', words('FOLDER', 1), '', 'none', 'Folder of core files.'],
  ['use_apphbd', bool, '', 'off', 'Whether the application heartbeat daemon watches this one.'],
  ['cluster', words('NAME', 1), '', 'linux-ha', 'Name of the cluster, for the quorum server.'],
  ['quorum_server', words('HOST', 1), '', 'none', 'Host that decides between halves.'],
  ['normalpoll', anyWords, '', 'none', 'Of old versions.'],
  ['crm_daemon_dir', anyWords, '', 'none', 'Of Pacemaker.'],
  ['crmd_spawns_pengine', anyWords, '', 'none', 'Of Pacemaker.'],
  ['record_config_changes', anyWords, '', 'none', 'Of Pacemaker.'],
  ['record_pengine_inputs', anyWords, '', 'none', 'Of Pacemaker.'],
  ['enable_config_writes', anyWords, '', 'none', 'Of Pacemaker.'],
];

/** Second names that heartbeat 3.0.6 takes for the same. */
const aliases: Readonly<Record<string, string>> = { bcast: 'udp', crm: 'pacemaker' };

const toDirectives = (rows: readonly Row[], status: HaDirective['status']): HaDirective[] =>
  rows.map(([name, argument, unit, defaultText, purpose]) => {
    const alias = aliases[name];
    return {
      name,
      argument,
      unit,
      default: defaultText,
      purpose,
      status,
      ...(alias === undefined ? {} : { alias }),
    };
  });

export const haDirectives: readonly HaDirective[] = [
  ...toDirectives(supported, 'supported'),
  ...toDirectives(accepted, 'accepted'),
];

/** By name and alias. */
export const haDirectiveByName: ReadonlyMap<string, HaDirective> = new Map(
  haDirectives.flatMap((each): [string, HaDirective][] =>
    each.alias === undefined
      ? [[each.name, each]]
      : [
          [each.name, each],
          [each.alias, each],
        ],
  ),
);
