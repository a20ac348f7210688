// Watches over the kernel and the logs of hosts: when an address came and went, when a log line
// appeared. Moments are the lab's own clock at arrival, so they can be laid beside the client's.

import { join } from 'node:path';
import type { Host } from './host.js';
import { boundToUs, Program } from './process.js';
import { nowMs, waitFor } from './wait.js';

const markerMs = 10_000;

export interface AddressChange {
  readonly atMs: number;
  readonly address: string;
  readonly isHeld: boolean;
}

/** Follows a host's IPv4 addresses with `ip monitor`; begun anew after a power loss. */
export class AddressWatch {
  readonly changes: AddressChange[] = [];
  private readonly host: Host;
  private readonly program: Program;
  private markers = 0;

  constructor(host: Host) {
    this.host = host;
    this.program = host.start(['ip', '-4', '-o', 'monitor', 'address'], (line) => {
      const match = /^(Deleted )?\d+: \S+\s+inet ([\d.]+)\//.exec(line);
      const [, deleted, address] = match ?? [];
      if (address !== undefined) {
        this.changes.push({ atMs: nowMs(), address, isHeld: deleted === undefined });
      }
    });
  }

  /** First moment since then at which the address appeared. */
  gained(address: string, sinceMs: number): number | undefined {
    return this.changes.find((c) => c.address === address && c.isHeld && c.atMs >= sinceMs)?.atMs;
  }

  lost(address: string, sinceMs: number): number | undefined {
    return this.changes.find((c) => c.address === address && !c.isHeld && c.atMs >= sinceMs)?.atMs;
  }

  /** Returns when everything that had happened before the call has been read: a mark follows it. */
  async readUpToNow(): Promise<void> {
    this.markers += 1;
    const marker = `127.77.0.${this.markers}`;
    await this.host.run(['ip', 'address', 'add', `${marker}/32`, 'dev', 'lo']);
    await waitFor(`news of ${marker} on ${this.host.name}`, markerMs, () => this.gained(marker, 0));
    await this.host.run(['ip', 'address', 'del', `${marker}/32`, 'dev', 'lo']);
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGKILL');
  }
}

export interface LogLineSeen {
  readonly atMs: number;
  readonly text: string;
}

/** Follows a log file on a host's disk; it may not exist yet. */
export class LogWatch {
  readonly lines: LogLineSeen[] = [];
  private readonly program: Program;

  constructor(host: Pick<Host, 'disk' | 'companions'>, path = 'log/ha-log') {
    const file = join(host.disk, path);
    this.program = new Program(boundToUs(['tail', '-n', '+1', '-F', file]), process.env, (text) =>
      this.lines.push({ atMs: nowMs(), text }),
    );
    host.companions.push(this.program);
  }

  find(pattern: RegExp, sinceMs = 0): LogLineSeen | undefined {
    return this.lines.find((each) => each.atMs >= sinceMs && pattern.test(each.text));
  }

  waitFor(pattern: RegExp, limitMs: number, sinceMs = 0): Promise<LogLineSeen> {
    return waitFor(
      `log line ${pattern}`,
      limitMs,
      () => this.find(pattern, sinceMs),
      () => this.tail(),
    );
  }

  tail(count = 25): string {
    return this.lines
      .slice(-count)
      .map((each) => each.text)
      .join('\n');
  }
}
