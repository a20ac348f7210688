// The address of a host that a medium speaks to. A literal address is there at once; a name is
// looked up beside the loop and again until there is an answer. A heartbeat should not depend on
// name servers, so what a name once had is kept.

import { lookup } from 'node:dns';
import { parseIp } from '../wire/ip-address.js';
import { type MediumTools, REOPEN_MS } from './medium-tools.js';

export interface HostAddress {
  /** undefined until a name has had its first answer. */
  current(): string | undefined;
  /** Asks for a name (again); nothing for a literal address. */
  ask(): void;
  close(): void;
}

/** A look-up holds one of four threads that also write the log: name servers may be slow. */
const LOOKUPS_AT_ONCE_MAX = 1;
/** Names wait longer than sockets between two attempts. */
const RETRY_SHARE = 4;

const waiting: (() => void)[] = [];
let running = 0;

/** At most one question a host waits here, so the queue is as long as there are hosts. */
function whenFree(start: () => void): void {
  waiting.push(start);
  startNext();
}

function startNext(): void {
  if (running >= LOOKUPS_AT_ONCE_MAX) return;
  const start = waiting.shift();
  if (start === undefined) return;
  running++;
  start();
}

function finished(): void {
  running--;
  startNext();
}

export function hostAddress(host: string, family: 4 | 6, tools: MediumTools): HostAddress {
  const isLiteral = parseIp(host) !== undefined;
  let address = isLiteral ? host : undefined;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let isClosed = false;
  const ask = (): void => {
    if (isLiteral || isAsking || isClosed) return;
    isAsking = true;
    clearTimeout(timer);
    whenFree(() => {
      if (isClosed) {
        finished();
        return;
      }
      lookup(host, { family }, (fault, found) => {
        finished();
        isAsking = false;
        if (fault === null) address = found;
        else if (!isClosed) timer = setTimeout(ask, (tools.reopenMs ?? REOPEN_MS) * RETRY_SHARE);
      });
    });
  };
  return {
    current: () => address,
    ask,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
