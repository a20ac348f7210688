// The medium `bcast`: to everybody on one interface (ha.cf(5) bcast).

import { inetAddress, int32, interfaceBroadcast } from '../kernel/socket-address.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import type { MediumTools } from './medium-tools.js';
import { expectZero, openUdpMedium } from './udp-medium.js';

const SOL_SOCKET = 1;
const SO_DONTROUTE = 5;
const SO_BROADCAST = 6;
/** Where an interface has no broadcast address, the device it is bound to says where to. */
const LIMITED_BROADCAST = '255.255.255.255';

export type BcastSetting = Extract<MediumSetting, { readonly kind: 'bcast' }>;

export function openBcast(
  setting: BcastSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const { interfaceName, port } = setting;
  return openUdpMedium(
    {
      kind: 'bcast',
      family: 4,
      interfaceName,
      port,
      prepare: (sys, fd) => {
        const set = sys.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, int32(1));
        if (set < 0) return expectZero(set, 'SO_BROADCAST');
        // As heartbeat 3.0.6: the message is for this network and no other.
        sys.setsockopt(fd, SOL_SOCKET, SO_DONTROUTE, int32(1));
        return expectZero(sys.bind(fd, inetAddress('0.0.0.0', port)), `port ${port}`);
      },
      // Asked anew for every message (1 µs): addresses come and go while the program runs.
      destination: (sys, fd) => interfaceBroadcast(sys, fd, interfaceName) ?? LIMITED_BROADCAST,
    },
    listener,
    tools,
  );
}
