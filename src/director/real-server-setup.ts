// What has to be typed on a Linux real server so that it takes what the director forwards: the
// exact commands, from the configuration. In an order in which the real server never answers ARP
// for a VIP: first silence, then the address.

import type { DirectorConfig, VirtualServiceConfig } from '../config/director-config.js';

export type RealServerMethod = 'nat' | 'dr' | 'tun';
/** How a real server of `dr` takes packets for a VIP without answering ARP for it. */
export type RouteVariant = 'arp' | 'arptables' | 'redirect';

export interface SetupWish {
  /** Its address, without brackets. */
  readonly server: string;
  /** undefined: as the configuration forwards to it. */
  readonly method: RealServerMethod | undefined;
  readonly variant: RouteVariant;
  /** The director's address on the network of the real server; for `nat`. */
  readonly gateway: string | undefined;
}

const METHODS = { masq: 'nat', gate: 'dr', ipip: 'tun' } as const;

/** A text says why there are none. */
export function realServerCommands(
  config: DirectorConfig,
  wish: SetupWish,
): readonly string[] | string {
  const { server } = wish;
  const all = config.virtuals.flatMap((virtual) =>
    virtual.reals
      .filter(({ address }) => address === server)
      .map(({ forwarding }) => ({ virtual, method: METHODS[forwarding] })),
  );
  if (all.length === 0) return `no virtual service has the real server ${server}`;
  const wanted =
    wish.method === undefined ? all : all.map((one) => ({ ...one, method: wish.method }));
  const of = (method: RealServerMethod): readonly VirtualServiceConfig[] =>
    wanted.filter((one) => one.method === method).map(({ virtual }) => virtual);
  const lines: string[] = [];
  if (of('nat').length > 0) {
    if (wish.gateway === undefined)
      return `nat: say --gateway, the director's address near ${server}`;
    lines.push(...natCommands(server, wish.gateway));
  }
  if (of('dr').length > 0) lines.push(...routeCommands(server, of('dr'), wish.variant));
  if (of('tun').length > 0) lines.push(...tunnelCommands(of('tun')));
  return lines;
}

const familyOf = (address: string): string => (address.includes(':') ? '-6 ' : '');
const prefixOf = (address: string): number => (address.includes(':') ? 128 : 32);

/** Answers have to come back through the director, which turns their addresses. */
const natCommands = (server: string, gateway: string): readonly string[] => [
  '# nat: answers go back through the director',
  `ip ${familyOf(server)}route replace default via ${gateway}`,
];

function vipsOf(virtuals: readonly VirtualServiceConfig[]): readonly string[] {
  const vips = virtuals.flatMap(({ key }) => (key.kind === 'address' ? [key.address] : []));
  return [...new Set(vips)];
}

const markRemark = (virtuals: readonly VirtualServiceConfig[]): readonly string[] =>
  virtuals.some(({ key }) => key.kind === 'fwmark')
    ? ['# of services by firewall mark: the same for each address that the mark is set for']
    : [];

/** arp_ignore 1: only for addresses of the interface that is asked (ip-sysctl). */
const SILENCE = [
  'sysctl -w net.ipv4.conf.all.arp_ignore=1',
  'sysctl -w net.ipv4.conf.all.arp_announce=2',
];

/** On lo an IPv6 address is not told to neighbours, so that it needs no sysctl. */
function addressOn(device: string, vip: string): string {
  const place = `${vip}/${prefixOf(vip)} dev ${device}`;
  return `ip ${familyOf(vip)}address replace ${place}${vip.includes(':') ? ' nodad' : ''}`;
}

function routeCommands(
  server: string,
  virtuals: readonly VirtualServiceConfig[],
  variant: RouteVariant,
): readonly string[] {
  const vips = vipsOf(virtuals);
  const remark = markRemark(virtuals);
  if (variant === 'redirect') {
    return [
      '# dr: no address, the packets are turned to this machine',
      ...remark,
      ...redirects(virtuals),
    ];
  }
  const addresses = vips.map((vip) => addressOn('lo', vip));
  const hasIpv4 = vips.some((vip) => !vip.includes(':')) || remark.length > 0;
  if (variant === 'arp' || !hasIpv4) {
    const silence = hasIpv4 ? SILENCE : [];
    return [
      '# dr: the VIP on lo, and no word of it to neighbours',
      ...remark,
      ...silence,
      ...addresses,
    ];
  }
  const rules = vips
    .filter((vip) => !vip.includes(':'))
    .flatMap((vip) => [
      `arptables -A INPUT -d ${vip} -j DROP`,
      `arptables -A OUTPUT -s ${vip} -j mangle --mangle-ip-s ${server}`,
    ]);
  return ['# dr: the VIP on lo, and arptables keeps it quiet', ...remark, ...rules, ...addresses];
}

function redirects(virtuals: readonly VirtualServiceConfig[]): readonly string[] {
  const lines = virtuals.flatMap(({ key }) => {
    if (key.kind !== 'address') return [];
    const program = key.family === 6 ? 'ip6tables' : 'iptables';
    const match = `-d ${key.address} -p ${key.protocol} --dport ${key.port}`;
    return [`${program} -t nat -A PREROUTING ${match} -j REDIRECT`];
  });
  return [...new Set(lines)];
}

/** What comes out of the tunnel has a client's address that the way back does not lead through. */
function tunnelCommands(virtuals: readonly VirtualServiceConfig[]): readonly string[] {
  const vips = vipsOf(virtuals);
  const lines = [
    '# tun: the VIP on the tunnel, and no word of it to neighbours',
    ...markRemark(virtuals),
  ];
  const [four, six] = [
    vips.filter((vip) => !vip.includes(':')),
    vips.filter((vip) => vip.includes(':')),
  ];
  if (four.length > 0 || vips.length === 0) {
    lines.push(...SILENCE, 'modprobe ipip', 'ip link set tunl0 up');
    lines.push(
      'sysctl -w net.ipv4.conf.all.rp_filter=0',
      'sysctl -w net.ipv4.conf.tunl0.rp_filter=0',
    );
    lines.push(...four.map((vip) => addressOn('tunl0', vip)));
  }
  if (six.length > 0) {
    lines.push('modprobe ip6_tunnel', 'ip link set ip6tnl0 up');
    lines.push(...six.map((vip) => addressOn('ip6tnl0', vip)));
  }
  return lines;
}
