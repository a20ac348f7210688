// The media `ucast` and `ucast6`: to one peer by one interface (ha.cf(5) ucast, ucast6).

import { inet6Address, inetAddress } from '../kernel/socket-address.js';
import { hostAddress } from './host-address.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import type { MediumTools } from './medium-tools.js';
import { expectZero, openUdpMedium } from './udp-medium.js';

export type UcastSetting = Extract<MediumSetting, { readonly kind: 'ucast' | 'ucast6' }>;

export function openUcast(
  setting: UcastSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const { kind, interfaceName, port } = setting;
  const family = kind === 'ucast' ? 4 : 6;
  const host = hostAddress(setting.host, family, tools);
  const here = family === 4 ? inetAddress('0.0.0.0', port) : inet6Address('::', port, 0);
  const medium = openUdpMedium(
    {
      kind,
      family,
      interfaceName,
      port,
      prepare: (sys, fd) => expectZero(sys.bind(fd, here), `port ${port}`),
      // A link-local address needs no zone: the socket is bound to its interface.
      destination: () => host.current(),
      onOpen: () => host.ask(),
    },
    listener,
    tools,
  );
  return {
    ...medium,
    close: () => {
      host.close();
      medium.close();
    },
  };
}
