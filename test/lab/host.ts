// One machine of the lab: namespaces, a disk folder that outlives a power loss, interfaces.
// Knows nothing of the programs that run on it.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostInitScript } from './host-init.js';
import { IpBatch } from './ip-batch.js';
import type { Network } from './network.js';
import { boundToUs, type Finished, Program, type RunOptions, run, start } from './process.js';
import { waitFor } from './wait.js';

export interface Interface {
  readonly device: string;
  readonly switchName: string;
  /** Address with prefix; absent for an interface without one. */
  readonly address?: string;
  readonly mac: string;
}

export interface HostSettings {
  readonly name: string;
  readonly interfaces: readonly Interface[];
  readonly gateway?: string;
  readonly forwards?: boolean;
  /** The pty that stands for the host's /dev/ttyS0. */
  readonly tty?: string;
  /** Lines of /etc/hosts. */
  readonly hosts?: readonly string[];
}

export interface HostProcess {
  readonly pid: number;
  readonly command: string;
}

export interface HeldAddress {
  readonly device: string;
  readonly address: string;
  readonly label: string;
}

const powerOnMs = 60_000;

export class Host {
  readonly settings: HostSettings;
  readonly disk: string;
  /** Programs beside the host that end with the lab, such as the follower of a log file. */
  readonly companions: Program[] = [];
  private readonly network: Network;
  private init: ChildProcess | undefined;
  private initPid = 0;
  private batch: IpBatch | undefined;

  constructor(settings: HostSettings, labFolder: string, network: Network) {
    this.settings = settings;
    this.network = network;
    this.disk = join(labFolder, settings.name);
    for (const folder of ['ha.d/resource.d', 'lubdub', 'heartbeat', 'log/nginx', 'srv']) {
      mkdirSync(join(this.disk, folder), { recursive: true });
    }
  }

  get name(): string {
    return this.settings.name;
  }

  get isOn(): boolean {
    return this.initPid !== 0;
  }

  /** Writes a file on the host's disk, for instance `ha.d/ha.cf`. */
  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.disk, path), text, { mode });
  }

  read(path: string): string {
    return readFileSync(join(this.disk, path), 'utf8');
  }

  /** Makes the host's kernel anew, with the disk as it was left, and plugs its cables in. */
  async powerOn(): Promise<void> {
    const own = `127.0.0.1 localhost\n`;
    this.write('hosts', `${own}${(this.settings.hosts ?? []).join('\n')}\n`);
    if (this.settings.tty !== undefined) this.write('tty', this.settings.tty);
    const init = start([
      ...boundToUs(['unshare', '--net', '--mount', '--uts', '--pid', '--fork']),
      ...['--kill-child=KILL', '--propagation', 'private'],
      ...['sh', '-c', hostInitScript, 'lab-init', this.name, this.disk],
    ]);
    this.init = init;
    let said = '';
    init.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    init.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const pid = await waitFor(
      `${this.name} to come up`,
      powerOnMs,
      () => /^ready (\d+)$/m.exec(said)?.[1],
      () => said,
    );
    this.initPid = Number(pid);
    this.batch = new IpBatch(['nsenter', '-t', pid, '-n', '--']);
    for (const each of this.settings.interfaces) {
      await this.network.plug(this.name, this.initPid, each.device, each.switchName, each.mac);
    }
    await this.ip(...this.addressing());
    if (this.settings.forwards === true) await this.sysctl('net/ipv4/ip_forward', '1');
  }

  private addressing(): string[] {
    const lines = this.settings.interfaces.flatMap((each) => [
      ...(each.address === undefined ? [] : [`addr add ${each.address} brd + dev ${each.device}`]),
      `link set ${each.device} up`,
    ]);
    if (this.settings.gateway !== undefined) {
      lines.push(`route add default via ${this.settings.gateway}`);
    }
    return lines;
  }

  /** Power loss: carrier gone, every process killed, the kernel's state gone. */
  async powerOff(): Promise<void> {
    if (!this.isOn) return;
    await this.network.cut(this.name);
    const ended = new Promise<void>((resolve) => this.init?.on('exit', () => resolve()));
    process.kill(this.initPid, 'SIGKILL');
    this.initPid = 0;
    this.batch?.end();
    await ended;
    await this.network.unplug(this.name);
  }

  /** For the exit handler: no promise can be waited for there. */
  killNow(): void {
    for (const each of this.companions) each.child.kill('SIGKILL');
    this.init?.kill('SIGKILL');
    this.batch?.end();
    this.initPid = 0;
  }

  private inside(argv: readonly string[]): string[] {
    if (!this.isOn) throw new Error(`${this.name} is powered off`);
    return ['nsenter', '-t', String(this.initPid), '-m', '-n', '-u', '-p', '--', ...argv];
  }

  /** A path of the host's own file system as this process reaches it. */
  insidePath(path: string): string | undefined {
    return this.isOn ? `/proc/${this.initPid}/root${path}` : undefined;
  }

  /** A file of /proc as the host's first process has it, such as `net/fib_trie`. */
  procPath(name: string): string | undefined {
    return this.isOn ? `/proc/${this.initPid}/${name}` : undefined;
  }

  /** Runs a command on the host to its end. */
  run(argv: readonly string[], options?: RunOptions): Promise<Finished> {
    return run(this.inside(argv), options);
  }

  /** Starts a program on the host; power loss ends it, and so does the end of the lab. */
  start(argv: readonly string[], onLine?: (line: string) => void): Program {
    return new Program(this.inside(argv), process.env, onLine);
  }

  async ip(...lines: readonly string[]): Promise<void> {
    await this.batch?.run(...lines);
  }

  async sysctl(path: string, value: string): Promise<void> {
    await this.run(['sh', '-c', 'echo "$2" > "/proc/sys/$1"', 'sysctl', path, value]);
  }

  /** The host's processes, with their PIDs as the lab's kernel counts them. */
  processes(): HostProcess[] {
    if (!this.isOn) return [];
    const namespace = readlinkSync(`/proc/${this.initPid}/ns/pid`);
    const found: HostProcess[] = [];
    for (const entry of readdirSync('/proc')) {
      const pid = Number(entry);
      if (!Number.isInteger(pid) || pid === this.initPid) continue;
      try {
        if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) continue;
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        const command = words.join(' ').trim();
        if (command !== '') found.push({ pid, command });
      } catch {
        // The process ended while we looked.
      }
    }
    return found;
  }

  /** Sends a signal to every process of the host whose command line matches; gives their number. */
  kill(pattern: RegExp, signal: NodeJS.Signals = 'SIGKILL'): number {
    const found = this.processes().filter((each) => pattern.test(each.command));
    for (const each of found) {
      try {
        process.kill(each.pid, signal);
      } catch {
        // It ended between the look and the signal.
      }
    }
    return found.length;
  }

  /** IPv4 addresses as the kernel has them, read with ip and not with our own netlink. */
  async addresses(): Promise<HeldAddress[]> {
    const { stdout } = await this.run(['ip', '-4', '-o', 'addr', 'show']);
    return stdout.split('\n').flatMap((line) => {
      const match = /^\d+: (\S+)\s+inet (\S+) .*scope \S+ (?:\S+ )*(\S+?)\\/.exec(line);
      const [, device, address, label] = match ?? [];
      return device === undefined || address === undefined || label === undefined
        ? []
        : [{ device, address, label }];
    });
  }

  async holds(address: string): Promise<boolean> {
    if (!this.isOn) return false;
    return (await this.addresses()).some((each) => each.address.split('/')[0] === address);
  }

  /** The MAC this host would send frames for `address` to, as its kernel remembers it. */
  async neighbour(address: string): Promise<string | undefined> {
    const { stdout } = await this.run(['ip', 'neigh', 'show', address]);
    return /lladdr (\S+)/.exec(stdout)?.[1];
  }
}
