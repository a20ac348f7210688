// One node of an interop pair: a lab host and the heartbeat that runs on it, of either kind, driven
// by the commands that an administrator of that kind has. What both kinds share is `Seat`.

import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { HeartbeatProgram } from '../heartbeat-program.js';
import type { Host } from '../host.js';
import { holdsFor, nowMs, waitFor } from '../wait.js';
import { LogWatch } from '../watch.js';

export type SeatKind = 'lubdub' | 'original';

export type HoldWord = 'all' | 'local' | 'foreign' | 'failback';

export interface Seat {
  readonly kind: SeatKind;
  readonly host: Host;
  readonly log: LogWatch;
  /** Starts the heartbeat of a host that is on. */
  start(): Promise<void>;
  /** Clean stop; returns when the program has gone. */
  stop(limitMs: number): Promise<void>;
  isRunning(): boolean;
  ask(command: 'standby' | 'takeover', word: HoldWord): Promise<void>;
  /** Active, the peer active, and nothing on its way. */
  isSettled(peer: string): Promise<boolean>;
  /** Alone, and all that it took over since then is in place as the daemon sees it too. */
  hasTakenOver(sinceMs: number): boolean;
  /** It lost one of its own messages, for which nothing here can be blamed. */
  isSpoiled(): boolean;
  /** How many of its own lost messages were given to it again. */
  readonly givenAgain: number;
  explain(): string;
}

export class LubdubSeat implements Seat {
  readonly kind = 'lubdub';
  readonly host: Host;
  private readonly program: HeartbeatProgram;

  constructor(host: Host) {
    this.host = host;
    this.program = new HeartbeatProgram(host);
  }

  get log(): LogWatch {
    return this.program.log;
  }

  async start(): Promise<void> {
    this.program.start();
  }

  stop(limitMs: number): Promise<void> {
    return this.program.stop(limitMs);
  }

  isRunning(): boolean {
    return this.program.isRunning();
  }

  async ask(command: 'standby' | 'takeover', word: HoldWord): Promise<void> {
    const { code, stdout, stderr } = await this.program.command(command, word);
    if (code !== 0) {
      const what = `lubdub ${command} ${word} on ${this.host.name}: exit ${code}`;
      throw new Error(`${what}\n${stdout}${stderr}`);
    }
  }

  async isSettled(peer: string): Promise<boolean> {
    const status = await this.program.status();
    if (status === undefined) return false;
    return status.isStable && status.nodes.find((n) => n.name === peer)?.state === 'active';
  }

  readonly givenAgain = 0;

  hasTakenOver(): boolean {
    return true;
  }

  isSpoiled(): boolean {
    return false;
  }

  explain(): string {
    return this.program.explain();
  }
}

/** Debian's daemon renames its processes: `heartbeat: master control process`, `… FIFO reader`. */
const originalPattern = /^heartbeat: /;
const daemon = '/usr/libexec/heartbeat/heartbeat';
const tools = '/usr/share/heartbeat';
/** Its package's own folders below /run and /var/lib; the service manager makes them elsewhere. */
const makeRunFolders = `set -e
mkdir -p /run/heartbeat/ccm /run/heartbeat/crm /run/heartbeat/dopd /run/resource-agents
chown hacluster:haclient /run/heartbeat /run/heartbeat/*
chmod 750 /run/heartbeat/*; chmod 755 /run/heartbeat
ip route replace 224.0.0.0/4 dev eth0
`;
const startMs = 30_000;
/** How long a command may take to be taken up, over a slow serial line too. */
const askMs = 4000;
const asksMax = 3;
/** How long the word of mach_down may take from the FIFO to the log. */
const wordMs = 3000;
const machDownWord = '>>>\nt=resource\nrsc_hold=foreign\ninfo=mach_down\n<<<\n';
const scriptDone = /mach_down takeover complete for node/;
const daemonDone = /heartbeat: \[\d+\]: info: mach_down takeover complete\.$/;

/** What Debian's package installs for a node, before its configuration is written beside it. */
export function installOriginal(host: Host): void {
  cpSync('/etc/ha.d', join(host.disk, 'ha.d'), { recursive: true });
  cpSync('/var/lib/heartbeat', join(host.disk, 'heartbeat'), { recursive: true });
}

/** Debian's heartbeat 3.0.6 with its own scripts, started and asked as its users do. */
export class OriginalSeat implements Seat {
  readonly kind = 'original';
  readonly host: Host;
  readonly log: LogWatch;
  /** What cl_status said last. */
  private answered = 'was not asked';
  givenAgain = 0;
  /** When its script was last seen to have ended while the daemon did not know of it. */
  private missingSinceMs: number | undefined;

  constructor(host: Host) {
    this.host = host;
    this.log = new LogWatch(host);
  }

  async start(): Promise<void> {
    await this.host.run(['sh', '-c', makeRunFolders]);
    const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
    const words = ['env', '-i', path, 'HOME=/root', 'LANG=C', daemon];
    // The daemon inherits what it is started with; a pipe that stays open would never be read out.
    const shell = '"$@" >> /var/log/stdout 2>&1 < /dev/null';
    await this.host.run(['sh', '-c', shell, 'start', ...words], { limitMs: startMs });
  }

  async stop(limitMs: number): Promise<void> {
    const stopping = this.host.run(['sh', '-c', `${daemon} -k > /dev/null 2>&1`], {
      anyCode: true,
      limitMs,
    });
    const what = `the original on ${this.host.name} to stop`;
    await waitFor(what, limitMs, () => !this.isRunning());
    await stopping;
  }

  isRunning(): boolean {
    return this.host.processes().some((each) => originalPattern.test(each.command));
  }

  /** The tools only write to a FIFO: whether the daemon took it up stands in its log. */
  async ask(command: 'standby' | 'takeover', word: HoldWord): Promise<void> {
    const from = nowMs();
    for (let tries = 1; ; tries++) {
      await this.host.run([`${tools}/hb_${command}`, word]);
      const isTaken = (): boolean => this.log.find(/wants to go standby/, from) !== undefined;
      if (!(await holdsFor(askMs, () => !isTaken()))) return;
      if (tries === asksMax) throw new Error(`hb_${command} ${word} is not taken up`);
      this.givenAgain += 1;
    }
  }

  private async clStatus(...words: readonly string[]): Promise<string> {
    const done = await this.host.run(['cl_status', ...words], { anyCode: true, limitMs: 10_000 });
    return done.stdout.trim() || done.stderr.trim();
  }

  async isSettled(peer: string): Promise<boolean> {
    const node = await this.clStatus('nodestatus', peer);
    const holding = await this.clStatus('rscstatus');
    this.answered = `sees ${peer} [${node}], holds [${holding}]`;
    // `none` is also what it says in legacy mode, whatever it holds.
    return node === 'active' && ['none', 'local', 'foreign', 'all'].includes(holding);
  }

  private count(pattern: RegExp, sinceMs: number): number {
    return this.log.lines.filter((line) => line.atMs >= sinceMs && pattern.test(line.text)).length;
  }

  /** While it waits for this word of its script, it answers no node that starts. */
  hasTakenOver(sinceMs: number): boolean {
    const isDone = this.count(scriptDone, sinceMs) > 0 && !this.isWordMissing(sinceMs);
    if (this.isWordMissing(sinceMs)) this.giveWordAgain();
    return isDone;
  }

  /**
   * The word of mach_down as mach_down writes it, but in one piece. With msgfmt netstring the first
   * one is always lost (docs/interop.md).
   */
  private giveWordAgain(): void {
    this.missingSinceMs ??= nowMs();
    if (nowMs() - this.missingSinceMs < wordMs) return;
    this.missingSinceMs = undefined;
    this.givenAgain += 1;
    const fifo = this.host.insidePath('/var/lib/heartbeat/fifo');
    if (fifo !== undefined) appendFileSync(fifo, machDownWord);
  }

  private isWordMissing(sinceMs: number): boolean {
    return this.count(daemonDone, sinceMs) < this.count(scriptDone, sinceMs);
  }

  /**
   * Its scripts hand messages to the daemon through a FIFO in several pieces, and two that write at
   * once, or a busy machine, spoil them (seen between two originals as well): a command without
   * effect, or a takeover that the daemon waits for for ever.
   */
  isSpoiled(): boolean {
    return this.count(/Message with zero fields/, 0) > 0 || this.isWordMissing(0);
  }

  explain(): string {
    const lost = this.givenAgain === 0 ? '' : `, ${this.givenAgain} messages given again`;
    return `--- ${this.host.name} (original) ${this.answered}${lost}, log\n${this.log.tail(40)}`;
  }
}
