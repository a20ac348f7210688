// A pair of directors of which each may be Lubdub or Debian's heartbeat, on one wire and one serial
// cable, with one address that prefers each node. A watch over both kernels tells at any time who
// holds what, and how long an address had no holder or two.

import { cpSync, existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../host.js';
import { Lab } from '../lab.js';
import type { SerialCable } from '../serial-cable.js';
import { nowMs, waitFor } from '../wait.js';
import { type Cell, mediaLines, pingAddress, scenarioLines } from './cell.js';
import { installOriginal, LubdubSeat, OriginalSeat, type Seat, type SeatKind } from './seat.js';

export const nodeNames = ['alpha', 'beta'] as const;
export type NodeName = (typeof nodeNames)[number];

/** The address that prefers each node. */
export const vips = { alpha: '10.8.0.100', beta: '10.8.0.101' } as const;

export const keepaliveMs = 250;
export const deadtimeMs = 2000;
/** Both must have been started within it; where one starts alone, it is waited for. */
const initdeadMs = { together: 12_000, alone: 2 * deadtimeMs };
const sampleMs = 40;
/** From the addresses in their place to the word of the original's script about it. */
const takeoverMs = 10_000;

/** Who is to hold the address of each node. */
export type Holders = Readonly<Record<NodeName, NodeName>>;

interface Sample {
  readonly atMs: number;
  readonly alpha: readonly NodeName[];
  readonly beta: readonly NodeName[];
}

export const other = (name: NodeName): NodeName => (name === 'alpha' ? 'beta' : 'alpha');

function haCf(cell: Cell, end: 0 | 1): string {
  return [
    'logfile /var/log/ha-log',
    'logfacility none',
    'use_logd off',
    'coredumps false',
    `msgfmt ${cell.format}`,
    `keepalive ${keepaliveMs}ms`,
    `warntime ${deadtimeMs * 0.75}ms`,
    `deadtime ${deadtimeMs}ms`,
    `initdead ${initdeadMs[cell.scenario === 'late' ? 'alone' : 'together']}ms`,
    ...mediaLines(cell, `10.8.0.${2 - end}`, `fd08::${2 - end}`),
    `auto_failback ${cell.failback}`,
    ...scenarioLines(cell),
    'node alpha',
    'node beta',
    '',
  ].join('\n');
}

export class InteropPair {
  readonly cell: Cell;
  readonly lab: Lab = new Lab();
  readonly seats = new Map<NodeName, Seat>();
  private readonly former: Seat[] = [];
  private readonly samples: Sample[] = [];
  private sampler: NodeJS.Timeout | undefined;
  private laid: SerialCable | undefined;

  private constructor(cell: Cell) {
    this.cell = cell;
  }

  /** Both machines, configured; nothing runs yet. */
  static async build(cell: Cell): Promise<InteropPair> {
    const pair = new InteropPair(cell);
    try {
      await pair.addMachines();
      pair.sampler = setInterval(() => pair.sample(), sampleMs);
      return pair;
    } catch (error) {
      pair.lab.closeNow();
      throw error;
    }
  }

  private takeSeat(name: NodeName, host: Host, kind: SeatKind): void {
    this.seats.set(name, kind === 'lubdub' ? new LubdubSeat(host) : new OriginalSeat(host));
  }

  /** The other program on the same machine, with the files as they are; neither runs there. */
  exchange(name: NodeName, kind: SeatKind): void {
    const seat = this.seat(name);
    const log = join(seat.host.disk, 'log/ha-log');
    // Each keeps a log of its own, so that it can be told whose a line is.
    if (existsSync(log)) renameSync(log, `${log}.${this.former.length}.${seat.kind}`);
    this.former.push(seat);
    this.takeSeat(name, seat.host, kind);
  }

  /** An original lost a message of its own. */
  isSpoiled(): boolean {
    return [...this.seats.values(), ...this.former].some((seat) => seat.isSpoiled());
  }

  isAllLubdub(): boolean {
    return [...this.seats.values()].every(({ kind }) => kind === 'lubdub');
  }

  /** Messages of originals' own that were lost and given to them again. */
  givenAgain(): number {
    const seats = [...this.seats.values(), ...this.former];
    return seats.reduce((sum, seat) => sum + seat.givenAgain, 0);
  }

  /** Nobody answers a node that starts while it does not know that its takeover is complete. */
  async waitForTakeover(name: NodeName, sinceMs: number): Promise<void> {
    const what = `the takeover of ${name} to be complete`;
    await waitFor(what, takeoverMs, () => this.seat(name).hasTakenOver(sinceMs));
  }

  /** All that originals wrote on a node. */
  originalLog(name: NodeName): string[] {
    const { kind, host } = this.seat(name);
    const names = readdirSync(join(host.disk, 'log')).filter((file) =>
      kind === 'original'
        ? /^ha-log(\.\d+\.original)?$/.test(file)
        : /^ha-log\.\d+\.original$/.test(file),
    );
    return names.flatMap((file) => host.read(`log/${file}`).split('\n'));
  }

  private async addMachines(): Promise<void> {
    await this.lab.network.addSwitch('lan');
    this.laid = await this.lab.addCable();
    for (const [index, name] of nodeNames.entries()) {
      const end = index === 0 ? 0 : 1;
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
        tty: this.laid.device(end),
        hosts: ['10.8.0.1 alpha', '10.8.0.2 beta'],
      });
      installOriginal(host);
      this.takeSeat(name, host, this.cell.lubdub === name ? 'lubdub' : 'original');
      this.configure(host, end);
      await this.addIpv6(host, end);
    }
    if (this.cell.scenario === 'ipfail') await this.addPingHost();
  }

  private async addPingHost(): Promise<void> {
    const place = { device: 'eth0', switchName: 'lan', mac: '02:00:00:08:00:09' };
    await this.lab.addHost({
      name: 'router',
      interfaces: [{ ...place, address: `${pingAddress}/24` }],
    });
  }

  private configure(host: Host, end: 0 | 1): void {
    host.write('ha.d/ha.cf', haCf(this.cell, end));
    const groups = nodeNames.map((name) => `${name} IPaddr::${vips[name]}/24/eth0\n`);
    host.write('ha.d/haresources', groups.join(''));
    const key = this.cell.auth === 'crc' ? '' : ' laboratory';
    host.write('ha.d/authkeys', `auth 1\n1 ${this.cell.auth}${key}\n`, 0o600);
  }

  private async addIpv6(host: Host, end: 0 | 1): Promise<void> {
    await host.ip(`addr add fd08::${end + 1}/64 dev eth0 nodad`);
  }

  get cable(): SerialCable {
    if (this.laid === undefined) throw new Error('the cable is laid with the machines');
    return this.laid;
  }

  seat(name: NodeName): Seat {
    const seat = this.seats.get(name);
    if (seat === undefined) throw new Error(`no seat is called ${name}`);
    return seat;
  }

  /** Power loss: the machine with all it ran is gone at once. */
  powerOff(name: NodeName): Promise<void> {
    return this.seat(name).host.powerOff();
  }

  async powerOn(name: NodeName): Promise<void> {
    const { host } = this.seat(name);
    await host.powerOn();
    await this.addIpv6(host, name === 'alpha' ? 0 : 1);
  }

  /** No heartbeat passes, on any medium; each node still reaches the rest of the network. */
  async separate(): Promise<void> {
    this.cable.cut();
    await this.lab.network.separate(...nodeNames);
  }

  async rejoin(): Promise<void> {
    this.cable.mend();
    await this.lab.network.rejoin(...nodeNames);
  }

  /** Addresses of a host, from the kernel's own table: no program is started for a look. */
  private held(name: NodeName): (address: string) => boolean {
    const path = this.seat(name).host.procPath('net/fib_trie');
    let text = '';
    try {
      text = path === undefined ? '' : readFileSync(path, 'latin1');
    } catch {
      // It lost its power between the question and the look.
    }
    return (address) => text.includes(`|-- ${address}\n`);
  }

  private sample(): void {
    const isHeld = { alpha: this.held('alpha'), beta: this.held('beta') };
    const holding = (vip: string): NodeName[] => nodeNames.filter((name) => isHeld[name](vip));
    this.samples.push({ atMs: nowMs(), alpha: holding(vips.alpha), beta: holding(vips.beta) });
  }

  holds(holders: Partial<Holders>): boolean {
    this.sample();
    const last = this.samples.at(-1);
    return nodeNames.every((name) => {
      const wanted = holders[name];
      return wanted === undefined || last?.[name].join() === wanted;
    });
  }

  /** Each node holds both addresses. */
  holdsTwice(): boolean {
    this.sample();
    const last = this.samples.at(-1);
    return nodeNames.every((name) => last?.[name].length === 2);
  }

  /** The longest span since then in which an address had so many holders; addresses apart. */
  longestWith(count: number, sinceMs: number): number {
    let longest = 0;
    for (const name of nodeNames) {
      let from: number | undefined;
      for (const sample of this.samples) {
        if (sample.atMs < sinceMs) continue;
        if (sample[name].length !== count) from = undefined;
        else {
          from ??= sample.atMs;
          longest = Math.max(longest, sample.atMs - from);
        }
      }
    }
    return Math.round(longest);
  }

  describe(): string {
    const last = this.samples.at(-1);
    return nodeNames.map((name) => `${vips[name]} on [${last?.[name].join(' ')}]`).join(', ');
  }

  async waitForHolders(holders: Partial<Holders>, limitMs: number): Promise<void> {
    const what = nodeNames.map((name) => `${vips[name]} on ${holders[name] ?? 'any'}`).join(', ');
    await waitFor(
      what,
      limitMs,
      () => this.holds(holders),
      () => this.describe(),
    );
  }

  /** Both are active, see each other active, and nothing is on its way. */
  async waitForBothSettled(limitMs: number): Promise<void> {
    for (const name of nodeNames) {
      const isSettled = (): Promise<boolean> => this.seat(name).isSettled(other(name));
      await waitFor(`${name} to be settled`, limitMs, isSettled);
    }
  }

  explain(): string {
    return nodeNames.map((name) => this.seat(name).explain()).join('\n');
  }

  /** All that both wrote, into a folder. */
  keepLogs(folder: string): void {
    for (const name of nodeNames) {
      cpSync(join(this.seat(name).host.disk, 'log'), join(folder, name), { recursive: true });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.sampler);
    await this.lab.close();
  }
}
