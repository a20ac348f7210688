// The kernel's IPVS table: reading it whole and changing it by requests, in batches. What the
// table should be is planned elsewhere; this file keeps no state but its socket.

import { failure, ok, type Result } from '../base/result.js';
import { emitFamilyRequest, GENL_ID_CTRL, parseFamilyId } from '../wire/generic-netlink.js';
import {
  emitDestinationDump,
  emitIpvsRequest,
  emitServiceDump,
  IPVS_GENL_NAME,
  parseIpvsDestination,
  parseIpvsService,
} from '../wire/ipvs-netlink.js';
import {
  type IpvsOutcome,
  type IpvsRequest,
  type IpvsService,
  ipvsKeyText,
  type ObservedDestination,
  type ObservedService,
} from '../wire/ipvs-table.js';
import type { NetlinkAnswer } from '../wire/netlink.js';
import { EEXIST, EINVAL, ENOENT, ESRCH, errnoName, type KernelCode } from './errno.js';
import {
  NETLINK_GENERIC,
  type NetlinkRequest,
  type NetlinkSocket,
  openNetlinkSocket,
} from './netlink-socket.js';
import { openSys, type Sys } from './sys.js';

export interface IpvsTable {
  /** Every service with its destinations, in the kernel's (hash) order. */
  read(): Result<readonly ObservedService[], KernelCode>;
  /** One outcome per request, in order; later requests are still tried after a refusal. */
  apply(requests: readonly IpvsRequest[]): Result<readonly IpvsOutcome[], KernelCode>;
  close(): void;
}

/** Fails with `no-ipvs` when the kernel has no IPVS (module ip_vs), `unsupported` without koffi. */
export function openIpvsTable(given?: Sys): Result<IpvsTable, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const socket = openNetlinkSocket(NETLINK_GENERIC, sys.value);
  if (!socket.ok) return socket;
  const family = askFamily(socket.value);
  if (!family.ok) {
    socket.value.close();
    return family;
  }
  return ok({
    read: () => readTable(socket.value, family.value),
    apply: (requests) => apply(socket.value, family.value, requests),
    close: () => socket.value.close(),
  });
}

/** The number differs between boots, and the kernel loads the module for the question. */
function askFamily(socket: NetlinkSocket): Result<number, KernelCode> {
  const messages = socket.ask(GENL_ID_CTRL, emitFamilyRequest(IPVS_GENL_NAME));
  if (!messages.ok) {
    const reason = 'the kernel has no IPVS, or its module ip_vs cannot be loaded';
    const detail = `${reason}: ${messages.detail}`;
    return messages.code === 'refused' ? failure('no-ipvs', detail) : messages;
  }
  for (const message of messages.value) {
    const id = parseFamilyId(message.payload);
    if (id.ok) return id;
  }
  return failure('no-ipvs', 'the kernel gave no number for the family IPVS');
}

function readTable(
  socket: NetlinkSocket,
  family: number,
): Result<readonly ObservedService[], KernelCode> {
  const messages = socket.dump(family, emitServiceDump());
  if (!messages.ok) return messages;
  const table: ObservedService[] = [];
  for (const message of messages.value) {
    const service = parseIpvsService(message.payload);
    if (!service.ok) return failure('refused', `unreadable service: ${service.detail}`);
    const destinations = readDestinations(socket, family, service.value);
    if (!destinations.ok) return destinations;
    table.push({ ...service.value, destinations: destinations.value });
  }
  return ok(table);
}

/** A service that was deleted since the dump of services simply has none (the kernel says so). */
function readDestinations(
  socket: NetlinkSocket,
  family: number,
  service: IpvsService,
): Result<readonly ObservedDestination[], KernelCode> {
  const request = emitDestinationDump(service.key);
  if (!request.ok) return failure('refused', request.detail);
  const messages = socket.dump(family, request.value);
  if (!messages.ok) return messages;
  const found: ObservedDestination[] = [];
  for (const message of messages.value) {
    const destination = parseIpvsDestination(message.payload, service.key.family);
    if (!destination.ok) return failure('refused', `unreadable: ${destination.detail}`);
    found.push(destination.value);
  }
  return ok(found);
}

function apply(
  socket: NetlinkSocket,
  family: number,
  requests: readonly IpvsRequest[],
): Result<readonly IpvsOutcome[], KernelCode> {
  const outgoing: NetlinkRequest[] = [];
  const slots = requests.map((request): number | IpvsOutcome => {
    const payload = emitIpvsRequest(request);
    if (!payload.ok) return { errno: EINVAL, reason: `EINVAL: ${payload.detail}` };
    return outgoing.push({ type: family, flags: 0, payload: payload.value }) - 1;
  });
  const answers = socket.requestAll(outgoing);
  if (!answers.ok) return answers;
  return ok(
    requests.map((request, at) => {
      const slot = slots[at];
      if (typeof slot === 'object') return slot;
      const answer = slot === undefined ? undefined : answers.value[slot];
      return outcome(request, answer ?? { errno: ENOENT, text: 'no answer' });
    }),
  );
}

function outcome(request: IpvsRequest, answer: NetlinkAnswer): IpvsOutcome {
  if (answer.errno === 0) return { errno: 0, reason: '' };
  const text = answer.text === '' ? meaning(request, answer.errno) : answer.text;
  const name = errnoName(answer.errno);
  return { errno: answer.errno, reason: text === '' ? name : `${name}: ${text}` };
}

/** IPVS gives no texts, and one number for several faults (net/netfilter/ipvs/ip_vs_ctl.c). */
function meaning(request: IpvsRequest, errno: number): string {
  const isService = 'service' in request;
  const key = ipvsKeyText(isService ? request.service.key : request.key);
  if (errno === ESRCH) return `no virtual service ${key}`;
  if (errno === EEXIST) {
    return isService ? `virtual service ${key} exists` : 'destination exists';
  }
  if (errno === ENOENT && isService) {
    return `no scheduler ${request.service.scheduler} in this kernel`;
  }
  if (errno === ENOENT) return `no such destination of ${key}`;
  return '';
}
