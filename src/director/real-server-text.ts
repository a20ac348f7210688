// The names of things in log lines, as ldirectord 4.12 prints them, and their identities.

import { bracketed } from '../checks/check-spec.js';
import type {
  FallbackConfig,
  RealServerConfig,
  VirtualServiceConfig,
} from '../config/director-config.js';
import { type AddressFamily, type IpvsDestination, ipvsKeyText } from '../wire/ipvs-table.js';

interface Endpoint {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
}

export const endpointText = (endpoint: Endpoint): string =>
  `${bracketed(endpoint.family, endpoint.address)}:${endpoint.port}`;

/** What the kernel tells the destinations of one service apart by. */
export const destinationKey = (destination: Endpoint): string => endpointText(destination);

/** One real server of one virtual service. */
export const realKey = (virtual: VirtualServiceConfig, real: RealServerConfig): string =>
  `${ipvsKeyText(virtual.key)} ${endpointText(real)}`;

/**
 * The kernel forwards by gate and ipip to the very port that the client asked for, so that such a
 * destination carries the port of its service whatever the line says (ipvsadm does the same).
 */
function destinationPort(
  virtual: VirtualServiceConfig,
  server: RealServerConfig | FallbackConfig,
): number {
  if (virtual.key.kind === 'fwmark' || server.forwarding === 'masq') return server.port;
  return virtual.key.port;
}

export const realDestination = (
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
): IpvsDestination => ({
  family: real.family,
  address: real.address,
  port: destinationPort(virtual, real),
  forwarding: real.forwarding,
  weight: real.weight,
  upperThreshold: real.upperThreshold,
  lowerThreshold: real.lowerThreshold,
});

/** Quiesced entries carry no thresholds (ldirectord 4.12, recorded). */
export const quiescedDestination = (
  virtual: VirtualServiceConfig,
  real: RealServerConfig,
): IpvsDestination => ({
  ...realDestination(virtual, real),
  weight: 0,
  upperThreshold: 0,
  lowerThreshold: 0,
});

export const fallbackDestination = (
  virtual: VirtualServiceConfig,
  fallback: FallbackConfig,
): IpvsDestination => ({
  family: fallback.family,
  address: fallback.address,
  port: destinationPort(virtual, fallback),
  forwarding: fallback.forwarding,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
});

/** `10.0.0.2:80 mapped from 10.0.0.2:8080` when the kernel's entry has the service's port. */
export function mappedText(virtual: VirtualServiceConfig, real: RealServerConfig): string {
  const inTable = destinationKey(realDestination(virtual, real));
  const configured = endpointText(real);
  return inTable === configured ? configured : `${inTable} mapped from ${configured}`;
}
