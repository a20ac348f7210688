// Where one recorded scenario is played: a network namespace for the director and one for each real
// server on one Ethernet segment, with the recorded listeners in them, and folders of its own.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IpvsTable, openIpvsTable } from '#src/kernel/ipvs.js';
import type { RecordedCase } from '../../conformance/ldirectord-recorded.js';
import { type Listener, listen, type RunningListener } from '../../listeners/listener.js';
import { authorityCertificate, trustedCertificate, trustedKey } from '../../listeners/trusted.js';
import { inNamespace, sysIn } from '../netns.js';
import { Shell } from './shell.js';

interface Seat {
  readonly listener: Listener;
  running: RunningListener | undefined;
}

/** Where the director finds its files: the scenario's folder stands there, as it was recorded. */
export const CONFIG_DIR = '/etc/ha.d';

const CLOSED: Listener = { kind: 'closed' };
const trusted = { cert: trustedCertificate, key: trustedKey };

/** What every resolver of the place reads: the scenario's own hosts and nothing else. */
const nameSwitch = 'hosts: files\nservices: files\npasswd: files\ngroup: files\n';

export class Place {
  readonly folder: string;
  readonly director: string;
  /** What mail servers of the scenario were sent. */
  readonly mails: (readonly string[])[] = [];
  readonly #recorded: RecordedCase;
  readonly #tag: string;
  readonly #seats = new Map<string, Seat>();
  readonly #outside: Shell;
  #inside: Shell | undefined;
  #table: IpvsTable | undefined;

  /** `outside` is a shell of the machine itself, shared by all places. */
  constructor(recorded: RecordedCase, parent: string, outside: Shell) {
    this.#outside = outside;
    this.#recorded = recorded;
    this.#tag = `ldr-${process.pid}-${recorded.name}`;
    this.director = `${this.#tag}-d`;
    this.folder = join(parent, recorded.name);
  }

  #namespace(real: string): string {
    return real === 'dir' ? this.director : `${this.#tag}-${real}`;
  }

  #reals(): readonly string[] {
    return Object.keys(this.#recorded.topology.reals).filter((name) => name !== 'dir');
  }

  async #ip(lines: readonly string[], ...options: readonly string[]): Promise<void> {
    const input = `${lines.join('\n')}\n`;
    const { code, stderr } = await this.#outside.run(['ip', ...options, '-batch', '-'], { input });
    if (code !== 0) throw new Error(`ip: ${stderr}\n${input}`);
  }

  async build(): Promise<void> {
    mkdirSync(CONFIG_DIR, { recursive: true });
    for (const each of ['case', 'run/lock', 'log', 'tmp']) {
      mkdirSync(join(this.folder, each), { recursive: true });
    }
    writeFileSync(join(this.folder, 'ca.pem'), authorityCertificate);
    this.#writeNames();
    await this.#addNamespaces();
    await this.#addDirector();
    await Promise.all(this.#reals().map((real) => this.#addReal(real)));
    const table = openIpvsTable(sysIn(this.director));
    if (!table.ok) throw new Error(table.detail);
    this.#table = table.value;
    for (const [real, { listen: listeners }] of Object.entries(this.#recorded.topology.reals)) {
      for (const [where, listener] of Object.entries(listeners)) {
        await this.setListener(real, where, listener);
      }
    }
  }

  get table(): IpvsTable {
    if (this.#table === undefined) throw new Error('the place is not built');
    return this.#table;
  }

  #writeNames(): void {
    const etc = join('/etc/netns', this.director);
    mkdirSync(etc, { recursive: true });
    const hosts = ['127.0.0.1 localhost', ...(this.#recorded.hosts ?? []).map((h) => h.join(' '))];
    writeFileSync(join(etc, 'hosts'), `${hosts.join('\n')}\n`);
    writeFileSync(join(etc, 'nsswitch.conf'), nameSwitch);
    writeFileSync(join(etc, 'resolv.conf'), '');
  }

  async #addNamespaces(): Promise<void> {
    const names = [this.director, ...this.#reals().map((real) => this.#namespace(real))];
    const cables = this.#reals().map(
      (real, at) =>
        `link add name p${at} netns ${this.director} type veth ` +
        `peer name eth0 netns ${this.#namespace(real)}`,
    );
    await this.#ip([...names.map((name) => `netns add ${name}`), ...cables]);
  }

  async #addDirector(): Promise<void> {
    const { director, vips } = this.#recorded.topology;
    const ports = this.#reals().map((_, at) => `link set p${at} master br0 up`);
    await this.#ip(
      [
        'link set lo up',
        'link add br0 type bridge forward_delay 0 stp_state 0',
        ...ports,
        ...director.map((address) => `addr add ${address} dev br0${noDad(address)}`),
        'link set br0 up',
        ...vips.map((address) => `addr add ${address} dev lo${noDad(address)}`),
      ],
      '-n',
      this.director,
    );
  }

  async #addReal(real: string): Promise<void> {
    const addresses = this.#recorded.topology.reals[real]?.addr ?? [];
    await this.#ip(
      [
        'link set lo up',
        ...addresses.map((address) => `addr add ${address} dev eth0${noDad(address)}`),
        'link set eth0 up',
      ],
      '-n',
      this.#namespace(real),
    );
  }

  /** Merged into what the listener does now. */
  async setListener(real: string, where: string, set: Partial<Listener>): Promise<void> {
    const key = `${real} ${where}`;
    const known = this.#seats.get(key);
    const seat = known ?? {
      listener: { ...(set.kind === undefined ? {} : CLOSED) },
      running: undefined,
    };
    this.#seats.set(key, seat);
    Object.assign(seat.listener, set);
    if (seat.listener.kind === 'smtp') {
      seat.listener.onMail = (lines) => void this.mails.push(lines);
    }
    const isClosed = seat.listener.kind === 'closed';
    if (isClosed) {
      const { running } = seat;
      seat.running = undefined;
      await running?.close();
    } else seat.running ??= await this.#open(real, where, seat.listener);
  }

  #open(real: string, where: string, listener: Listener): Promise<RunningListener> {
    const namespace = this.#namespace(real);
    const address = this.#recorded.topology.reals[real]?.addr[0] ?? '0.0.0.0';
    const anywhere = where.startsWith('udp/') && !address.includes(':') ? '0.0.0.0' : '::';
    return listen(anywhere, where, () => listener, {
      trusted,
      within: (work) => inNamespace(namespace, work),
    });
  }

  /** Nothing comes back any more: what the real server sends is dropped where it leaves. */
  async setLink(real: string, state: 'blackhole' | 'up'): Promise<void> {
    const verb = state === 'up' ? 'del' : 'add';
    const addresses = this.#recorded.topology.reals[real]?.addr ?? [];
    const bare = addresses.map((address) => address.replace(/\/\d+$/, ''));
    const lines = bare.map((one) => `rule ${verb} pref 10 from ${one} blackhole`);
    for (const family of ['-4', '-6']) {
      const own = lines.filter((line) => line.includes(':') === (family === '-6'));
      if (own.length === 0) continue;
      await this.#ip(own, family, '-n', this.#namespace(real));
    }
  }

  /**
   * Inside the director: its own network, names, /run, /var/log and /etc/ha.d, so that several
   * directors find their usual places side by side.
   */
  get inside(): Shell {
    this.#inside ??= new Shell(this.#enter());
    return this.#inside;
  }

  #enter(): readonly string[] {
    const pairs = [
      ['run', '/run'],
      ['log', '/var/log'],
      ['case', CONFIG_DIR],
    ];
    const mounts = pairs.map(([own, usual]) => `mount --bind ${this.folder}/${own} ${usual}`);
    const enter = `${mounts.join(' && ')} && exec "$@"`;
    return ['ip', 'netns', 'exec', this.director, 'sh', '-c', enter, 'sh'];
  }

  async close(): Promise<void> {
    this.#table?.close();
    await this.#inside?.close();
    await Promise.all([...this.#seats.values()].map((seat) => seat.running?.close()));
    const names = [this.director, ...this.#reals().map((real) => this.#namespace(real))];
    await this.#ip(names.map((name) => `netns del ${name}`)).catch(() => undefined);
    rmSync(join('/etc/netns', this.director), { recursive: true, force: true });
  }
}

const noDad = (address: string): string => (address.includes(':') ? ' nodad' : '');
