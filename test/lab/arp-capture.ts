// What a host hears of ARP, seen with tcpdump so that our own packet code is not its own witness.

import type { Host } from './host.js';
import type { Program } from './process.js';
import { nowMs, waitFor } from './wait.js';

export interface ArpFrame {
  /** When the lab read the line; a little after the frame. */
  readonly atMs: number;
  readonly kind: 'request' | 'reply';
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** The address the frame speaks of. */
  readonly address: string;
  /** Sender and target address are the same: nobody asked. */
  readonly isAnnouncement: boolean;
}

const startMs = 60_000;
const framesMax = 10_000;
const broadcast = 'ff:ff:ff:ff:ff:ff';

/** Reads a line of `tcpdump -e -n arp`; undefined for anything else. */
export function parseArpLine(line: string, atMs: number): ArpFrame | undefined {
  const ethernet = /([0-9a-f:]{17}) > ([0-9a-f:]{17}|Broadcast), /i.exec(line);
  const [, sourceMac, destination] = ethernet ?? [];
  if (sourceMac === undefined || destination === undefined) return undefined;
  const destinationMac = destination === 'Broadcast' ? broadcast : destination;
  const request = /Request who-has ([\d.]+)(?: \([^)]*\))? tell ([\d.]+)/.exec(line);
  const announced = /Announcement ([\d.]+)/.exec(line)?.[1];
  const base = { atMs, sourceMac, destinationMac };
  if (announced !== undefined) {
    return { ...base, kind: 'request', address: announced, isAnnouncement: true };
  }
  const [, target, sender] = request ?? [];
  if (target !== undefined && sender !== undefined) {
    return { ...base, kind: 'request', address: target, isAnnouncement: target === sender };
  }
  const replied = /Reply ([\d.]+) is-at/.exec(line)?.[1];
  if (replied === undefined) return undefined;
  return {
    ...base,
    kind: 'reply',
    address: replied,
    isAnnouncement: destinationMac === broadcast,
  };
}

export class ArpCapture {
  readonly frames: ArpFrame[] = [];
  private readonly program: Program;

  private constructor(host: Host, device: string) {
    this.program = host.start(
      ['tcpdump', '-i', device, '-l', '-n', '-e', '--immediate-mode', '-p', 'arp'],
      (line) => {
        const frame = parseArpLine(line, nowMs());
        if (frame !== undefined && this.frames.length < framesMax) this.frames.push(frame);
      },
    );
  }

  static async start(host: Host, device: string): Promise<ArpCapture> {
    const capture = new ArpCapture(host, device);
    await waitFor(
      'tcpdump to listen',
      startMs,
      () => capture.program.output.includes('listening on'),
      () => capture.program.output,
    );
    return capture;
  }

  announcements(address: string, sinceMs = 0): ArpFrame[] {
    return this.frames.filter(
      (each) => each.isAnnouncement && each.address === address && each.atMs >= sinceMs,
    );
  }

  async stop(): Promise<void> {
    this.program.child.kill('SIGTERM');
    await this.program.ended;
  }
}
