// The medium `ucast`: to one peer by one interface (ha.cf(5) ucast). A peer that is given by name
// is looked up at each opening and again until there is an answer; a literal address is better,
// since a heartbeat should not depend on name servers.

import { lookup } from 'node:dns';
import { inetAddress } from '../kernel/socket-address.js';
import { parseIpv4 } from '../wire/ip-address.js';
import type { Medium, MediumListener, MediumSetting } from './medium.js';
import { type MediumTools, REOPEN_MS } from './medium-tools.js';
import { expectZero, openUdpMedium } from './udp-medium.js';

export type UcastSetting = Extract<MediumSetting, { readonly kind: 'ucast' }>;

export function openUcast(
  setting: UcastSetting,
  listener: MediumListener,
  tools: MediumTools,
): Medium {
  const { interfaceName, port, host } = setting;
  const isLiteral = parseIpv4(host) !== undefined;
  let address = isLiteral ? host : undefined;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let isClosed = false;
  const ask = (): void => {
    if (isLiteral || isAsking || isClosed) return;
    isAsking = true;
    lookup(host, { family: 4 }, (fault, found) => {
      isAsking = false;
      // A name that has no answer now keeps the one it had.
      if (fault === null) address = found;
      else if (!isClosed) timer = setTimeout(ask, (tools.reopenMs ?? REOPEN_MS) * 4);
    });
  };
  const medium = openUdpMedium(
    {
      kind: 'ucast',
      interfaceName,
      port,
      prepare: (sys, fd) => expectZero(sys.bind(fd, inetAddress('0.0.0.0', port)), `port ${port}`),
      destination: () => address,
      onOpen: ask,
    },
    listener,
    tools,
  );
  return {
    ...medium,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      medium.close();
    },
  };
}
