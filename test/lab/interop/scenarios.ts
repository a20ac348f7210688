// What is played in the cells. Every scenario begins with two machines on which nothing runs.

import { nowMs, waitFor } from '../wait.js';
import { pingAddress, type ScenarioName } from './cell.js';
import { type Holders, type NodeName, nodeNames, other } from './interop-pair.js';
import { sendLarge } from './large-message.js';
import type { Play } from './play.js';
import type { HoldWord } from './seat.js';

const stopMs = 40_000;
/** From a ping node that is cut off to the line about it. */
const pingMs = 20_000;
/** Of what either node hears over each medium: with two media few messages are lost on both. */
const lossShares = [0.15, 0.4] as const;
const lossMs = 40_000;

async function coldStart(play: Play): Promise<void> {
  const start = async (): Promise<void> => {
    for (const name of nodeNames) await play.pair.seat(name).start();
  };
  await play.event('cold start', start, { alpha: 'alpha', beta: 'beta' });
}

function start(play: Play, name: NodeName, what: string): Promise<void> {
  const act = (): Promise<void> => play.pair.seat(name).start();
  return play.event(`${what} of ${name}`, act, play.afterReturnOf(name));
}

async function die(play: Play, name: NodeName): Promise<void> {
  const { pair } = play;
  const act = (): Promise<void> => pair.powerOff(name);
  await play.event(`death of ${name}`, act, play.allOn(other(name)), { alone: true });
  await pair.powerOn(name);
}

function stop(play: Play, name: NodeName): Promise<void> {
  const act = (): Promise<void> => play.pair.seat(name).stop(stopMs);
  return play.event(`stop of ${name}`, act, play.allOn(other(name)), { alone: true });
}

/** Deaths, clean stops and returns of either node. */
async function playLife(play: Play): Promise<void> {
  await coldStart(play);
  for (const name of ['beta', 'alpha'] as const) {
    await die(play, name);
    await start(play, name, 'return');
  }
  for (const name of ['beta', 'alpha'] as const) {
    await stop(play, name);
    await start(play, name, 'restart');
  }
}

/** One node alone for a while, the other late. */
async function playLate(play: Play): Promise<void> {
  const { pair } = play;
  const [first, second] = play.cell.auth === 'sha1' ? nodeNames : (['beta', 'alpha'] as const);
  const act = (): Promise<void> => pair.seat(first).start();
  await play.event(`${first} starts alone`, act, play.allOn(first), { alone: true });
  await start(play, second, 'late start');
  await stop(play, first);
  await start(play, first, 'restart');
}

interface Request {
  readonly node: NodeName;
  readonly command: 'standby' | 'takeover';
  readonly word: HoldWord;
}

const holdWords: readonly HoldWord[] = ['local', 'foreign', 'all', 'failback'];

/** hb_takeover has the other node go standby, with the word as that node sees it. */
function leaverOf({ node, command, word }: Request): [NodeName, 'all' | 'local' | 'foreign'] {
  if (command === 'standby') return [node, word === 'failback' ? 'foreign' : word];
  const mirrored = { local: 'foreign', foreign: 'local', all: 'all', failback: 'all' } as const;
  return [other(node), mirrored[word]];
}

/** hb_standby and hb_takeover with every word from either node, those first that move something. */
async function playWords(play: Play): Promise<void> {
  await coldStart(play);
  let left: Request[] = nodeNames.flatMap((node) =>
    (['standby', 'takeover'] as const).flatMap((command) =>
      holdWords.map((word) => ({ node, command, word })),
    ),
  );
  while (left.length > 0) {
    const isMoving = (request: Request): boolean => {
      const next = play.afterStandby(...leaverOf(request));
      return nodeNames.some((name) => next[name] !== play.holders[name]);
    };
    const request = left.find(isMoving) ?? left[0];
    if (request === undefined) return;
    left = left.filter((each) => each !== request);
    const { node, command, word } = request;
    await play.event(
      `${command} ${word} on ${node}`,
      () => play.pair.seat(node).ask(command, word),
      play.afterStandby(...leaverOf(request)),
    );
  }
}

/** What a node hears goes through this one rule, or through none. */
async function filterInput(play: Play, name: NodeName, rule: string): Promise<void> {
  const chain = `chain input { type filter hook input priority 0; ${rule}\n}`;
  // Made first, so that there is one to delete.
  const input = `table inet loss {}\ndelete table inet loss\ntable inet loss {\n${chain}\n}\n`;
  await play.pair.seat(name).host.run(['nft', '-f', '-'], { input });
}

async function lose(play: Play, share: number): Promise<void> {
  play.pair.cable.lose(share);
  const drop = `udp dport 694 numgen random mod 1000 < ${Math.round(share * 1000)} drop`;
  for (const name of nodeNames) await filterInput(play, name, share === 0 ? '' : drop);
}

/** Both lose messages, ask for them and get them; groups are handed over meanwhile. */
async function playLoss(play: Play): Promise<void> {
  const { pair } = play;
  const from = nowMs();
  const hand = async (): Promise<void> => {
    await lose(play, lossShares[play.cell.media.length === 1 ? 0 : 1]);
    await waitFor('both to have lost messages', lossMs, () =>
      nodeNames.every((name) => pair.seat(name).log.find(/\d lost packet\(s\) for/, from)),
    );
    if (play.cell.failback !== 'legacy') await pair.seat('alpha').ask('standby', 'local');
  };
  const isMoved = play.cell.failback !== 'legacy';
  await play.event('loss', hand, isMoved ? play.afterStandby('alpha', 'local') : play.holders);
  await lose(play, 0);
  for (const name of nodeNames) await pair.seat(name).log.waitFor(/No pkts missing/, 20_000, from);
}

/** One of two media is cut and mended: both say so, and nothing moves. */
async function playCut(play: Play): Promise<void> {
  const { pair } = play;
  const isSerialCut = play.cell.media.includes('serial');
  if (play.cell.media.length < 2 || !isSerialCut) return;
  const cut = async (): Promise<void> => {
    for (const [word, act] of [
      ['dead', () => pair.cable.cut()],
      ['up', () => pair.cable.mend()],
    ] as const) {
      const from = nowMs();
      act();
      for (const name of nodeNames) {
        const link = new RegExp(`Link ${other(name)}:/dev/ttyS0 ${word}`);
        await pair.seat(name).log.waitFor(link, 20_000, from);
      }
    }
  };
  await play.event('cut of one medium', cut, play.holders);
}

/** Neither hears the other, both take everything, and then they meet again. */
async function playPartition(play: Play): Promise<void> {
  const { pair } = play;
  const split = async (): Promise<void> => {
    const from = nowMs();
    await pair.separate();
    for (const name of nodeNames) {
      await pair.seat(name).log.waitFor(new RegExp(`node ${other(name)}:? is dead`), 30_000, from);
    }
    await waitFor('both to hold both addresses', 30_000, () => pair.holdsTwice());
    const mendMs = nowMs();
    await pair.rejoin();
    for (const name of nodeNames) {
      const { kind, log } = pair.seat(name);
      if (kind === 'original') await log.waitFor(/Heartbeat generation:/, 40_000, mendMs);
    }
  };
  const { lubdub } = play.cell;
  const kept = lubdub === undefined ? undefined : play.allOn(lubdub);
  const isBack = play.cell.failback !== 'off' && lubdub !== undefined;
  const after = isBack ? ({ alpha: 'alpha', beta: 'beta' } as const) : kept;
  await play.event('partition', split, after ?? { alpha: 'alpha', beta: 'beta' }, { twice: true });
}

async function playTrouble(play: Play): Promise<void> {
  await coldStart(play);
  await playLoss(play);
  await playCut(play);
  await playPartition(play);
  await playPartition(play);
}

/**
 * Two originals; one becomes Lubdub, then the other, and back again, with the files of /etc/ha.d
 * and /var/lib/heartbeat as they are. The cell's seat is exchanged first.
 */
async function playExchange(play: Play): Promise<void> {
  const { pair, cell } = play;
  const first = cell.lubdub ?? 'beta';
  pair.exchange(first, 'original');
  await coldStart(play);
  for (const kind of ['lubdub', 'original'] as const) {
    for (const name of [first, other(first)]) {
      await stop(play, name);
      pair.exchange(name, kind);
      await start(play, name, `${kind} in place`);
    }
  }
}

/** Both said so of the ping node since then. */
async function setPing(play: Play, name: NodeName, isHeard: boolean): Promise<void> {
  const { log } = play.pair.seat(name);
  const from = nowMs();
  await filterInput(play, name, isHeard ? '' : `ip saddr ${pingAddress} drop`);
  const link = new RegExp(`Link ${pingAddress}:${pingAddress} ${isHeard ? 'up' : 'dead'}`);
  await log.waitFor(link, pingMs, from);
}

/**
 * Who sees fewer ping nodes gives up what it holds. When both lost it, nothing moves. When one
 * hears it again and they are equal, each gets its own with failback on, and nothing moves without.
 */
async function playIpfail(play: Play): Promise<void> {
  await coldStart(play);
  const balanced = (): Holders =>
    play.cell.failback === 'on' ? { alpha: 'alpha', beta: 'beta' } : play.holders;
  for (const name of nodeNames) {
    const peer = play.allOn(other(name));
    await play.event(`ping node lost by ${name}`, () => setPing(play, name, false), peer);
    await play.event(`ping node back for ${name}`, () => setPing(play, name, true), balanced());
  }
  const [first, second] = nodeNames;
  const peer = play.allOn(second);
  await play.event(`ping node lost by ${first}`, () => setPing(play, first, false), peer);
  await play.event('ping node lost by both', () => setPing(play, second, false), play.holders);
  await play.event(
    `ping node back for ${first}`,
    () => setPing(play, first, true),
    play.allOn(first),
  );
  await play.event('ping node back for both', () => setPing(play, second, true), balanced());
}

/** A client on each node says something large to one on the other. */
async function playLarge(play: Play): Promise<void> {
  await coldStart(play);
  for (const from of nodeNames) {
    const say = (): Promise<void> => sendLarge(play.pair, from);
    await play.event(`large message from ${from}`, say, play.holders);
  }
}

export const scenarios: Readonly<Record<ScenarioName, (play: Play) => Promise<void>>> = {
  life: playLife,
  late: playLate,
  words: playWords,
  trouble: playTrouble,
  exchange: playExchange,
  ipfail: playIpfail,
  large: playLarge,
};
