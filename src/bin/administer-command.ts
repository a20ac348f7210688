// `lubdub drain`, `disable`, `enable` and `weight`: an operator's word to the directors that run
// here, and the wait until the last connection of a drained real server has gone.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { askControl, type JsonObject, type JsonValue } from '../runtime/control-socket.js';
import { type DirectorDoor, directorDoors } from './director-doors.js';

export interface AdministerOptions {
  readonly state: 'drain' | 'disable' | 'enable' | 'weight';
  readonly server: string;
  readonly weight?: string | undefined;
  readonly service?: string | undefined;
  readonly timeout?: string | undefined;
  readonly reason?: string | undefined;
  readonly config?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly runDir: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

const EXIT_REFUSED = 1;
const EXIT_NO_DIRECTOR = 3;
const ANSWER_WAIT_MS = 8000;
/** The kernel is read once in a check interval; asking more often shows nothing new. */
const PROGRESS_MS = 500;

const UNITS: Readonly<Record<string, number>> = {
  '': 1000,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30m`, `90s`, `2h`; a bare number is seconds. Undefined when it is no time. */
export function timeoutMsOf(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d|)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  return count === '' || factor === undefined ? undefined : Number(count) * factor;
}

const records = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value)
    ? value.filter(
        (each: JsonValue): each is JsonObject => typeof each === 'object' && each !== null,
      )
    : [];

/** As typed; a name stands for all its addresses, with the port that was typed. */
async function serversOf(typed: string): Promise<readonly string[]> {
  const [, name = typed, port = ''] = /^([^:[\]]+)(:\d+)?$/.exec(typed) ?? [];
  if (typed.startsWith('[') || isIP(name) !== 0 || isIP(typed) !== 0) return [typed];
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.map(({ address, family }) => (family === 6 ? `[${address}]` : address) + port);
}

/** Whoever stands behind sudo. */
function whoAsks(): string {
  const name = process.env.SUDO_USER ?? userInfo().username;
  return `${name}@${hostname()}`;
}

export async function runAdminister(options: AdministerOptions): Promise<number> {
  const { write, complain, state } = options;
  const timeoutMs = options.timeout === undefined ? 0 : timeoutMsOf(options.timeout);
  if (timeoutMs === undefined) {
    complain(`${options.timeout} is no time: write 90s, 30m or 2h`);
    return EXIT_REFUSED;
  }
  const weight = Number(options.weight ?? 0);
  if (!Number.isInteger(weight) || weight < 0) {
    complain(`${options.weight} is no weight: write a whole number from 0`);
    return EXIT_REFUSED;
  }
  const servers = await serversOf(options.server);
  if (servers.length === 0) {
    complain(`${options.server} is no address, and no address is found for it`);
    return EXIT_REFUSED;
  }
  const doors = await directorDoors(options.runDir, options.config);
  const question: JsonObject = {
    command: 'administer',
    state,
    servers,
    service: options.service ?? '',
    weight,
    timeoutMs,
    by: whoAsks(),
    reason: options.reason ?? '',
  };
  const taken: DirectorDoor[] = [];
  const refusals: string[] = [];
  let areReached = false;
  for (const door of doors) {
    const answer = await askControl(door.path, question, ANSWER_WAIT_MS);
    if (!answer.ok) {
      refusals.push(`${door.name}: ${answer.detail}`);
      continue;
    }
    areReached = true;
    if (answer.value.ok === true) {
      taken.push(door);
      write(`${door.name}: ${String(answer.value.text)}\n`);
    } else refusals.push(`${door.name}: ${String(answer.value.error)}`);
  }
  if (taken.length === 0) {
    for (const text of refusals) complain(text);
    if (areReached) return EXIT_REFUSED;
    complain(`no director answers in ${options.runDir}; only root may ask; start ldirectord first`);
    return EXIT_NO_DIRECTOR;
  }
  if (state !== 'drain' || options.wait !== true) return 0;
  const outcomes = [];
  for (const door of taken) outcomes.push(await waitForDrain(door, servers, options));
  return Math.max(...outcomes);
}

interface Left {
  readonly text: string;
  readonly connections: number;
  readonly isDraining: boolean;
  readonly until: string;
}

/** The real servers of a status report that a drain of these is about. */
function leftOf(report: JsonObject, servers: readonly string[]): readonly Left[] {
  return records(report.services).flatMap((service) =>
    records(service.reals).flatMap((real) => {
      const name = String(real.name);
      const isMeant = servers.some((one) => name === one || name.replace(/:\d+$/, '') === one);
      const [word] = records([real.administration ?? null]);
      if (!isMeant || (word?.state !== 'drain' && word?.state !== 'drained')) return [];
      const count = (value: JsonValue | undefined): number =>
        typeof value === 'number' ? value : 0;
      const [active, bound] = [count(real.activeConnections), count(real.persistentConnections)];
      const persistent = bound === 0 ? '' : `, ${bound} persistent clients`;
      return [
        {
          text: `${name} in ${String(service.name)}: ${active} active${persistent}`,
          connections: active + bound,
          isDraining: word.state === 'drain',
          until: typeof word.until === 'string' ? word.until : '',
        },
      ];
    }),
  );
}

async function waitForDrain(
  door: DirectorDoor,
  servers: readonly string[],
  { write, complain }: AdministerOptions,
): Promise<number> {
  let shown = '';
  let last: readonly Left[] = [];
  for (;;) {
    const answer = await askControl(door.path, { command: 'status' }, ANSWER_WAIT_MS);
    if (!answer.ok) {
      complain(`${door.name}: ${answer.detail}; the drain goes on when it is back`);
      return EXIT_NO_DIRECTOR;
    }
    if (answer.value.mode === 'warm') {
      complain(`${door.name} stands by: wait on the director that is active`);
      return EXIT_REFUSED;
    }
    const left = leftOf(answer.value, servers);
    if (left.length === 0) {
      complain(`${door.name}: the drain was taken back`);
      return EXIT_REFUSED;
    }
    const draining = left.filter(({ isDraining }) => isDraining);
    if (draining.length === 0) break;
    last = draining;
    const text = draining.map((one) => one.text).join('; ');
    if (text !== shown) write(`${text}\n`);
    shown = text;
    await new Promise((resolve) => setTimeout(resolve, PROGRESS_MS));
  }
  const connections = last.reduce((sum, one) => sum + one.connections, 0);
  const isTimedOut = last.some(({ until }) => until !== '' && Date.parse(until) <= Date.now());
  if (connections > 0 && isTimedOut) {
    complain(`${door.name}: time is over, ${connections} connections were left`);
    return EXIT_REFUSED;
  }
  write(`${door.name}: drained and out of the table; lubdub enable brings it back\n`);
  return 0;
}
