// One run of a director by its seed: servers that die, hang and return, another program that edits
// the table, reloads, hand-overs, restarts. Checkers watch every state of the table on the way; at
// the end everything heals and the table must be the one that the truth asks for.

import { createPrng, type Prng } from '#src/base/prng.js';
import type { DirectorConfig, VirtualServiceConfig } from '#src/config/director-config.js';
import { type HealthRules, plainHealth } from '#src/config/director-health.js';
import { CHECKS_IN_FLIGHT_MAX } from '#src/director/check-schedule.js';
import type { IpvsRequest } from '#src/wire/ipvs-table.js';
import { config, fallback, real, virtual } from './director-config-builder.js';
import { DirectorWorld } from './director-world.js';
import { FakeIpvs } from './fake-ipvs.js';

export interface SwarmOptions {
  readonly reals: number;
  readonly isQuiescent: boolean;
  readonly hasFallback: boolean;
  readonly failureCount: number;
  readonly health: HealthRules;
  readonly steps: number;
}

export interface SwarmRun {
  readonly seed: number;
  readonly options: SwarmOptions;
  readonly faults: readonly string[];
  readonly log: readonly string[];
}

type Tamper = (requests: readonly IpvsRequest[]) => readonly IpvsRequest[];

const VIPS = ['10.0.0.100:80', '10.0.0.101:80'];
const FOREIGN = '203.0.113.9:80';
const FOREIGN_SERVICE = {
  scheduler: 'rr',
  persistenceSeconds: undefined,
  persistencePrefix: 32,
  isOnePacket: false,
  schedulerFlags: 0,
};
/** Never harmed by a fault: from its first entry on some weight must be there for it. */
const STEADY = '10.1.0.1:80';

/** In half of the runs: all extensions at once, none of which may break a promise. */
function drawHealth(prng: Prng): HealthRules {
  if (prng.fraction() < 0.5) return plainHealth;
  const number = (): number | undefined => (prng.fraction() < 0.5 ? undefined : prng.between(1, 4));
  return {
    ...plainHealth,
    refusedCount: number(),
    timeoutCount: number(),
    wrongCount: number(),
    riseCount: number(),
    fastIntervalSeconds: prng.fraction() < 0.5 ? undefined : 0.5,
    jitterPercent: prng.between(0, 30),
    // The steady server is always up: nobody has to be kept once that is known.
    minPool: { amount: prng.between(0, 1), isPercent: false },
    slowStartSeconds: prng.between(0, 10),
  };
}

function drawOptions(prng: Prng): SwarmOptions {
  return {
    reals: prng.between(2, 6),
    isQuiescent: prng.fraction() < 0.5,
    hasFallback: prng.fraction() < 0.5,
    failureCount: prng.between(1, 3),
    health: drawHealth(prng),
    steps: prng.between(10, 40),
  };
}

function drawConfig(prng: Prng, options: SwarmOptions): DirectorConfig {
  const virtuals: VirtualServiceConfig[] = VIPS.map((vip) => {
    const reals = [real(STEADY, { weight: prng.between(1, 3) })];
    for (let n = 2; n <= options.reals; n++) {
      if (prng.fraction() < 0.8) reals.push(real(`10.1.0.${n}:80`, { weight: prng.between(1, 3) }));
    }
    return virtual(vip, reals, {
      isQuiescent: options.isQuiescent,
      failureCount: options.failureCount,
      health: options.health,
      fallback: options.hasFallback ? fallback('127.0.0.1:80') : undefined,
      scheduler: prng.fraction() < 0.5 ? 'rr' : 'wlc',
    });
  });
  return config(virtuals);
}

class Swarm {
  readonly faults: string[] = [];
  readonly kernel: FakeIpvs = new FakeIpvs();
  readonly #prng: Prng;
  readonly #options: SwarmOptions;
  readonly #tamper: Tamper | undefined;
  readonly #log: string[] = [];
  readonly #states = new Map<string, boolean>();
  #config: DirectorConfig;
  world: DirectorWorld;
  #foreign: string;
  /** The steady server may be missing while others edit or the table is handed over. */
  #isExcused = true;
  #question = 0;

  constructor(prng: Prng, options: SwarmOptions, tamper: Tamper | undefined) {
    this.#prng = prng;
    this.#options = options;
    this.#tamper = tamper;
    const { key } = virtual(FOREIGN, []);
    const service = { ...FOREIGN_SERVICE, key };
    this.kernel.apply([
      { kind: 'add-service', service },
      { kind: 'add-destination', key, destination: real('10.1.0.9:80') },
    ]);
    this.#foreign = this.#foreignLines();
    this.kernel.onChange = () => this.#check();
    for (let n = 1; n <= options.reals; n++) this.#states.set(`10.1.0.${n}:80`, true);
    this.#config = drawConfig(prng, options);
    this.world = this.#newWorld('active');
  }

  #newWorld(mode: 'active' | 'warm'): DirectorWorld {
    const world = new DirectorWorld(this.#config, mode, this.kernel);
    if (this.#tamper !== undefined) world.tamper = this.#tamper;
    for (const [name, isUp] of this.#states) world.server(name, isUp, this.#prng.between(1, 30));
    world.start();
    return world;
  }

  #foreignLines(): string {
    return this.kernel
      .lines()
      .filter((line) => line.includes(FOREIGN))
      .join('\n');
  }

  #check(): void {
    if (this.#foreignLines() !== this.#foreign) this.faults.push('a foreign service was touched');
    if (this.#isExcused) return;
    for (const service of this.kernel.read()) {
      const isOurs = service.key.kind === 'address' && service.key.address.startsWith('10.0.0.');
      const carriers = service.destinations.filter(({ weight }) => weight > 0);
      if (isOurs && carriers.length === 0) this.faults.push('a service with an up server is empty');
    }
  }

  step(): void {
    const choice = this.#prng.between(0, 9);
    if (choice <= 4) this.#flipServer();
    else if (choice === 5) this.#hangServer();
    else if (choice === 6) this.#editByHand();
    else if (choice === 7) this.#reload();
    else if (choice === 8) this.#handOver();
    else this.#restart();
    this.world.run(this.#prng.between(100, 6000));
    if (this.world.inFlightMost > CHECKS_IN_FLIGHT_MAX) this.faults.push('too many checks at once');
  }

  #someServer(): string {
    return `10.1.0.${this.#prng.between(2, this.#options.reals)}:80`;
  }

  #flipServer(): void {
    const name = this.#someServer();
    const isUp = this.#prng.fraction() < 0.5;
    this.#states.set(name, isUp);
    this.world.server(name, isUp, this.#prng.between(1, 30));
  }

  #hangServer(): void {
    const name = this.#someServer();
    this.#states.set(name, false);
    this.world.mute(name);
  }

  #excused(act: () => void, forMs: number): void {
    this.#isExcused = true;
    act();
    this.world.run(forMs);
    this.#isExcused = false;
    this.#check();
  }

  #editByHand(): void {
    const { key } = virtual(VIPS[this.#prng.between(0, 1)] ?? '', []);
    const destination = real(STEADY, { weight: this.#prng.between(0, 9) });
    const kinds = ['edit-destination', 'delete-destination', 'delete-service'] as const;
    const kind = kinds[this.#prng.between(0, 2)] ?? 'edit-destination';
    const isService = kind === 'delete-service';
    this.#excused(() => {
      this.kernel.apply([isService ? { kind, key } : { kind, key, destination }]);
    }, 2500);
  }

  #reload(): void {
    this.#config = drawConfig(this.#prng, this.#options);
    this.world.offer({ kind: 'config-changed', id: ++this.#question, config: this.#config });
  }

  #handOver(): void {
    this.#excused(() => {
      this.world.offer({ kind: 'deactivated', id: ++this.#question });
      this.world.run(this.#prng.between(0, 8000));
      this.world.offer({ kind: 'activated', id: ++this.#question });
    }, 100);
  }

  /** Killed: the table stays in the kernel, and a new process finds it there. */
  #restart(): void {
    this.#log.push(...this.world.log);
    this.world = this.#newWorld('active');
  }

  begin(): void {
    this.world.run(1000);
    this.#isExcused = false;
  }

  heal(): void {
    for (const [name, isUp] of this.#states) this.world.server(name, isUp, 5);
    this.world.run(30_000);
    const wanted = this.#wantedLines();
    const found = this.kernel.lines().filter((line) => !line.includes(FOREIGN));
    // With quiescent a server that is down may be there with weight 0 or not at all.
    const isZero = (line: string): boolean => line.endsWith('-w 0') && this.#options.isQuiescent;
    const carrying = found.filter((line) => !isZero(line));
    if (carrying.join('\n') !== wanted.join('\n')) {
      this.faults.push(
        `the table is not as wanted:\n${found.join('\n')}\n---\n${wanted.join('\n')}`,
      );
    }
  }

  #wantedLines(): readonly string[] {
    const lines: string[] = [];
    for (const one of this.#config.virtuals) {
      lines.push(`-A tcp ${one.name} -s ${one.scheduler}`);
      for (const server of one.reals) {
        const name = `${server.address}:${server.port}`;
        if (this.#states.get(name) !== true) continue;
        lines.push(`-a tcp ${one.name} -r ${name} masq -w ${server.weight}`);
      }
    }
    return lines.sort();
  }

  logOf(): readonly string[] {
    return [...this.#log, ...this.world.log];
  }
}

export function runSwarm(seed: number, tamper?: Tamper): SwarmRun {
  const prng = createPrng(seed);
  const options = drawOptions(prng);
  const swarm = new Swarm(prng, options, tamper);
  swarm.begin();
  for (let step = 0; step < options.steps && swarm.faults.length === 0; step++) swarm.step();
  if (swarm.faults.length === 0) swarm.heal();
  return { seed, options, faults: swarm.faults, log: swarm.logOf() };
}
