// The kernel's table as a model of its own: it refuses what the kernel refuses (an addition of
// what is there, a change of what is not) and calls back after every request, so that checkers see
// each state on the way and not only the last.

import {
  type IpvsDestination,
  type IpvsOutcome,
  type IpvsRequest,
  type IpvsService,
  ipvsKeyText,
  type ObservedService,
} from '#src/wire/ipvs-table.js';

const OK: IpvsOutcome = { errno: 0, reason: '' };
const EXISTS: IpvsOutcome = { errno: 17, reason: 'EEXIST' };
const NO_ENTRY: IpvsOutcome = { errno: 2, reason: 'ENOENT' };
const NO_SERVICE: IpvsOutcome = { errno: 3, reason: 'ESRCH' };
const NO_PERMISSION: IpvsOutcome = { errno: 1, reason: 'EPERM' };

interface Entry {
  service: IpvsService;
  readonly destinations: Map<string, IpvsDestination>;
}

const name = (destination: IpvsDestination): string => `${destination.address}:${destination.port}`;

export class FakeIpvs {
  readonly #table = new Map<string, Entry>();
  readonly requests: IpvsRequest[] = [];
  /** Active connections by destination: `10.0.0.2:80`. */
  readonly connections: Map<string, number> = new Map();
  onChange: () => void = () => undefined;

  /** Scheduler names that this kernel does not have. */
  readonly unknownSchedulers: Set<string> = new Set();

  /** Requests that this kernel will not carry out. */
  refuses: (request: IpvsRequest) => boolean = () => false;

  read(): readonly ObservedService[] {
    return [...this.#table.values()].map(({ service, destinations }) => ({
      ...service,
      destinations: [...destinations.values()].map((destination) => ({
        ...destination,
        activeConnections: this.connections.get(name(destination)) ?? 0,
        inactiveConnections: 0,
        persistentConnections: 0,
      })),
    }));
  }

  apply(requests: readonly IpvsRequest[]): readonly IpvsOutcome[] {
    return requests.map((request) => {
      this.requests.push(request);
      const outcome = this.#one(request);
      if (outcome.errno === 0) this.onChange();
      return outcome;
    });
  }

  #one(request: IpvsRequest): IpvsOutcome {
    if (this.refuses(request)) return NO_PERMISSION;
    if (request.kind === 'add-service' || request.kind === 'edit-service') {
      const key = ipvsKeyText(request.service.key);
      const entry = this.#table.get(key);
      if (this.unknownSchedulers.has(request.service.scheduler)) return NO_ENTRY;
      if (request.kind === 'edit-service') {
        if (entry === undefined) return NO_SERVICE;
        entry.service = request.service;
        return OK;
      }
      if (entry !== undefined) return EXISTS;
      this.#table.set(key, { service: request.service, destinations: new Map() });
      return OK;
    }
    const key = ipvsKeyText(request.key);
    const entry = this.#table.get(key);
    if (entry === undefined) return NO_SERVICE;
    if (request.kind === 'delete-service') {
      this.#table.delete(key);
      return OK;
    }
    const { destination } = request;
    const isThere = entry.destinations.has(name(destination));
    if (request.kind === 'add-destination') {
      if (isThere) return EXISTS;
      entry.destinations.set(name(destination), destination);
      return OK;
    }
    if (!isThere) return NO_ENTRY;
    if (request.kind === 'edit-destination') entry.destinations.set(name(destination), destination);
    else entry.destinations.delete(name(destination));
    return OK;
  }

  /** The table in the manner of `ipvsadm -Sn`, sorted. */
  lines(): readonly string[] {
    const lines: string[] = [];
    for (const service of this.read()) {
      const key = ipvsKeyText(service.key);
      const seconds = service.persistenceSeconds;
      const persistence = seconds === undefined ? '' : ` -p ${seconds}`;
      lines.push(`-A ${key} -s ${service.scheduler}${persistence}`);
      for (const one of service.destinations) {
        lines.push(`-a ${key} -r ${name(one)} ${one.forwarding} -w ${one.weight}`);
      }
    }
    return lines.sort();
  }
}
