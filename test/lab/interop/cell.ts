// One cell of the interop matrix: which seat is Lubdub's, what carries the pair, how it is signed
// and framed, what becomes of groups at a return, and the scenario that is played.

import type { NodeName } from './interop-pair.js';

export type Medium = 'bcast' | 'mcast' | 'ucast' | 'mcast6' | 'ucast6' | 'serial';
export type ScenarioName = 'life' | 'words' | 'trouble' | 'late' | 'exchange' | 'ipfail';

export interface Cell {
  readonly scenario: ScenarioName;
  /** Undefined: both seats are originals, for the record of what they write by themselves. */
  readonly lubdub: NodeName | undefined;
  readonly media: readonly Medium[];
  readonly auth: 'crc' | 'md5' | 'sha1';
  readonly format: 'classic' | 'netstring';
  readonly failback: 'on' | 'off' | 'legacy';
}

export function cellName(cell: Cell): string {
  const seat = cell.lubdub === undefined ? 'originals' : `lubdub on ${cell.lubdub}`;
  const words = [seat, cell.media.join('+'), cell.auth, cell.format, `failback ${cell.failback}`];
  return `${cell.scenario}: ${words.join(', ')}`;
}

/** The host beside the pair that both ping in `ipfail`. */
export const pingAddress = '10.8.0.9';

/** Lines of ha.cf that only some scenarios need. */
export function scenarioLines({ scenario }: Cell): string[] {
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
