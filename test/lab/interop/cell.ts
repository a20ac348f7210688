// One cell of the interop matrix: which seat is Lubdub's, what carries the pair, how it is signed
// and framed, what becomes of groups at a return, and the scenario that is played.

import type { NodeName } from './interop-pair.js';

export type Medium = 'bcast' | 'mcast' | 'ucast' | 'mcast6' | 'ucast6' | 'serial';
export type ScenarioName = 'life' | 'words' | 'trouble' | 'late' | 'exchange' | 'ipfail' | 'large';

/** What both nodes do with large messages, in the words of ha.cf. */
export interface CellCompression {
  readonly method: 'zlib' | 'bz2';
  /** Whole messages; else the fields that a client has marked for it. */
  readonly traditional: 'yes' | 'no';
}

export interface Cell {
  readonly scenario: ScenarioName;
  /** Undefined: both seats are originals, for the record of what they write by themselves. */
  readonly lubdub: NodeName | undefined;
  readonly media: readonly Medium[];
  readonly auth: 'crc' | 'md5' | 'sha1';
  readonly format: 'classic' | 'netstring';
  readonly failback: 'on' | 'off' | 'legacy';
  readonly compression?: CellCompression;
}

export function cellName(cell: Cell): string {
  const seat = cell.lubdub === undefined ? 'originals' : `lubdub on ${cell.lubdub}`;
  const words = [seat, cell.media.join('+'), cell.auth, cell.format, `failback ${cell.failback}`];
  return `${scenarioName(cell)}: ${words.join(', ')}`;
}

/** With what only its cells set. */
export function scenarioName({ scenario, compression }: Cell): string {
  if (compression === undefined) return scenario;
  return `${scenario} (${compression.method}, traditional ${compression.traditional})`;
}

/** The host beside the pair that both ping in `ipfail`. */
export const pingAddress = '10.8.0.9';

/** Lines of ha.cf that only some scenarios need. */
export function scenarioLines({ scenario, compression }: Cell): string[] {
  if (compression !== undefined) {
    return [
      `compression ${compression.method}`,
      'compression_threshold 1',
      `traditional_compression ${compression.traditional}`,
      'apiauth lab uid=root',
    ];
  }
  if (scenario !== 'ipfail') return [];
  return [`ping ${pingAddress}`, 'respawn hacluster /usr/libexec/heartbeat/ipfail'];
}

/** Lines of ha.cf for the media, as seen from the node whose peer has these addresses. */
export function mediaLines(cell: Cell, peer: string, peer6: string): string[] {
  const lines: Readonly<Record<Medium, string>> = {
    bcast: 'bcast eth0',
    mcast: 'mcast eth0 225.0.0.8 694 1 0',
    ucast: `ucast eth0 ${peer}`,
    mcast6: 'mcast6 eth0 ff15::8 694 1 0',
    ucast6: `ucast6 eth0 ${peer6}`,
    serial: 'serial /dev/ttyS0',
  };
  return cell.media.map((medium) => lines[medium]);
}
