// What ha.cf means: statements into one typed value, defaults filled in, rules across directives
// judged. It reads no file and knows no network; names of hosts stay names.

import { type Duration, millis } from '../base/time.js';
import {
  createSink,
  type Diagnostic,
  type DiagnosticSink,
  type Place,
  wholeFile,
} from './diagnostic.js';
import {
  type ChildProgram,
  type NamedApiRule,
  readApiRules,
  readChildPrograms,
} from './ha-clients.js';
import { readEnvironment, readStonith, readStopRetries, type StonithDevice } from './ha-fencing.js';
import { addMedia, type HaMedium, type HaPing } from './ha-media.js';
import { judgeCluster, judgeTimes } from './ha-rules.js';
import { type HaStatement, parseStatements } from './ha-statements.js';
import { readVipSettings, type VipSettings } from './ha-vip.js';
import { splitLines } from './lines.js';
import type { AutoFailback } from './resource-group.js';

export interface HaConfig {
  /** Lower-cased. */
  readonly localNode: string;
  /** Lower-cased, in the order of the file. */
  readonly nodes: readonly string[];
  readonly pings: readonly HaPing[];
  /** Their names, in the order of the file. */
  readonly pingNodes: readonly string[];
  /** Names of both kinds in the order of the file, which is that of lists for clients. */
  readonly nodeOrder: readonly string[];
  /** Default 1 s. */
  readonly keepalive: Duration;
  /** Default 30 s; more than twice keepalive. */
  readonly deadtime: Duration;
  /** Default half of deadtime. */
  readonly warntime: Duration;
  /** Not below deadtime. Default: deadtime above 10 s, 12 s below 6 s, else twice deadtime. */
  readonly initdead: Duration;
  /** Default deadtime. */
  readonly deadping: Duration;
  readonly autoFailback: AutoFailback;
  readonly media: readonly HaMedium[];
  /** `msgfmt`: classic sends an inner signature with datagrams as well. */
  readonly format: 'classic' | 'netstring';
  readonly maxRexmitDelay: Duration;
  readonly hopfudge: number;
  readonly isBadPackLogged: boolean;
  readonly generationMethod: 'file' | 'time';
  /** `uuidfrom`. */
  readonly uuidSource: 'file' | 'nodename';
  readonly compression: HaCompression;
  /** `use_logd`: lines go to syslog, whether a facility is written or not. */
  readonly isLogdWanted: boolean;
  /** `syslogmsgfmt`: lines in files begin as those of syslog do. */
  readonly isSyslogForm: boolean;
  readonly logfile: string | undefined;
  readonly debugfile: string | undefined;
  /** undefined when none is written, and for the word `none`. */
  readonly logfacility: string | undefined;
  /** Level of debug lines, 0 to 255. */
  readonly debug: number;
  /** SCHED_RR priority of the heartbeat worker, default 1; undefined with `realtime off`. */
  readonly realtimePriority: number | undefined;
  /** What resets a dead node before its groups are taken; undefined: nothing does. */
  readonly stonith: StonithDevice | undefined;
  /** Path of a watchdog device. */
  readonly watchdog: string | undefined;
  /** What follows a stop that never succeeds. */
  readonly stopFailure: 'hold' | 'reboot';
  readonly vips: VipSettings;
  /** `env STOPRETRYMAX=N`: retries of a stop; 0 means for ever. */
  readonly stopRetriesMax: number | undefined;
  /** Of `env` lines: variables of scripts, by name with the HA_ in front. */
  readonly environment: Readonly<Record<string, string>>;
  /** `respawn` and `failfast` lines. */
  readonly children: readonly ChildProgram[];
  /** `apiauth` lines. */
  readonly apiRules: readonly NamedApiRule[];
  /** Single-valued directives as written, for the HA_NAME variables of scripts. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface HaCompression {
  readonly method: 'zlib' | 'bz2';
  /** Messages, or marked fields, above this size are compressed. */
  readonly thresholdBytes: number;
  /** Whole messages are compressed rather than fields. */
  readonly isTraditional: boolean;
}

export interface HaConfigOptions {
  /** As `uname -n` prints it. */
  readonly localNode: string;
  /**
   * How bad it is when the file does not name the local node: an error at a start, a warning when
   * the file is checked on another machine.
   */
  readonly localNodeMissing?: 'error' | 'warning';
}

export interface ParsedHaConfig {
  /** undefined when there is any error. */
  readonly config: HaConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The first node line, for diagnostics of other files that name nodes. */
  readonly nodePlace: Place;
  /** Lower-cased; known in spite of errors elsewhere. */
  readonly nodes: readonly string[];
}

export function parseHaConfig(
  text: string,
  fileName: string,
  options: HaConfigOptions,
): ParsedHaConfig {
  const lines = splitLines(text);
  const sink = createSink(fileName, lines);
  const statements = parseStatements(lines, sink);
  const draft = readDraft(statements, options.localNode.toLowerCase(), sink);
  judgeTimes(draft, statements, sink);
  judgeCluster(draft, statements, options.localNodeMissing ?? 'error', sink);
  const node = statements.find((each) => each.directive.name === 'node');
  const at = node?.name ?? wholeFile;
  return {
    config: sink.hasErrors() ? undefined : draft,
    diagnostics: sink.all,
    nodePlace: { file: fileName, line: at.line, column: at.column },
    nodes: draft.nodes,
  };
}

function readDraft(
  statements: readonly HaStatement[],
  localNode: string,
  sink: DiagnosticSink,
): HaConfig {
  const single = lastOfEach(statements, sink);
  const { media, pings } = addMedia(statements, sink);
  const deadtime = timeOf(single, 'deadtime') ?? millis(30_000);
  const word = (name: string): string | undefined => wordOf(single, name);
  const environment = readEnvironment(statements, sink);
  const facility = word('logfacility');
  return {
    localNode,
    nodes: readNodes(statements, sink),
    pings,
    pingNodes: pings.map((each) => each.name),
    nodeOrder: readNodeOrder(statements),
    keepalive: timeOf(single, 'keepalive') ?? millis(1000),
    deadtime,
    warntime: timeOf(single, 'warntime') ?? millis(deadtime / 2),
    initdead: timeOf(single, 'initdead') ?? defaultInitdead(deadtime),
    deadping: timeOf(single, 'deadping') ?? deadtime,
    autoFailback: readAutoFailback(single, sink),
    media,
    format: word('msgfmt') === 'netstring' ? 'netstring' : 'classic',
    maxRexmitDelay: millis(numberOf(single, 'max_rexmit_delay') ?? 250),
    hopfudge: numberOf(single, 'hopfudge') ?? 1,
    isBadPackLogged: booleanOf(single, 'log_badpack') ?? true,
    generationMethod: word('hbgenmethod') === 'time' ? 'time' : 'file',
    uuidSource: word('uuidfrom') === 'nodename' ? 'nodename' : 'file',
    compression: {
      method: word('compression') === 'bz2' ? 'bz2' : 'zlib',
      thresholdBytes: (numberOf(single, 'compression_threshold') ?? 2) * 1024,
      isTraditional: booleanOf(single, 'traditional_compression') ?? false,
    },
    isLogdWanted: booleanOf(single, 'use_logd') ?? false,
    isSyslogForm: booleanOf(single, 'syslogmsgfmt') ?? true,
    logfile: word('logfile'),
    debugfile: word('debugfile'),
    logfacility: facility === 'none' ? undefined : facility,
    debug: numberOf(single, 'debug') ?? 0,
    realtimePriority:
      booleanOf(single, 'realtime') === false ? undefined : (numberOf(single, 'rtprio') ?? 1),
    stonith: readStonith(statements, localNode, sink),
    watchdog: word('watchdog'),
    stopFailure: word('stop_failure') === 'reboot' ? 'reboot' : 'hold',
    vips: readVipSettings(single, deadtime, sink),
    environment,
    stopRetriesMax: readStopRetries(environment.HA_STOPRETRYMAX),
    children: readChildPrograms(statements, sink),
    apiRules: readApiRules(statements, sink),
    parameters: Object.fromEntries([...single].map(([name, each]) => [name, each.text])),
  };
}

/** heartbeat 3.0.6: 12 s, because a booting network needs about 10 s before it carries anything. */
export function defaultInitdead(deadtime: Duration): Duration {
  if (deadtime > 10_000) return deadtime;
  return deadtime < 6000 ? millis(12_000) : millis(2 * deadtime);
}

/** Directives that add up instead of replacing what stood before. */
const repeatable: ReadonlySet<string> = new Set([
  'node',
  'bcast',
  'mcast',
  'mcast6',
  'ucast',
  'ucast6',
  'serial',
  'ping',
  'ping6',
  'ping_group',
  'udpport',
  'baud',
  'stonith',
  'stonith_host',
  'env',
  'respawn',
  'failfast',
  'apiauth',
]);

type SingleValues = ReadonlyMap<string, HaStatement>;

function lastOfEach(statements: readonly HaStatement[], sink: DiagnosticSink): SingleValues {
  const last = new Map<string, HaStatement>();
  for (const statement of statements) {
    const { name } = statement.directive;
    const before = last.get(name);
    if (before !== undefined && !repeatable.has(name)) {
      sink.warning('repeated-directive', statement.name, `${name} stands twice: this line wins`, {
        hint: `the first is at line ${before.name.line}`,
      });
    }
    if (!repeatable.has(name) || name === 'udpport' || name === 'baud') last.set(name, statement);
  }
  return last;
}

function timeOf(single: SingleValues, name: string): Duration | undefined {
  const value = single.get(name)?.value;
  return value?.kind === 'time' ? value.time : undefined;
}

function numberOf(single: SingleValues, name: string): number | undefined {
  const value = single.get(name)?.value;
  return value?.kind === 'number' ? value.number : undefined;
}

function booleanOf(single: SingleValues, name: string): boolean | undefined {
  const value = single.get(name)?.value;
  return value?.kind === 'boolean' ? value.isTrue : undefined;
}

function wordOf(single: SingleValues, name: string): string | undefined {
  const value = single.get(name)?.value;
  return value?.kind === 'words' ? value.words[0]?.text : undefined;
}

function readNodes(statements: readonly HaStatement[], sink: DiagnosticSink): readonly string[] {
  const nodes: string[] = [];
  for (const { directive, value } of statements) {
    if (directive.name !== 'node' || value.kind !== 'words') continue;
    for (const word of value.words) {
      const name = word.text.toLowerCase();
      if (nodes.includes(name)) {
        sink.error('duplicate-node', word, `node ${name} is named twice`);
      } else nodes.push(name);
    }
  }
  return nodes;
}

/** `ping_group` is one node by its own name; the other lines name nodes alone. */
function readNodeOrder(statements: readonly HaStatement[]): readonly string[] {
  const order = new Set<string>();
  for (const { directive, value } of statements) {
    if (value.kind !== 'words') continue;
    const names = value.words.map((word) => word.text);
    if (directive.name === 'node') for (const name of names) order.add(name.toLowerCase());
    if (directive.name === 'ping' || directive.name === 'ping6') {
      for (const name of names) order.add(name.toLowerCase());
    }
    const [group] = names;
    if (directive.name === 'ping_group' && group !== undefined) order.add(group.toLowerCase());
  }
  return [...order];
}

/**
 * heartbeat 1: `nice_failback on` meant that the service stays where it is. heartbeat 3.0.6 turns
 * both values into legacy behaviour; people who still write the word mean the old sense.
 */
function readAutoFailback(single: SingleValues, sink: DiagnosticSink): AutoFailback {
  const nice = single.get('nice_failback');
  const auto = single.get('auto_failback');
  const written = wordOf(single, 'auto_failback');
  if (auto !== undefined) {
    if (nice !== undefined) {
      sink.warning(
        'nice-failback-legacy',
        nice.name,
        'nice_failback is ignored beside auto_failback',
        {
          hint: 'remove this line',
        },
      );
    }
    if (written === 'legacy') warnLegacy(auto, sink);
    return written === 'on' || written === 'off' ? written : 'legacy';
  }
  const isNice = booleanOf(single, 'nice_failback');
  if (nice !== undefined && isNice !== undefined) {
    const meant = isNice ? 'off' : 'on';
    sink.warning(
      'nice-failback-legacy',
      nice.name,
      `nice_failback ${isNice ? 'on' : 'off'} is taken as auto_failback ${meant}; ` +
        'heartbeat 3.0.6 takes it as auto_failback legacy',
      { hint: `write "auto_failback ${meant}" on both nodes` },
    );
    return meant;
  }
  sink.warning(
    'auto-failback-legacy',
    wholeFile,
    "auto_failback is not set: Deprecated 'legacy' auto_failback option selected.",
    { hint: 'write "auto_failback on" or "auto_failback off"; standby needs one of them' },
  );
  return 'legacy';
}

function warnLegacy(auto: HaStatement, sink: DiagnosticSink): void {
  sink.warning(
    'auto-failback-legacy',
    auto.at,
    "Deprecated 'legacy' auto_failback option selected.",
    { hint: 'write on or off; standby needs one of them' },
  );
}
