// The built heartbeat program on one lab host, run as an operator would run it. The only place
// of the lab that knows the program's command line and process names.

import { fileURLToPath } from 'node:url';
import { askControl } from '#src/runtime/control-socket.js';
import type { Host } from './host.js';
import type { Finished, Program } from './process.js';
import { waitFor } from './wait.js';
import { AddressWatch, LogWatch } from './watch.js';

const lubdub = fileURLToPath(new URL('../../bin/lubdub.js', import.meta.url));

/** The process that beats and decides names itself so; its parent is the keeper. */
const statusMs = 10_000;
const daemonPattern = /^lubdub heartbeat daemon/;
const keeperPattern = /keeper-main\.js|bin\/lubdub\.js heartbeat/;
const anyPattern =
  /^lubdub heartbeat|heartbeat\/(daemon|keeper)-main\.js|bin\/lubdub\.js heartbeat/;

const commandMs = 120_000;
const newsMs = 10_000;

export interface LinkSeen {
  readonly medium: string;
  readonly state: string;
}

export interface NodeSeen {
  readonly name: string;
  readonly state: string;
  readonly links: readonly LinkSeen[];
}

/** What the lab reads of `lubdub status --json`. */
export interface StatusSeen {
  readonly node: string;
  readonly holding: string;
  readonly isStable: boolean;
  readonly signingKey: number;
  readonly nodes: readonly NodeSeen[];
  readonly messages: { readonly refused: Readonly<Record<string, number>> };
}

export class HeartbeatProgram {
  readonly host: Host;
  readonly log: LogWatch;
  private watch: AddressWatch | undefined;
  private program: Program | undefined;

  constructor(host: Host) {
    this.host = host;
    this.log = new LogWatch(host);
  }

  /** Starts the program; true beating is for the caller to wait for. */
  start(): void {
    this.watch = new AddressWatch(this.host);
    const words = ['heartbeat', '--foreground', '--config-dir', '/etc/ha.d'];
    this.program = this.host.start([process.execPath, lubdub, ...words]);
  }

  get output(): string {
    return this.program?.output ?? '';
  }

  /** Log and standard error, for the message of a failed wait. */
  explain(): string {
    return `--- ${this.host.name} log\n${this.log.tail()}\n--- output\n${this.output.slice(-3000)}`;
  }

  /** The kernel's news of a change may be read later than the change itself was seen. */
  gained(address: string, sinceMs: number): Promise<number> {
    return this.waitForNews(`${address} gained`, () => this.watch?.gained(address, sinceMs));
  }

  lost(address: string, sinceMs: number): Promise<number> {
    return this.waitForNews(`${address} lost`, () => this.watch?.lost(address, sinceMs));
  }

  /** True when the kernel has told of no loss since then, all news up to now being read. */
  async neverLost(address: string, sinceMs: number): Promise<boolean> {
    await this.watch?.readUpToNow();
    return this.watch?.lost(address, sinceMs) === undefined;
  }

  /** True when it did not appear since then, all news up to now being read. */
  async neverGained(address: string, sinceMs: number): Promise<boolean> {
    await this.watch?.readUpToNow();
    return this.watch?.gained(address, sinceMs) === undefined;
  }

  private waitForNews(what: string, look: () => number | undefined): Promise<number> {
    return waitFor(`news of ${what} on ${this.host.name}`, newsMs, look, () => this.explain());
  }

  command(...words: readonly string[]): Promise<Finished> {
    const argv = [process.execPath, lubdub, ...words];
    return this.host.run(argv, { anyCode: true, limitMs: commandMs });
  }

  /**
   * What `lubdub status --json` prints, asked on the daemon's socket: starting a program for each
   * look would starve an emulated machine.
   */
  async status(): Promise<StatusSeen | undefined> {
    const socket = this.host.insidePath('/run/lubdub/heartbeat.sock');
    if (socket === undefined) return undefined;
    const answer = await askControl(socket, { command: 'status' }, statusMs);
    if (!answer.ok || answer.value.ok !== true) return undefined;
    const seen: StatusSeen = JSON.parse(JSON.stringify(answer.value));
    return seen;
  }

  /** Waits until this node's status satisfies the claim. */
  waitForStatus(
    what: string,
    limitMs: number,
    claim: (status: StatusSeen) => boolean,
  ): Promise<StatusSeen> {
    let last: StatusSeen | undefined;
    return waitFor(
      `${what} on ${this.host.name}`,
      limitMs,
      async () => {
        last = await this.status();
        return last !== undefined && claim(last) ? last : undefined;
      },
      () => `${JSON.stringify(last)}\n${this.explain()}`,
    );
  }

  /** Sends a signal to the daemon alone; its keeper lives on. Gives the number of processes hit. */
  killDaemon(signal: NodeJS.Signals = 'SIGKILL'): number {
    return this.host.kill(daemonPattern, signal);
  }

  /** Sends a signal to the keeper alone; the daemon lives on. */
  killKeeper(signal: NodeJS.Signals = 'SIGKILL'): number {
    return this.host.kill(keeperPattern, signal);
  }

  /** PIDs of the daemon that serves, as the lab counts them; a waiting successor is not one. */
  daemonPids(): number[] {
    return this.host
      .processes()
      .filter((each) => daemonPattern.test(each.command))
      .map((each) => each.pid);
  }

  isKeeperRunning(): boolean {
    return this.host.processes().some((each) => keeperPattern.test(each.command));
  }

  isDaemonRunning(): boolean {
    return this.host.processes().some((each) => daemonPattern.test(each.command));
  }

  isRunning(): boolean {
    return this.host.processes().some((each) => anyPattern.test(each.command));
  }

  /** Clean stop: what an operator's SIGTERM to the service does. */
  async stop(limitMs: number): Promise<void> {
    this.host.kill(keeperPattern, 'SIGTERM');
    await waitFor(
      `heartbeat on ${this.host.name} to stop`,
      limitMs,
      () => !this.isRunning(),
      () => this.explain(),
    );
  }
}
