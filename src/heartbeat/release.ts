// What the keeper does with the will of a daemon that is dead for good: give up the resources in
// the order of a clean stop, then say to the peer, signed, that they are free. Also what
// `lubdub heartbeat --release` does when daemon and keeper were killed together.

import type { SealedMessage } from '../auth/envelope.js';
import { createKeyRing } from '../auth/key-ring.js';
import { bytesToHex, hexToBytes } from '../base/bytes.js';
import { type LogLine, logLine } from '../base/log-line.js';
import { ok } from '../base/result.js';
import { composeHandOver, SEQUENCE_MARGIN, ttlOf } from '../cluster/hand-over.js';
import { openAddressTable } from '../kernel/addresses.js';
import { type Announcer, openAnnouncer } from '../kernel/announcer.js';
import { openSys } from '../kernel/sys.js';
import { disarmWatchdog } from '../kernel/watchdog.js';
import type { Medium } from '../media/medium.js';
import { openMedium } from '../media/open-medium.js';
import { createAddressResources } from '../resources/address-resource.js';
import { createDirectorResources } from '../resources/director-resource.js';
import { createResourceRunner } from '../resources/resource-runner.js';
import { readNow } from '../runtime/clock.js';
import { nodeHmac } from '../runtime/hmac.js';
import { loadHaFiles } from '../runtime/load-files.js';
import { lastGeneration, readIdentityUuid } from './identity.js';
import type { Voice } from './keeper-messages.js';
import { endLeftChildren } from './left-children.js';
import { localNodeName } from './local-node.js';
import { type HeartbeatPaths, scriptFolders } from './paths.js';
import { removeWill, type Will } from './will.js';

/** The hand-over is said this often, for a medium that loses one. */
const HAND_OVER_TIMES = 3;
const HAND_OVER_SPACING_MS = 40;
/** A medium that does not open within this is left out. */
const MEDIA_WAIT_MS = 500;
/** A single resource may hold up the others no longer than this. */
const STOP_WAIT_MS = 10_000;

const silent: Announcer = {
  announce: () => ok(undefined),
  announceMany: (addresses) => addresses.map(() => ok(undefined)),
  close: () => undefined,
};

const pause = (span: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, span);
  });

async function releaseResources(
  paths: HeartbeatPaths,
  will: Will,
  say: (line: LogLine) => void,
): Promise<boolean> {
  const table = openAddressTable();
  const announcer = openAnnouncer();
  if (!table.ok) {
    const text = `cannot reach the kernel's addresses: ${table.detail}`;
    say(logLine('emerg', 'release-failed', text));
    return false;
  }
  let isReleased = true;
  const addresses = createAddressResources({
    table: table.value,
    // Nothing is announced by a release; it must not fail for want of a packet socket.
    announcer: announcer.ok ? announcer.value : silent,
    log: say,
  });
  const directors = createDirectorResources({ ...paths, log: say });
  const runner = createResourceRunner({
    addresses,
    directors,
    table: table.value,
    announcer: announcer.ok ? announcer.value : silent,
    runDir: paths.runDir,
    scriptFolders: scriptFolders(paths.configDir),
    log: say,
  });
  const releaseGroup = async (group: Will['groups'][number]): Promise<void> => {
    const words = group.held.map(({ resource }) => resource.word).join(' ');
    say(logLine('info', 'releasing-group', `Releasing resource group: ${words}`));
    for (const { resource } of [...group.held].reverse()) {
      const late = pause(STOP_WAIT_MS).then(() => ({ kind: 'late' as const }));
      const outcome = await Promise.race([runner.run(resource, 'stop', {}), late]);
      if (outcome.kind !== 'done') {
        isReleased = false;
        const how = outcome.kind === 'failed' ? outcome.reason : `not within ${STOP_WAIT_MS} ms`;
        say(logLine('CRIT', 'release-failed', `Resource STOP failure of ${resource.word}: ${how}`));
      }
    }
  };
  await Promise.all(will.groups.map(releaseGroup));
  await directors.end();
  addresses.close();
  if (announcer.ok) announcer.value.close();
  table.value.close();
  return isReleased;
}

/** The voice of a daemon that is no more, from its files; undefined when they are broken. */
async function voiceFromFiles(paths: HeartbeatPaths): Promise<Voice | undefined> {
  const localNode = await localNodeName(paths.configDir);
  const { files } = await loadHaFiles(paths.configDir, localNode);
  const uuid = await readIdentityUuid(paths.stateDir);
  if (files === undefined || uuid === undefined) return undefined;
  const { config, ring } = files;
  return {
    localNode,
    uuidHex: bytesToHex(uuid),
    media: config.media,
    authKeys: { current: ring.current, keys: [...ring.keys.values()] },
    format: config.format,
    ttl: ttlOf(config.hopfudge, config.nodes.length + config.pingNodes.length),
    watchdog: config.watchdog,
  };
}

async function composeWords(
  paths: HeartbeatPaths,
  will: Will,
  voice: Voice,
): Promise<readonly SealedMessage[]> {
  const ring = createKeyRing(voice.authKeys.current, voice.authKeys.keys, nodeHmac);
  const uuid = hexToBytes(voice.uuidHex);
  if (ring === undefined || uuid === undefined) return [];
  // A successor that died early may have spoken with a generation of its own.
  const generation = Math.max(will.generation, (await lastGeneration(paths.stateDir)) ?? 0);
  const { localNode, ttl } = voice;
  const sequence = will.sequence + SEQUENCE_MARGIN;
  const { wall } = readNow();
  return composeHandOver({ localNode, uuid, generation, sequence, ttl, wall }, ring, voice.format);
}

/** Tells the peer over every medium; the log says which took the words. */
async function handOver(
  paths: HeartbeatPaths,
  will: Will,
  given: Voice | undefined,
  say: (line: LogLine) => void,
): Promise<void> {
  const voice = given ?? (await voiceFromFiles(paths));
  if (voice === undefined) {
    const text = 'the hand-over cannot be signed: ha.cf, authkeys or the uuid is not readable';
    say(logLine('CRIT', 'hand-over-failed', `${text}; the peer takes over after its dead time`));
    return;
  }
  const words = await composeWords(paths, will, voice);
  const media: Medium[] = [];
  let waiting = voice.media.length;
  await new Promise<void>((resolve) => {
    const one = (): void => {
      waiting--;
      if (waiting <= 0) resolve();
    };
    for (const setting of voice.media) {
      media.push(openMedium(setting, { onBytes: () => undefined, onUp: one, onDown: one }));
    }
    setTimeout(resolve, MEDIA_WAIT_MS);
  });
  for (let time = 0; time < HAND_OVER_TIMES; time++) {
    for (const message of words) for (const medium of media) medium.send(message);
    await pause(HAND_OVER_SPACING_MS);
  }
  const sent = media.filter((medium) => medium.counters().sent > 0).map(({ name }) => name);
  for (const medium of media) medium.close();
  if (sent.length > 0) {
    say(logLine('info', 'handed-over', `the peer was told over ${sent.join(', ')}`));
  } else {
    say(logLine('CRIT', 'hand-over-failed', 'no heartbeat path took the hand-over'));
  }
}

/** Nothing is held any more: there is nothing for whose sake the machine would have to end. */
async function disarm(path: string | undefined, say: (line: LogLine) => void): Promise<void> {
  const sys = openSys();
  if (path === undefined || !sys.ok || !disarmWatchdog(path, sys.value)) return;
  say(logLine('info', 'watchdog', `watchdog ${path} was stopped: everything is released`));
}

/** True when nothing of the will is held any more; else the log says what is. */
export async function releaseWill(
  paths: HeartbeatPaths,
  will: Will,
  voice: Voice | undefined,
  say: (line: LogLine) => void,
): Promise<boolean> {
  const isReleased = await releaseResources(paths, will, say);
  // An address that would not go is still served here: the peer is told all the same, because a
  // dead daemon serves nobody well, and the log names what is left.
  await handOver(paths, will, voice, say);
  await endLeftChildren(paths.runDir);
  if (!isReleased) return false;
  await removeWill(paths.runDir);
  await disarm(voice?.watchdog ?? (await voiceFromFiles(paths))?.watchdog, say);
  return true;
}
