// What an original's log complains of: its lines of level WARN and above, with all that differs
// from run to run made equal, so that a mixed pair can be laid beside two originals.

import { type InteropPair, type NodeName, nodeNames, other } from './interop-pair.js';

export interface Complaint {
  readonly level: string;
  /** Without time, process, names and numbers. */
  readonly text: string;
  /** As it stood in the log. */
  readonly line: string;
}

/** `Nov 21 10:07:42 NODE heartbeat: [PID]: level: text` */
const daemonLine = /^\w+ +\d+ [\d:]+ \S+ (\S+): \[\d+\]: (emerg|alert|CRIT|ERROR|WARN): (.*)$/;
/** `2026/11/21_10:07:42 level: text` behind a tag of the script. */
const scriptLine = /^(\S+?)(?:\[\d+\])?:\s+[\d/]+_[\d:]+ +(CRIT|ERROR|WARN(?:ING)?): (.*)$/;

function normalised(text: string, self: NodeName): string {
  return text
    .replace(new RegExp(`\\b${self}\\b`, 'g'), 'SELF')
    .replace(new RegExp(`\\b${other(self)}\\b`, 'g'), 'PEER')
    .replace(/\beth0\b|\/dev\/ttyS0/g, 'LINK')
    .replace(/\b(?:0x[0-9a-f]+|[0-9a-f]{8,})\b/g, 'H')
    .replace(/\d+/g, 'N');
}

export function complaintIn(line: string, self: NodeName): Complaint | undefined {
  const [, program, level, text] = daemonLine.exec(line) ?? scriptLine.exec(line) ?? [];
  if (program === undefined || level === undefined || text === undefined) return undefined;
  return { level, text: `${program} ${level}: ${normalised(text, self)}`, line };
}

/** Of all originals of a pair, in the order of their logs. */
export function complaintsOf(pair: InteropPair): Complaint[] {
  return nodeNames.flatMap((name) =>
    pair.originalLog(name).flatMap((line) => complaintIn(line, name) ?? []),
  );
}
