// The kernel's table and its changes in the words of ipvsadm(8), numbers as they are, in the form
// that `ipvsadm -Sn` prints and `ipvsadm -R` reads: what operators read, compare and paste.

import type {
  IpvsDestination,
  IpvsRequest,
  IpvsService,
  IpvsServiceKey,
  ObservedService,
} from '../wire/ipvs-table.js';
import { ipvsKeyText } from '../wire/ipvs-table.js';
import { bareDestination, requestKey } from './plan.js';
import { destinationKey } from './real-server-text.js';

const PROTOCOLS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

function keyWords(key: IpvsServiceKey): string {
  if (key.kind === 'fwmark') return `-f ${key.mark}${key.family === 6 ? ' -6' : ''}`;
  const host = key.family === 6 ? `[${key.address}]` : key.address;
  return `${PROTOCOLS[key.protocol]} ${host}:${key.port}`;
}

/** ipvsadm(8) takes a netmask for IPv4 and a prefix length for IPv6. */
function netmaskWords({ key, persistencePrefix: prefix }: IpvsService): string {
  if (key.family === 6) return prefix === 128 ? '' : ` -M ${prefix}`;
  if (prefix === 32) return '';
  const octets = [24, 16, 8, 0].map((low) => {
    const bits = Math.min(8, Math.max(0, prefix - (24 - low)));
    return 256 - 2 ** (8 - bits);
  });
  return ` -M ${octets.join('.')}`;
}

/** Bits 0x08, 0x10 and 0x20 are flags 1 to 3 (IP_VS_SVC_F_SCHED1 to 3). */
function flagWords({ schedulerFlags }: IpvsService): string {
  const flags = [1, 2, 3].filter((number) => (schedulerFlags & (4 << number)) !== 0);
  return flags.length === 0 ? '' : ` -b ${flags.map((number) => `flag-${number}`).join(',')}`;
}

function serviceWords(service: IpvsService): string {
  const { persistenceSeconds } = service;
  const persistence =
    persistenceSeconds === undefined ? '' : ` -p ${persistenceSeconds}${netmaskWords(service)}`;
  const ops = service.isOnePacket ? ' -o' : '';
  const flags = flagWords(service);
  return `${keyWords(service.key)} -s ${service.scheduler}${persistence}${ops}${flags}`;
}

/** `local` is what some kernels call a gate to this very host. */
const FORWARDING = { gate: '-g', local: '-g', masq: '-m', ipip: '-i' } as const;

function destinationWords(key: IpvsServiceKey, destination: IpvsDestination): string {
  const { forwarding, weight, upperThreshold: upper, lowerThreshold: lower } = destination;
  const thresholds = upper === 0 && lower === 0 ? '' : ` -x ${upper} -y ${lower}`;
  const where = `${keyWords(key)} -r ${destinationKey(destination)}`;
  return `${where} ${FORWARDING[forwarding]} -w ${weight}${thresholds}`;
}

/** What ipvsadm would be given for the same change, without the name of the command. */
export function ipvsadmWords(request: IpvsRequest): string {
  switch (request.kind) {
    case 'add-service':
      return `-A ${serviceWords(request.service)}`;
    case 'edit-service':
      return `-E ${serviceWords(request.service)}`;
    case 'delete-service':
      return `-D ${keyWords(request.key)}`;
    case 'add-destination':
      return `-a ${destinationWords(request.key, request.destination)}`;
    case 'edit-destination':
      return `-e ${destinationWords(request.key, request.destination)}`;
    default:
      return `-d ${keyWords(request.key)} -r ${destinationKey(request.destination)}`;
  }
}

/**
 * The requests that lead from the kernel's table to the wanted one, as a comparison of the two:
 * `-` what the kernel has, `+` what it should have.
 */
export function differenceLines(
  requests: readonly IpvsRequest[],
  observed: readonly ObservedService[],
): readonly string[] {
  const byKey = new Map(observed.map((service) => [ipvsKeyText(service.key), service]));
  return requests.flatMap((request) => {
    const service = byKey.get(requestKey(request));
    const lines: string[] = [];
    if (request.kind === 'edit-service' || request.kind === 'delete-service') {
      if (service !== undefined) lines.push(`- -A ${serviceWords(service)}`);
    }
    if (request.kind === 'delete-service') {
      for (const there of service?.destinations ?? []) {
        lines.push(`- -a ${destinationWords(request.key, bareDestination(there))}`);
      }
    }
    if (request.kind === 'edit-destination' || request.kind === 'delete-destination') {
      const name = destinationKey(request.destination);
      const there = service?.destinations.find((one) => destinationKey(one) === name);
      if (there !== undefined) lines.push(`- -a ${destinationWords(request.key, there)}`);
    }
    if (request.kind === 'add-service' || request.kind === 'edit-service') {
      lines.push(`+ -A ${serviceWords(request.service)}`);
    }
    if (request.kind === 'add-destination' || request.kind === 'edit-destination') {
      lines.push(`+ -a ${destinationWords(request.key, request.destination)}`);
    }
    return lines;
  });
}
