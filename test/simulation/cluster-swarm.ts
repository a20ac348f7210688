// One run of the swarm: options and disturbances drawn from a seed, played against the pair, then
// quiet, then everything must be as it should. The same seed gives the same run.

import { createPrng, type Prng } from '#src/base/prng.js';
import { wallTime } from '#src/base/time.js';
import { composeHandOver, SEQUENCE_MARGIN } from '#src/cluster/hand-over.js';
import { faultsAtRest } from './cluster-checkers.js';
import type { Host } from './cluster-host.js';
import { soundPath } from './cluster-network.js';
import { createWorld, cutAll, DAD, MOM, type World, type WorldOptions } from './cluster-world.js';

export interface SwarmRun {
  readonly seed: number;
  readonly options: WorldOptions;
  /** What was done to the pair, with times. */
  readonly story: readonly string[];
  readonly faults: readonly string[];
  readonly world: World;
}

const pick = <T>(prng: Prng, choices: readonly [T, ...T[]]): T =>
  choices[prng.between(0, choices.length - 1)] ?? choices[0];

const GROUPS: readonly [WorldOptions['groups'], ...WorldOptions['groups'][]] = [
  [[MOM, 'IPaddr::10.0.0.1', 'ldirectord']],
  [
    [MOM, 'IPaddr::10.0.0.1', 'ldirectord'],
    [DAD, 'IPaddr::10.0.0.2'],
  ],
  [
    [MOM, 'IPaddr::10.0.0.1'],
    [DAD, 'IPaddr::10.0.0.2', 'Filesystem', 'db'],
    [MOM, 'IPaddr::10.0.0.3', 'LVSSyncDaemonSwap'],
  ],
];

export function drawOptions(seed: number): WorldOptions {
  const prng = createPrng(seed * 7919 + 1);
  const deadtimeMs = pick(prng, [500, 1000, 2000, 5000]);
  return {
    seed,
    autoFailback: pick(prng, ['off', 'off', 'on', 'on', 'legacy']),
    keepaliveMs: Math.round(deadtimeMs / pick(prng, [4, 5, 10])),
    deadtimeMs,
    initdeadMs: deadtimeMs * pick(prng, [2, 3]),
    scriptMs: pick(prng, [1, 20, 200]),
    pingNodes: [],
    groups: pick(prng, GROUPS),
  };
}

type Disturbance = (world: World, prng: Prng, tell: (what: string) => void) => void;

const someHost = (world: World, prng: Prng): Host => pick(prng, [world.mom, world.dad]);

/** Restarts a host that does not run; a powered-off one has an empty kernel. */
function startAgain(host: Host): void {
  if (!host.isRunning() && host.kernel.size === 0) host.start();
}

const later = (world: World, ms: number, act: () => void): void =>
  world.agenda.at(world.time() + ms, act);

const powerCut: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const back = prng.between(50, 4 * world.options.deadtimeMs);
  tell(`${host.name} loses power for ${back} ms`);
  host.powerOff();
  later(world, back, () => startAgain(host));
};

/** A keeper restarts the daemon within half a dead time and has it adopt what was held. */
const killAndAdopt: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const status = host.status();
  if (status === undefined || host.isPaused()) return;
  const after = prng.between(5, Math.floor(world.options.deadtimeMs / 2));
  const { holding } = status;
  const keys = status.groups.filter(({ state }) => state !== 'released').map(({ key }) => key);
  tell(`${host.name} is killed and adopts ${holding} after ${after} ms`);
  host.kill();
  later(world, after, () => {
    if (!host.isRunning()) host.start({ keys, holding });
  });
};

/** The daemon cannot be started again: its keeper gives everything up and says good-bye for it. */
const killForGood: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const status = host.status();
  if (status === undefined || host.isPaused()) return;
  const after = Math.floor(world.options.deadtimeMs / 2);
  const back = after + prng.between(1_000, 20_000);
  tell(`${host.name} is killed for good, released by its keeper, back after ${back} ms`);
  host.kill();
  later(world, after, () => {
    if (host.isRunning()) return;
    host.kernel.clear();
    host.muted.clear();
    const { ring, format } = host.config;
    const handOver = {
      localNode: host.name,
      uuid: host.uuid,
      generation: status.generation,
      sequence: status.sequence + SEQUENCE_MARGIN,
      ttl: 3,
      wall: wallTime(1_700_000_000_000),
    };
    for (const { datagram, line } of composeHandOver(handOver, ring, format)) {
      world.network.send(host.name, datagram, line);
    }
  });
  later(world, back, () => startAgain(host));
};

/** A script that never ends: only the death of its process ends the order. */
const hangingScript: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const [, word = ''] = pick(
    prng,
    world.options.groups as typeof world.options.groups & [string[]],
  );
  tell(`start of ${word} on ${host.name} hangs until its power is cut`);
  host.manners.set(`${word} start`, { takesMs: 0, result: 'hangs' });
  later(world, prng.between(1_000, 10_000), () => {
    host.manners.delete(`${word} start`);
    host.powerOff();
  });
  later(world, 12_000, () => startAgain(host));
};

const stopAndStart: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const back = prng.between(3_000, 20_000);
  tell(`${host.name} is stopped in order, started ${back} ms later`);
  host.offer({ kind: 'shutdown-asked' });
  later(world, back, () => startAgain(host));
};

const pause: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const ms = prng.between(10, 3 * world.options.deadtimeMs);
  tell(`${host.name} sleeps for ${ms} ms`);
  host.pause();
  later(world, ms, () => host.resume());
};

const partition: Disturbance = (world, prng, tell) => {
  const from = pick(prng, [undefined, undefined, MOM, DAD]);
  const ms = prng.between(20, 4 * world.options.deadtimeMs);
  tell(`${from === undefined ? 'nothing passes' : `nothing of ${from} passes`} for ${ms} ms`);
  cutAll(world, true, from);
  later(world, ms, () => cutAll(world, false, from));
};

const cableCut: Disturbance = (world, prng, tell) => {
  const medium = pick(prng, ['eth1', '/dev/ttyS0']);
  const ms = prng.between(100, 6 * world.options.deadtimeMs);
  tell(`${medium} is cut for ${ms} ms`);
  const paths = [world.network.path(MOM, DAD, medium), world.network.path(DAD, MOM, medium)];
  for (const path of paths) path.isCut = true;
  later(world, ms, () => {
    for (const path of paths) path.isCut = false;
  });
};

const badWeather: Disturbance = (world, prng, tell) => {
  const ms = prng.between(500, 8 * world.options.deadtimeMs);
  const loss = pick(prng, [0, 0.05, 0.2, 0.5]);
  const delayMax = pick(prng, [1, 20, world.options.keepaliveMs]);
  const duplicate = pick(prng, [0, 0.1]);
  const corrupt = pick(prng, [0, 0.05]);
  tell(`loss ${loss} delay ${delayMax} duplicate ${duplicate} corrupt ${corrupt} for ${ms} ms`);
  const faults = { loss, delayMax, duplicate, corrupt };
  for (const path of world.network.paths()) Object.assign(path, faults);
  later(world, ms, () => {
    const { isCut: _, ...sound } = soundPath();
    for (const path of world.network.paths()) Object.assign(path, sound);
  });
};

const wallStep: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const seconds = prng.between(-100_000, 100_000);
  tell(`the wall clock of ${host.name} steps by ${seconds} s`);
  host.wallOffsetMs += seconds * 1000;
};

const command: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const verb = pick<'standby' | 'takeover'>(prng, ['standby', 'standby', 'takeover']);
  const selection = pick<'all' | 'local' | 'foreign'>(prng, ['all', 'local', 'foreign']);
  tell(`an operator asks ${host.name} for ${verb} ${selection}`);
  host.ask(verb, selection);
};

const slowScript: Disturbance = (world, prng, tell) => {
  const host = someHost(world, prng);
  const verb = pick(prng, ['start', 'stop']);
  const group = pick(prng, world.options.groups as typeof world.options.groups & [string[]]);
  const word = group[group.length - 1] ?? '';
  const result = pick<'good' | 'fails'>(prng, ['good', 'fails']);
  const ms = prng.between(1000, 5000);
  tell(
    `${verb} of ${word} on ${host.name} is ${result === 'good' ? 'slow' : 'failing'} (${ms} ms)`,
  );
  host.manners.set(`${word} ${verb}`, { takesMs: result === 'good' ? 500 : 20, result });
  later(world, ms, () => void host.manners.delete(`${word} ${verb}`));
};

const DISTURBANCES: readonly [Disturbance, ...Disturbance[]] = [
  powerCut,
  killAndAdopt,
  killForGood,
  hangingScript,
  stopAndStart,
  pause,
  partition,
  partition,
  cableCut,
  badWeather,
  wallStep,
  command,
  command,
  slowScript,
];

/** A planned hand-over, and within its messages and orders something else. */
const handOverUnderFire: Disturbance = (world, prng, tell) => {
  command(world, prng, tell);
  const faults = [powerCut, killAndAdopt, killForGood, pause, partition, badWeather, stopAndStart];
  const fault = faults[prng.between(0, faults.length - 1)] ?? powerCut;
  const ms = prng.between(0, 5 * world.options.scriptMs + 20);
  later(world, ms, () => fault(world, prng, tell));
};

const HAND_OVERS: readonly [Disturbance, ...Disturbance[]] = [
  handOverUnderFire,
  handOverUnderFire,
  handOverUnderFire,
  command,
  slowScript,
  badWeather,
];

/** Everything is mended, everybody runs: what a swarm run ends with. */
function mendAll(world: World): void {
  for (const path of world.network.paths()) Object.assign(path, soundPath());
  for (const host of world.hosts) {
    host.manners.clear();
    host.resume();
    startAgain(host);
  }
}

/** Hand-overs of groups that can be prepared, in the middle of faults. */
export function playHandOver(seed: number): SwarmRun {
  const drawn = drawOptions(seed);
  const autoFailback = drawn.autoFailback === 'legacy' ? 'off' : drawn.autoFailback;
  // What a script starts is handed over in the original's way.
  const groups = seed % 4 === 0 ? drawn.groups : GROUPS[seed % 2];
  return play({ ...drawn, autoFailback, groups: groups ?? GROUPS[0] }, HAND_OVERS);
}

export function playSeed(seed: number, count?: number): SwarmRun {
  return play(drawOptions(seed), DISTURBANCES, count);
}

function play(
  options: WorldOptions,
  choices: readonly [Disturbance, ...Disturbance[]],
  count?: number,
): SwarmRun {
  const { seed } = options;
  const prng = createPrng(seed * 104_729 + 3);
  const world = createWorld(options);
  const story: string[] = [];
  const tell = (what: string): void => void story.push(`${Math.round(world.time())} ms: ${what}`);
  world.mom.start();
  later(world, prng.between(0, 5_000), () => startAgain(world.dad));
  world.run(prng.between(5_000, 20_000));
  const disturbances = count ?? prng.between(1, 6);
  for (let n = 0; n < disturbances; n++) {
    pick(prng, choices)(world, prng, tell);
    world.run(prng.between(0, pick(prng, [200, 3_000, 8_000])));
  }
  world.run(25_000);
  tell('everything is mended');
  mendAll(world);
  world.run(45_000);
  return { seed, options, story, faults: [...world.violations, ...faultsAtRest(world)], world };
}
