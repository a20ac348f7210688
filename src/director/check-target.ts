// Where a check goes and what it asks for: port, request, and the address in one line, as they
// follow from a virtual service and one of its real servers.

import { bracketed } from '../checks/check-spec.js';
import type {
  RealServerConfig,
  ServiceName,
  VirtualServiceConfig,
} from '../config/director-config.js';

const DEFAULT_PORTS: Readonly<Partial<Record<ServiceName, number>>> = {
  ftp: 21,
  smtp: 25,
  dns: 53,
  http: 80,
  pop: 110,
  nntp: 119,
  imap: 143,
  ldap: 389,
  https: 443,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pops: 995,
  oracle: 1521,
  radius: 1812,
  http_proxy: 3128,
  mysql: 3306,
  sip: 5060,
  pgsql: 5432,
};

/**
 * `checkport`, else the port of the real server, else the usual port of the service; 0 when none
 * of them is known.
 */
export const checkPort = (virtual: VirtualServiceConfig, real: RealServerConfig): number =>
  virtual.checkPort ?? (real.port > 0 ? real.port : (DEFAULT_PORTS[virtual.service] ?? 0));

/** The pair on a real line stands for that of the virtual service when both are given. */
export function pairOf(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
): { readonly request: string; readonly receive: string } {
  const { request, receive } = real;
  if (request === undefined || receive === undefined) return virtual;
  return { request, receive };
}

/** The request as most dialogues want it: without the slash that the parser puts in front. */
export const bareRequest = (virtual: VirtualServiceConfig, real: RealServerConfig): string =>
  pairOf(virtual, real).request.replace(/^\/+/, '');

/** A request that names its own scheme, and any request to a proxy, is the whole address. */
export function isWholeUrl(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  service: ServiceName,
): boolean {
  const scheme = service === 'http_proxy' ? 'http' : service;
  return service === 'http_proxy' || bareRequest(virtual, real).startsWith(`${scheme}://`);
}

export function requestUrl(
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
  service: ServiceName,
): string {
  const path = bareRequest(virtual, real);
  if (isWholeUrl(virtual, real, service)) return path;
  const own = bracketed(real.family, real.address);
  return `${service}://${own}:${checkPort(virtual, real)}/${path}`;
}
