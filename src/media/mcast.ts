// The medium `mcast`: to a group on one interface (ha.cf(5) mcast).

import { concatBytes } from '../base/bytes.js';
import { failure, type Result } from '../base/result.js';
import type { KernelCode } from '../kernel/errno.js';
import { inetAddress, int32, interfaceIndex } from '../kernel/socket-address.js';
import type { Sys } from '../kernel/sys.js';
import { parseIpv4 } from '../wire/ip-address.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import type { MediumTools } from './medium-tools.js';
import { expectZero, openUdpMedium } from './udp-medium.js';

const SOL_IP = 0;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;

export type McastSetting = Extract<MediumSetting, { readonly kind: 'mcast' }>;

export function openMcast(
  setting: McastSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const { interfaceName, port, group } = setting;
  return openUdpMedium(
    {
      kind: 'mcast',
      family: 4,
      interfaceName,
      port,
      prepare: (sys, fd) => prepare(setting, sys, fd),
      destination: () => group,
    },
    listener,
    tools,
  );
}

function prepare(setting: McastSetting, sys: Sys, fd: number): Result<void, KernelCode> {
  const group = parseIpv4(setting.group);
  if (group === undefined) return failure('refused', `${setting.group} is no multicast group`);
  const index = interfaceIndex(sys, fd, setting.interfaceName);
  if (!index.ok) return index;
  // ip_mreqn: by the interface's number, so that it needs no address of its own.
  const membership = concatBytes(group, new Uint8Array(4), int32(index.value));
  const steps: readonly (readonly [number, Uint8Array, string])[] = [
    [IP_MULTICAST_IF, membership, 'IP_MULTICAST_IF'],
    [IP_MULTICAST_TTL, int32(setting.ttl), 'IP_MULTICAST_TTL'],
    [IP_MULTICAST_LOOP, int32(setting.loop ? 1 : 0), 'IP_MULTICAST_LOOP'],
    // Only what this socket joined, not what others of this machine did.
    [IP_MULTICAST_ALL, int32(0), 'IP_MULTICAST_ALL'],
    [IP_ADD_MEMBERSHIP, membership, `joining ${setting.group}`],
  ];
  for (const [option, value, tried] of steps) {
    const set = expectZero(sys.setsockopt(fd, SOL_IP, option, value), tried);
    if (!set.ok) return set;
  }
  const bound = sys.bind(fd, inetAddress(setting.group, setting.port));
  return expectZero(bound, `${setting.group}:${setting.port}`);
}
