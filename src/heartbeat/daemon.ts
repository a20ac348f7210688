// The heartbeat daemon's main thread: loads the files, starts the beat worker, carries out the
// engine's orders to resources, answers commands and keeps the keeper informed. It decides nothing
// about the cluster.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { bytesToHex } from '../base/bytes.js';
import { logLine } from '../base/log-line.js';
import { ttlOf } from '../cluster/hand-over.js';
import { openAddressTable } from '../kernel/addresses.js';
import { openAnnouncer } from '../kernel/announcer.js';
import { favourThisThread } from '../kernel/scheduling.js';
import { createAddressResources } from '../resources/address-resource.js';
import { prepareSyncDaemons } from '../resources/builtin/sync-daemon.js';
import { createDirectorResources } from '../resources/director-resource.js';
import { endThisMachine } from '../resources/end-machine.js';
import { createResourceRunner } from '../resources/resource-runner.js';
import { monotonicMs } from '../runtime/clock.js';
import { serveControl } from '../runtime/control-socket.js';
import type { Log } from '../runtime/log.js';
import { hearAdministration } from './administration.js';
import type { BeatThread } from './beat-thread.js';
import { createBeside } from './beside.js';
import { answerDaemonQuestion } from './control-answers.js';
import type { Daemon, OperatorAnswer } from './daemon-parts.js';
import { startFencing } from './fencing.js';
import { stopForgotten } from './forgotten-resources.js';
import { createHeldResources } from './held-resources.js';
import { exitCodes, type FromDaemon, type Voice } from './keeper-messages.js';
import { removeLeftOvers } from './left-overs.js';
import { startLinkWatch } from './link-watch.js';
import { writeMemberFiles } from './member-files.js';
import { runAddressOrders, runResourceOrder } from './orders.js';
import { controlPath, type HeartbeatPaths, pidPath, scriptFolders } from './paths.js';
import { patientLog } from './patient-log.js';
import { judgeFiles, type Preparation, prepareStart } from './preparation.js';
import { openScriptDoors } from './script-doors.js';
import { openServiceManager } from './service-manager.js';
import { rehearseTakeover } from './takeover-rehearsal.js';
import { startVipClaims } from './vip-claims.js';
import { startVipGuard } from './vip-guard.js';
import { startVipLease } from './vip-lease.js';
import { startVipWatch } from './vip-watch.js';
import { isHolding, readBootId, removeWill, type Will, writeWill } from './will.js';
import type { OutwardEffect } from './worker-messages.js';

/** The will is renewed this often, for the sequence number in it. */
const WILL_INTERVAL_MS = 20_000;
const LOAD_INTERVAL_MS = 5_000;
/** A takeover is rehearsed when the start with its own work is over. */
const REHEARSAL_AFTER_MS = 1500;
/** A takeover beside busy programs waited some thirty milliseconds for its turn. */
const MAIN_THREAD_NICE = -10;
/** Signs of life of the main loop within the limit after which the worker ends the process. */
const SIGNS_PER_LIMIT = 8;

export interface DaemonHooks {
  readonly tellKeeper: (message: FromDaemon) => void;
  /** Ends the process; never returns. */
  readonly exit: (code: number) => void;
}

function openResources(
  paths: HeartbeatPaths,
  log: Log,
  leaseSeconds: number | undefined,
): Daemon['resources'] | string {
  const table = openAddressTable(undefined, leaseSeconds);
  if (!table.ok) return table.detail;
  const announcer = openAnnouncer();
  if (!announcer.ok) return announcer.detail;
  const addresses = createAddressResources({
    table: table.value,
    announcer: announcer.value,
    log: log.write,
  });
  const directors = createDirectorResources({ ...paths, log: log.write });
  const runner = createResourceRunner({
    addresses,
    directors,
    table: table.value,
    announcer: announcer.value,
    runDir: paths.runDir,
    scriptFolders: scriptFolders(paths.configDir),
    log: log.write,
  });
  return { table: table.value, addresses, directors, runner };
}

/** Runs until the engine says `exit`, or the process is ended. */
export async function runDaemon(
  paths: HeartbeatPaths,
  predecessor: Will | undefined,
  thread: BeatThread,
  hooks: DaemonHooks,
): Promise<void> {
  let onBeating = (): void => undefined;
  const beating = new Promise<void>((resolve) => {
    onBeating = resolve;
  });
  const prepared = await prepareStart(paths, predecessor, beating);
  if (!prepared.ok) {
    process.stderr.write(`${prepared.detail}\n`);
    return hooks.exit(exitCodes.refused);
  }
  const log = patientLog(prepared.value.log);
  const resources = openResources(paths, log, prepared.value.config.vips.leaseSeconds);
  if (typeof resources === 'string') {
    process.stderr.write(`lubdub: cannot reach the kernel's addresses: ${resources}\n`);
    await log.flush();
    return hooks.exit(exitCodes.refused);
  }
  const daemon: Daemon = {
    paths,
    prepared: { ...prepared.value, log },
    thread,
    resources,
    held: createHeldResources(predecessor?.groups ?? []),
    operators: new Map<number, (answer: OperatorAnswer) => void>(),
    operatorCount: 0,
    bootId: await readBootId(),
    startedAt: monotonicMs(),
    timers: [],
    service: openServiceManager(),
  };
  hooks.tellKeeper({ kind: 'voice', voice: voiceOf(prepared.value) });
  await thread.loaded;
  resources.directors.prepare(prepared.value.setup.cluster.groups);
  prepareSyncDaemons(prepared.value.setup.cluster.groups, log.write);
  removeLeftOvers(daemon, predecessor);
  beginBeat(daemon, hooks, onBeating);
  await openDoors(daemon, hooks);
  await stopForgotten(daemon, predecessor, () => void renewWill(daemon, hooks));
}

function voiceOf({ setup, config }: Preparation): Voice {
  return {
    localNode: setup.cluster.localNode,
    uuidHex: bytesToHex(setup.uuid),
    media: setup.media,
    authKeys: setup.authKeys,
    format: config.format,
    watchdog: config.watchdog,
    ttl: ttlOf(config.hopfudge, config.nodes.length + config.pingNodes.length),
  };
}

function beginBeat(daemon: Daemon, hooks: DaemonHooks, onBeating: () => void): void {
  const { setup, log, config } = daemon.prepared;
  const { offer } = daemon.thread;
  daemon.scriptDoors = openScriptDoors(daemon);
  daemon.fencing = startFencing(config.stonith, daemon.paths.runDir, log, offer);
  daemon.beside = createBeside(daemon, {
    stop: () => daemon.stop?.(),
    endMachine: () => void endMachine(daemon),
  });
  const sign = new Float64Array(setup.sign);
  const showLife = (): void => {
    sign[0] = monotonicMs();
  };
  showLife();
  // Without the right to it the worker, which asks for more, says so.
  if (setup.realtimePriority !== undefined) favourThisThread(MAIN_THREAD_NICE);
  const isBeating = (): boolean => monotonicMs() - (sign[1] ?? 0) <= setup.hangLimitMs;
  daemon.service.watch(isBeating);
  const every = (span: number, action: () => void): void => {
    daemon.timers.push(setInterval(action, span));
  };
  every(setup.hangLimitMs / SIGNS_PER_LIMIT, showLife);
  every(LOAD_INTERVAL_MS, () => void offerLoad(daemon));
  every(WILL_INTERVAL_MS, () => void renewWill(daemon, hooks));
  void offerLoad(daemon);
  daemon.thread.begin(setup, {
    onBeating: () => {
      onBeating();
      hooks.tellKeeper({ kind: 'beating' });
      daemon.service.ready();
      void renewWill(daemon, hooks);
    },
    onEffects: (effects) => carryOutAll(daemon, effects, hooks),
    onDied: (reason) => {
      log.write(logLine('emerg', 'beat-died', reason));
      void log.flush().then(() => hooks.exit(1));
    },
  });
  daemon.vipWatch = startVipWatch(daemon);
  daemon.timers.push(daemon.vipWatch.timer);
  const resources = setup.cluster.groups.flatMap((group) => group.resources);
  const rehearse = (): void => {
    daemon.resources.addresses.rehearse(resources);
    rehearseTakeover(setup.cluster.groups);
  };
  daemon.timers.push(setTimeout(rehearse, REHEARSAL_AFTER_MS));
  daemon.vipLease = startVipLease(daemon);
  daemon.vipGuard = startVipGuard(daemon);
  daemon.vipClaims = startVipClaims(daemon);
  daemon.linkWatch = startLinkWatch(daemon);
}

async function offerLoad(daemon: Daemon): Promise<void> {
  const text = await readFile('/proc/loadavg', 'latin1').catch(() => 'n/a');
  daemon.thread.offer({ kind: 'load-read', text: text.split('\n')[0] ?? 'n/a' });
}

async function openDoors(daemon: Daemon, hooks: DaemonHooks): Promise<void> {
  const { log } = daemon.prepared;
  const path = controlPath(daemon.paths.runDir);
  const server = await serveControl(path, (question) => answerDaemonQuestion(daemon, question));
  if (!server.ok) {
    const text = `no commands can be taken: ${server.detail}`;
    log.write(logLine('ERROR', 'control-closed', text));
  }
  await writeFile(pidPath(daemon.paths.runDir), `${process.ppid}\n`).catch((cause: unknown) => {
    log.write(logLine('WARN', 'pid-not-written', String(cause)));
  });
  const stop = (): void => daemon.thread.offer({ kind: 'shutdown-asked' });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  daemon.stop = stop;
  process.on('SIGHUP', () => void reload(daemon, hooks));
  void renewWill(daemon, hooks);
}

/** A bad file changes nothing; a good one is taken over by a successor that holds what we hold. */
async function reload(daemon: Daemon, hooks: DaemonHooks): Promise<void> {
  const { log, secretHash, setup } = daemon.prepared;
  const judged = await judgeFiles(daemon.paths, setup.cluster.localNode);
  if (!judged.ok) {
    for (const text of judged.detail.split('\n')) {
      log.write(logLine('ERROR', 'reload-refused', text));
    }
    const text = 'the files are not valid: the running configuration stays in force';
    log.write(logLine('ERROR', 'reload-refused', text));
    return;
  }
  const { authKeys } = judged.value;
  if (judged.value.secretHash === secretHash) {
    log.write(logLine('info', 'reload-not-needed', 'Configuration unchanged.'));
    return;
  }
  if (judged.value.configHash === daemon.prepared.configHash) {
    daemon.prepared = {
      ...daemon.prepared,
      secretHash: judged.value.secretHash,
      setup: { ...setup, authKeys },
    };
    daemon.thread.changeKeys(authKeys);
    hooks.tellKeeper({ kind: 'voice', voice: voiceOf(daemon.prepared) });
    return;
  }
  log.write(logLine('notice', 'reloading', 'the files have changed: a successor takes them over'));
  await renewWill(daemon, hooks);
  await log.flush();
  hooks.exit(exitCodes.successionWanted);
}

/** What the engine ordered in one step: addresses first, all together, and words last. */
function carryOutAll(daemon: Daemon, effects: readonly OutwardEffect[], hooks: DaemonHooks): void {
  const renew = (): void => void renewWill(daemon, hooks);
  const afterwards = runAddressOrders(daemon, effects, renew);
  for (const effect of effects) carryOut(daemon, effect, hooks);
  afterwards?.();
}

function carryOut(daemon: Daemon, effect: OutwardEffect, hooks: DaemonHooks): void {
  switch (effect.kind) {
    case 'log':
      daemon.prepared.log.write(effect.line);
      return;
    case 'run-resource':
      void runResourceOrder(daemon, effect, () => void renewWill(daemon, hooks));
      return;
    case 'run-addresses':
      // Done already, with the others of its step.
      return;
    case 'reset-node':
      daemon.fencing?.reset(effect.id, effect.node);
      return;
    case 'notify':
      daemon.scriptDoors?.notify(effect.type, effect.environment);
      return;
    case 'reboot':
      void endMachine(daemon);
      return;
    case 'members-changed':
      void writeMemberFiles(daemon.paths.stateDir, effect).then((trouble) => {
        if (trouble === undefined) return;
        daemon.prepared.log.write(logLine('WARN', 'members-not-written', trouble));
      });
      return;
    case 'comm-up':
      daemon.beside?.open();
      return;
    case 'client-notice':
    case 'client-queried':
      daemon.beside?.take(effect);
      return;
    case 'announce-held':
      announceHeld(daemon, effect.reason);
      return;
    case 'lubdub-node-heard':
      daemon.resources.directors.share();
      return;
    case 'administration-heard':
      hearAdministration(daemon, effect.news);
      return;
    case 'answer-operator':
      daemon.operators.get(effect.id)?.({ isDone: effect.isDone, text: effect.text });
      daemon.operators.delete(effect.id);
      return;
    case 'exit':
      void leave(daemon, effect.how, hooks);
      return;
  }
}

/** The refresh is for switches that forget: one frame, and no line for each. */
function announceHeld(daemon: Daemon, reason: string): void {
  const { addresses } = daemon.resources;
  if (reason !== 'refresh') {
    addresses.announceHeld(reason, false);
    return;
  }
  addresses.announceHeld(reason, true, 1);
  daemon.vipClaims?.askHeld();
}

/** `stop_failure reboot`. The log is flushed first: it is all that will be known of the reason. */
async function endMachine(daemon: Daemon): Promise<void> {
  const { log } = daemon.prepared;
  log.write(logLine('emerg', 'machine-ends', 'a resource does not stop: resetting this machine'));
  await log.flush();
  const trouble = await endThisMachine();
  log.write(logLine('emerg', 'machine-ends', `this machine cannot be reset: ${trouble}`));
}

/** Wills are written one after the other; a burst of changes ends in one more. */
async function renewWill(daemon: Daemon, hooks: DaemonHooks): Promise<void> {
  if (daemon.isLeaving === true) return;
  if (daemon.willWriting !== undefined) {
    daemon.isWillStale = true;
    await daemon.willWriting;
    return;
  }
  daemon.willWriting = (async () => {
    do {
      daemon.isWillStale = false;
      const { cluster } = await daemon.thread.snapshot();
      const will: Will = {
        generation: cluster.generation,
        sequence: cluster.sequence,
        deadtimeMs: daemon.prepared.setup.cluster.deadtime,
        holding: cluster.holding,
        groups: daemon.held.groups(),
        logfile: daemon.prepared.config.logfile,
        bootId: daemon.bootId,
      };
      hooks.tellKeeper({ kind: 'will', will });
      daemon.service.status(isHolding(will) ? `holds ${will.holding}` : 'holds nothing');
      const trouble = await writeWill(daemon.paths.runDir, will);
      if (trouble !== undefined) {
        daemon.prepared.log.write(logLine('WARN', 'will-not-written', trouble));
      }
    } while (daemon.isWillStale);
  })();
  await daemon.willWriting;
  daemon.willWriting = undefined;
}

/** A resource that would not stop: the will stays, and the next start or --release tries again. */
function sayLeftOver(daemon: Daemon): void {
  const words = daemon.held.groups().flatMap(({ held }) => held.map((each) => each.resource.word));
  const text = `stopped, but still in place here: ${words.join(' ')}; lubdub heartbeat --release`;
  daemon.prepared.log.write(logLine('CRIT', 'release-failed', text));
}

async function leave(daemon: Daemon, how: 'stop' | 'restart', hooks: DaemonHooks): Promise<void> {
  await daemon.willWriting;
  daemon.isLeaving = true;
  for (const timer of daemon.timers) clearInterval(timer);
  daemon.linkWatch?.close();
  daemon.vipLease?.close();
  daemon.vipGuard?.close();
  daemon.vipClaims?.close();
  daemon.fencing?.close();
  daemon.scriptDoors?.close();
  daemon.service.stopping();
  await daemon.resources.directors.end();
  daemon.resources.addresses.close();
  await daemon.beside?.close();
  if (how === 'stop') await daemon.thread.disarm();
  await daemon.thread.end();
  if (daemon.held.groups().length === 0) await removeWill(daemon.paths.runDir);
  else sayLeftOver(daemon);
  await rm(controlPath(daemon.paths.runDir), { force: true });
  await rm(pidPath(daemon.paths.runDir), { force: true });
  await daemon.prepared.log.flush();
  hooks.exit(how === 'stop' ? exitCodes.stopped : exitCodes.restartWanted);
}
