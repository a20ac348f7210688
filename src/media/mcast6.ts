// The medium `mcast6`: to an IPv6 group on one interface (ha.cf(5) mcast6).

import { concatBytes } from '../base/bytes.js';
import { failure, type Result } from '../base/result.js';
import type { KernelCode } from '../kernel/errno.js';
import { inet6Address, int32, interfaceIndex } from '../kernel/socket-address.js';
import type { Sys } from '../kernel/sys.js';
import { parseIpv6 } from '../wire/ip-address.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import type { MediumTools } from './medium-tools.js';
import { expectZero, openUdpMedium } from './udp-medium.js';

const SOL_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_JOIN_GROUP = 20;
const IPV6_MULTICAST_ALL = 29;

export type Mcast6Setting = Extract<MediumSetting, { readonly kind: 'mcast6' }>;

export function openMcast6(
  setting: Mcast6Setting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const { interfaceName, port, group } = setting;
  return openUdpMedium(
    {
      kind: 'mcast6',
      family: 6,
      interfaceName,
      port,
      prepare: (sys, fd) => prepare(setting, sys, fd),
      destination: () => group,
    },
    listener,
    tools,
  );
}

function prepare(setting: Mcast6Setting, sys: Sys, fd: number): Result<void, KernelCode> {
  const group = parseIpv6(setting.group);
  if (group === undefined) return failure('refused', `${setting.group} is no multicast group`);
  const index = interfaceIndex(sys, fd, setting.interfaceName);
  if (!index.ok) return index;
  const scope = int32(index.value);
  const steps: readonly (readonly [number, Uint8Array, string])[] = [
    [IPV6_MULTICAST_IF, scope, 'IPV6_MULTICAST_IF'],
    [IPV6_MULTICAST_HOPS, int32(setting.hops), 'IPV6_MULTICAST_HOPS'],
    [IPV6_MULTICAST_LOOP, int32(setting.loop ? 1 : 0), 'IPV6_MULTICAST_LOOP'],
    [IPV6_JOIN_GROUP, concatBytes(group, scope), `joining ${setting.group}`],
  ];
  for (const [option, value, tried] of steps) {
    const set = expectZero(sys.setsockopt(fd, SOL_IPV6, option, value), tried);
    if (!set.ok) return set;
  }
  // Only what this socket joined, not what others of this machine did; kernels before 4.20 have
  // no such option, and the address that the socket is bound to does nearly the same.
  sys.setsockopt(fd, SOL_IPV6, IPV6_MULTICAST_ALL, int32(0));
  const bound = sys.bind(fd, inet6Address(setting.group, setting.port, index.value));
  return expectZero(bound, `[${setting.group}]:${setting.port}`);
}
