// Everything a start needs before the first beat: the files read and judged, the identity taken,
// the log opened. Nothing is sent and nothing in the kernel is touched here.

import { randomInt } from 'node:crypto';
import { logLine } from '../base/log-line.js';
import { failure, ok, type Result } from '../base/result.js';
import { isPingKind, type MediumSpec } from '../cluster/cluster-config.js';
import { describeDiagnostics, hasErrors } from '../config/diagnostic.js';
import { isBuiltIn } from '../config/ha-clients.js';
import type { HaConfig } from '../config/ha-config.js';
import { type HaMedium, type HaPing, mediumName } from '../config/ha-media.js';
import { openSyslog } from '../kernel/syslog.js';
import { watchdogTimeout } from '../kernel/watchdog.js';
import { deviceName } from '../resources/stonith.js';
import { type HaFiles, loadHaFiles } from '../runtime/load-files.js';
import { createLog, type Log, type LogSink } from '../runtime/log.js';
import { heartbeatForm, plainHeartbeatForm } from '../runtime/log-form.js';
import { version } from '../runtime/version.js';
import { clusterHashOf, configHashOf, hashOf, resourcesHashOf } from './config-hash.js';
import { takeIdentity } from './identity.js';
import { localNodeName } from './local-node.js';
import type { HeartbeatPaths } from './paths.js';
import { type FoundScripts, findRcScripts } from './rc-scripts.js';
import { scriptEnvironment } from './script-environment.js';
import type { Will } from './will.js';
import type { BeatSetup } from './worker-messages.js';

export interface Preparation {
  readonly setup: BeatSetup;
  readonly config: HaConfig;
  readonly log: Log;
  /** HA_* variables that come from the files. */
  readonly environment: Readonly<Record<string, string>>;
  /** Scripts of rc.d whose work the engine does itself. */
  readonly stockScripts: readonly string[];
  /** Of ha.cf and haresources: may be shown. */
  readonly configHash: string;
  /** Of the keys as well: never shown, or a weak key could be guessed from it. */
  readonly secretHash: string;
}

/**
 * The main loop counts as hung after this, or the dead time if that is longer. Pauses of the
 * garbage collector reach 1.4 s on a starved machine (measured), and an emulated machine starves a
 * main thread for seconds beside a worker that runs in real time.
 */
const HANG_LIMIT_MS = 10_000;

/** What the logging daemon of the original uses when its own file names none. */
const LOGD_FACILITY = 'daemon';

function logSinks(config: HaConfig): readonly LogSink[] {
  const sinks: LogSink[] = [];
  if (config.logfile !== undefined) {
    sinks.push({ kind: 'file', path: config.logfile, least: 'info' });
  }
  if (config.debugfile !== undefined) {
    sinks.push({ kind: 'file', path: config.debugfile, least: 'debug' });
  }
  const facility = config.logfacility ?? (config.isLogdWanted ? LOGD_FACILITY : 'none');
  if (facility !== 'none') {
    const syslog = openSyslog();
    if (syslog.ok) {
      const send = (datagram: string): void => void syslog.value.send(datagram);
      sinks.push({ kind: 'syslog', facility, ident: 'heartbeat', send });
    }
  }
  // In the foreground the lines go to the one who started us; the journal puts the time itself.
  const isForeground = process.env.LUBDUB_LOG_STDERR === '1';
  if (isForeground || sinks.length === 0) {
    const isJournal = process.env.JOURNAL_STREAM !== undefined;
    sinks.push({ kind: 'stderr', isJournal });
  }
  return sinks;
}

/** One link a name: a file for both nodes has a `ucast` line for each on the same interface. */
function linksOf(media: readonly (HaMedium | HaPing)[]): readonly MediumSpec[] {
  const links = new Map<string, MediumSpec>();
  for (const setting of media) {
    const name = mediumName(setting);
    // A ping node may bear the name of an interface.
    const key = `${isPingKind(setting.kind)} ${name}`;
    if (!links.has(key)) links.set(key, { kind: setting.kind, name });
  }
  return [...links.values()];
}

const keysOf = ({ ring }: HaFiles): BeatSetup['authKeys'] => ({
  current: ring.current,
  keys: [...ring.keys.values()],
});

function buildSetup(
  files: HaFiles,
  node: string,
  identity: { readonly generation: number; readonly uuid: Uint8Array },
  predecessor: Will | undefined,
  scripts: FoundScripts,
): BeatSetup {
  const { config, groups } = files;
  return {
    cluster: {
      localNode: node,
      nodes: config.nodes,
      pingNodes: config.pingNodes,
      keepalive: config.keepalive,
      deadtime: config.deadtime,
      warntime: config.warntime,
      initdead: config.initdead,
      deadping: config.deadping,
      autoFailback: config.autoFailback,
      media: linksOf([...config.media, ...config.pings]),
      groups,
      format: config.format,
      maxRexmitDelay: config.maxRexmitDelay,
      hopfudge: config.hopfudge,
      isBadPackLogged: config.isBadPackLogged,
      notifyTypes: scripts.types,
      clusterHash: clusterHashOf(config),
      resourcesHash: resourcesHashOf(files),
      // The one program of 3.0.6 that is built in.
      isIpfailWanted: config.children.some(isBuiltIn),
      stopRetriesMax: config.stopRetriesMax,
      stopFailure: config.stopFailure,
      announceInterval: config.vips.refresh,
      stonithDevice: config.stonith === undefined ? undefined : deviceName(config.stonith),
    },
    compression: config.compression,
    media: [...config.media, ...config.pings],
    authKeys: keysOf(files),
    generation: identity.generation,
    uuid: identity.uuid,
    adoptedGroupKeys: predecessor?.groups.map((group) => group.key) ?? [],
    adoptedHolding: predecessor?.holding ?? 'none',
    seed: randomInt(2 ** 32),
    sign: new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT),
    watchdog: watchdogOf(config),
    hangLimitMs: Math.max(HANG_LIMIT_MS, config.deadtime),
    realtimePriority: config.realtimePriority,
  };
}

function watchdogOf(config: HaConfig): BeatSetup['watchdog'] {
  if (config.watchdog === undefined) return undefined;
  return { path: config.watchdog, timeoutSeconds: watchdogTimeout(config.deadtime) };
}

function secretHashOf(files: HaFiles): string {
  const keys = [...files.ring.keys.values()].map(({ number, method, key }) => [
    number,
    method,
    key,
  ]);
  return hashOf(JSON.stringify([files.fingerprint, files.ring.current, keys]));
}

/** What a reload compares with what is in force. */
export interface JudgedFiles {
  readonly configHash: string;
  readonly secretHash: string;
  readonly authKeys: BeatSetup['authKeys'];
  readonly isSerialUsed: boolean;
}

/** The files when they are good; else all diagnostics as one text. */
export async function judgeFiles(
  paths: HeartbeatPaths,
  node: string,
): Promise<Result<JudgedFiles, 'bad-configuration'>> {
  const { files, diagnostics } = await loadHaFiles(paths.configDir, node);
  if (files === undefined) return failure('bad-configuration', describeDiagnostics(diagnostics));
  return ok({
    configHash: configHashOf(files),
    secretHash: secretHashOf(files),
    authKeys: keysOf(files),
    isSerialUsed: files.config.media.some(({ kind }) => kind === 'serial'),
  });
}

/**
 * Fails with all diagnostics as one text when the files do not allow a start. The log waits for
 * `beating`, that is the first beat.
 */
export async function prepareStart(
  paths: HeartbeatPaths,
  predecessor: Will | undefined,
  beating: Promise<void>,
): Promise<Result<Preparation, 'bad-configuration' | 'no-identity'>> {
  const node = await localNodeName(paths.configDir);
  const loaded = await loadHaFiles(paths.configDir, node);
  const { files, diagnostics } = loaded;
  if (files === undefined || hasErrors(diagnostics)) {
    const text = `${describeDiagnostics(diagnostics)}\nConfiguration error, cannot start.`;
    return failure('bad-configuration', text);
  }
  const identity = await takeIdentity(
    paths.stateDir,
    Date.now() / 1000,
    files.config.generationMethod,
    files.config.uuidSource === 'nodename' ? node : undefined,
  );
  if (!identity.ok) return failure('no-identity', identity.detail);
  const log = createLog(
    files.config.isSyslogForm ? heartbeatForm(node, process.pid) : plainHeartbeatForm(process.pid),
    logSinks(files.config),
    files.config.debug > 0 ? 'debug' : 'info',
    beating,
  );
  for (const diagnostic of diagnostics) {
    const text = describeDiagnostics([diagnostic]).split('\n')[0] ?? '';
    log.write(logLine('WARN', 'configuration-warning', text));
  }
  const started = `Configuration validated. Starting heartbeat 3.0.6 (Lubdub ${version})`;
  log.write(logLine('info', 'configuration-valid', started));
  for (const remark of identity.value.remarks) log.write(logLine('WARN', 'new-identity', remark));
  const scripts = await findRcScripts(paths.configDir);
  return ok({
    setup: buildSetup(files, node, identity.value, predecessor, scripts),
    config: files.config,
    log,
    environment: scriptEnvironment(files.config, node, paths),
    stockScripts: scripts.stock,
    configHash: configHashOf(files),
    secretHash: secretHashOf(files),
  });
}
