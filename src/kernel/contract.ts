// CONTRACT (bodies are being written in this folder; this file goes away when they are there).

import type { Result } from '../base/result.js';
import type { IpvsOutcome, IpvsRequest, ObservedService } from '../wire/ipvs-table.js';

/** One address of one interface as the kernel has it, or as it should be. */
export interface InterfaceAddress {
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly address: string;
  readonly prefixLength: number;
  readonly interfaceName: string;
  /** Such as `eth0:0`; IPv4 only, at most 15 characters. */
  readonly label?: string;
  /** IPv4 only. */
  readonly broadcast?: string;
}

export interface Interface {
  readonly name: string;
  readonly index: number;
  /** Lower-case hex with colons; empty for interfaces without one (lo, tunnels). */
  readonly mac: string;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
}

/** `no-permission`, `no-interface`, `no-ipvs`, `refused` (detail holds errno and kernel text). */
export type KernelCode = 'no-permission' | 'no-interface' | 'no-ipvs' | 'unsupported' | 'refused';

// kernel/addresses.ts: synchronous, about 20 µs a call, on one blocking netlink socket.
export interface AddressTable {
  /** Idempotent. IPv6 with NODAD (and NOPREFIXROUTE when the prefix is there already). */
  add(address: InterfaceAddress): Result<'added' | 'present', KernelCode>;
  remove(address: InterfaceAddress): Result<'removed' | 'absent', KernelCode>;
  list(): Result<readonly InterfaceAddress[], KernelCode>;
  interfaces(): Result<readonly Interface[], KernelCode>;
  close(): void;
}
export declare function openAddressTable(): Result<AddressTable, KernelCode>;

// kernel/announcer.ts: gratuitous ARP (request and reply form) or unsolicited NA, once.
export interface Announcer {
  announce(address: InterfaceAddress): Result<void, KernelCode>;
  close(): void;
}
export declare function openAnnouncer(): Result<Announcer, KernelCode>;

// kernel/ipvs.ts: batches of at most 16 KiB a send, all answers read before the next.
export interface IpvsTable {
  read(): Result<readonly ObservedService[], KernelCode>;
  /** One outcome per request, in order; later requests are still tried after a refusal. */
  apply(requests: readonly IpvsRequest[]): Result<readonly IpvsOutcome[], KernelCode>;
  close(): void;
}
export declare function openIpvsTable(): Result<IpvsTable, KernelCode>;

// kernel/scheduling.ts
/** Puts the calling thread alone under SCHED_RR|SCHED_RESET_ON_FORK; says why when refused. */
export declare function raiseThisThread(priority: number): Result<void, KernelCode>;
