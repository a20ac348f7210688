// A bare pair of directors on one wire and one serial cable, with one address to hold: for tests
// of media, keys, cuts and deaths that need no IPVS.

import { HeartbeatProgram } from './heartbeat-program.js';
import { Lab } from './lab.js';
import type { SerialCable } from './serial-cable.js';
import { waitFor } from './wait.js';

export const vip = '10.8.0.100';

export interface PairOptions {
  /** Media lines of ha.cf for each node; `$peer` and `$peer6` become the other node's address. */
  readonly media: readonly string[];
  readonly keepalive?: string;
  readonly deadtimeMs?: number;
  /** Twice the dead time when left out. */
  readonly initdeadMs?: number;
  /** Further lines of ha.cf. */
  readonly lines?: readonly string[];
  readonly authkeys?: readonly [string, string];
  readonly haresources?: string;
}

const sharedKey = 'auth 1\n1 sha1 laboratory\n';

function haCf(options: PairOptions, peer: 1 | 2): string {
  const deadtimeMs = options.deadtimeMs ?? 1000;
  return [
    'logfile /var/log/ha-log',
    'logfacility none',
    `keepalive ${options.keepalive ?? '100ms'}`,
    `warntime ${Math.round(deadtimeMs / 2)}ms`,
    `deadtime ${deadtimeMs}ms`,
    `initdead ${options.initdeadMs ?? deadtimeMs * 2}ms`,
    ...options.media.map((line) =>
      line.replaceAll('$peer6', `fd08::${peer}`).replaceAll('$peer', `10.8.0.${peer}`),
    ),
    'auto_failback off',
    ...(options.lines ?? []),
    'node alpha',
    'node beta',
    '',
  ].join('\n');
}

export class Pair {
  readonly lab: Lab = new Lab();
  readonly options: PairOptions;
  readonly deadtimeMs: number;
  private programs: HeartbeatProgram[] = [];
  private serial: SerialCable | undefined;

  private constructor(options: PairOptions) {
    this.options = options;
    this.deadtimeMs = options.deadtimeMs ?? 1000;
  }

  /** Both machines and a client, configured; nothing runs yet. */
  static async build(options: PairOptions): Promise<Pair> {
    const pair = new Pair(options);
    try {
      await pair.addMachines();
      return pair;
    } catch (error) {
      pair.lab.closeNow();
      throw error;
    }
  }

  /** Built and started, with the address on alpha. */
  static async start(options: PairOptions): Promise<Pair> {
    const pair = await Pair.build(options);
    try {
      for (const each of pair.programs) each.start();
      await pair.waitForHolder('alpha', 40_000);
      await pair.waitForBothActive(40_000);
      return pair;
    } catch (error) {
      await pair.lab.close();
      throw error;
    }
  }

  private async addMachines(): Promise<void> {
    await this.lab.network.addSwitch('lan');
    this.serial = await this.lab.addCable();
    for (const [end, name] of [
      [0, 'alpha'],
      [1, 'beta'],
    ] as const) {
      const host = await this.lab.addHost({
        name,
        interfaces: [
          {
            device: 'eth0',
            switchName: 'lan',
            address: `10.8.0.${end + 1}/24`,
            mac: `02:00:00:08:00:0${end + 1}`,
          },
        ],
        tty: this.cable.device(end),
        hosts: ['10.8.0.1 alpha', '10.8.0.2 beta'],
      });
      await host.ip(`addr add fd08::${end + 1}/64 dev eth0 nodad`);
      host.write('ha.d/ha.cf', haCf(this.options, end === 0 ? 2 : 1));
      host.write('ha.d/haresources', this.options.haresources ?? `alpha ${vip}/24/eth0\n`);
      host.write('ha.d/authkeys', this.options.authkeys?.[end] ?? sharedKey, 0o600);
      this.programs.push(new HeartbeatProgram(host));
    }
    await this.lab.addHost({
      name: 'client',
      interfaces: [
        {
          device: 'eth0',
          switchName: 'lan',
          address: '10.8.0.9/24',
          mac: '02:00:00:08:00:09',
        },
      ],
    });
  }

  get cable(): SerialCable {
    if (this.serial === undefined) throw new Error('the cable is laid with the machines');
    return this.serial;
  }

  private program(index: number): HeartbeatProgram {
    const program = this.programs[index];
    if (program === undefined) throw new Error('a pair has two nodes');
    return program;
  }

  get alpha(): HeartbeatProgram {
    return this.program(0);
  }

  get beta(): HeartbeatProgram {
    return this.program(1);
  }

  explain(): string {
    return this.programs.map((each) => each.explain()).join('\n');
  }

  async holders(address = vip): Promise<string[]> {
    const found: string[] = [];
    for (const { host } of this.programs) if (await host.holds(address)) found.push(host.name);
    return found;
  }

  async waitForHolder(name: string, limitMs: number): Promise<void> {
    await waitFor(
      `${name} alone to hold ${vip}`,
      limitMs,
      async () => {
        const holders = await this.holders();
        return holders.length === 1 && holders[0] === name;
      },
      () => this.explain(),
    );
  }

  async waitForBothActive(limitMs: number): Promise<void> {
    for (const program of this.programs) {
      await program.waitForStatus(
        'both nodes active',
        limitMs,
        ({ isStable, nodes }) =>
          isStable && nodes.every(({ state }) => state === 'active' || state === 'ping'),
      );
    }
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}
