// The moments of a takeover as a third machine sees them on the wire, with the kernel's time
// stamps: when the standby first spoke as the active one, and when it announced an address.

import { parseArpLine } from '../lab/arp-capture.js';
import type { Host } from '../lab/host.js';
import type { Program } from '../lab/process.js';
import { nowMs, waitFor } from '../lab/wait.js';

const startMs = 60_000;
const packetsMax = 100_000;

interface Packet {
  readonly atMs: number;
  readonly sourceMac: string;
  readonly kind: 'vrrp' | 'heartbeat' | 'arp';
  /** Announced address of an ARP packet. */
  readonly address: string | undefined;
  text: string;
}

/** Milliseconds to be added to the clock of the time stamps; exact at a tick of `Date.now`. */
function monotonicOffset(): number {
  const before = Date.now();
  let tick = Date.now();
  while (tick === before) tick = Date.now();
  return nowMs() - tick;
}

export class WireCapture {
  private readonly packets: Packet[] = [];
  private readonly program: Program;
  private readonly offset = monotonicOffset();

  private constructor(host: Host, device: string) {
    const filter = 'arp or ip proto 112 or udp port 694';
    this.program = host.start(
      [
        ...['tcpdump', '-i', device, '-p', '-n', '-l', '-e', '-tt', '-A', '-s', '600'],
        ...['--immediate-mode', filter],
      ],
      (line) => this.take(line),
    );
  }

  static async start(host: Host, device: string): Promise<WireCapture> {
    const capture = new WireCapture(host, device);
    await waitFor(
      'tcpdump to listen',
      startMs,
      () => capture.program.output.includes('listening on'),
      () => capture.program.output,
    );
    return capture;
  }

  private take(line: string): void {
    const head = /^(\d{9,}\.\d+) ([0-9a-f:]{17}) > /.exec(line);
    const [, seconds, sourceMac] = head ?? [];
    if (seconds === undefined || sourceMac === undefined) {
      const last = this.packets.at(-1);
      if (last !== undefined) last.text += `${line}\n`;
      return;
    }
    if (this.packets.length >= packetsMax) return;
    const atMs = Number(seconds) * 1000 + this.offset;
    const arp = parseArpLine(line, atMs);
    const address = arp?.isAnnouncement === true ? arp.address : undefined;
    const kind = arp !== undefined ? 'arp' : line.includes('VRRP') ? 'vrrp' : 'heartbeat';
    this.packets.push({ atMs, sourceMac, kind, address, text: '' });
  }

  /** Forgets what was heard before a trial. */
  clear(): void {
    this.packets.length = 0;
  }

  /** The first VRRP advertisement, or heartbeat message of the type, from a machine. */
  firstWord(mac: string, kind: 'vrrp' | 'heartbeat', sinceMs: number): number | undefined {
    return this.packets.find(
      (each) =>
        each.kind === kind &&
        each.sourceMac === mac &&
        each.atMs >= sinceMs &&
        // Sent in the step that declares a peer dead, before its resources are touched.
        (kind === 'vrrp' || each.text.includes('t=stonith')),
    )?.atMs;
  }

  firstAnnouncement(mac: string, address: string, sinceMs: number): number | undefined {
    return this.packets.find(
      (each) => each.sourceMac === mac && each.address === address && each.atMs >= sinceMs,
    )?.atMs;
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
