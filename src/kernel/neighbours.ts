// What this machine's kernel knows of its neighbours' hardware addresses (RTM_GETNEIGH).

import { failure, ok, type Result } from '../base/result.js';
import { emitNeighbourRequest, parseNeighbour, RTM_GETNEIGH } from '../wire/rtnetlink.js';
import { ENODEV, type KernelCode, kernelFailure } from './errno.js';
import { NETLINK_ROUTE, openNetlinkSocket } from './netlink-socket.js';
import { openSys, type Sys } from './sys.js';

const NUD_INCOMPLETE = 0x01;
const NUD_FAILED = 0x20;

/**
 * The hardware address that the kernel's table has for `address` on the interface; undefined when
 * it has none. Asks nobody on the network.
 */
export function neighbourMac(
  address: string,
  interfaceName: string,
  given?: Sys,
): Result<string | undefined, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const index = sys.value.ifNameToIndex(interfaceName);
  if (index < 0) return kernelFailure(ENODEV, interfaceName);
  const request = emitNeighbourRequest(address, index);
  if (!request.ok) return failure('refused', request.detail);
  const socket = openNetlinkSocket(NETLINK_ROUTE, sys.value);
  if (!socket.ok) return socket;
  const answer = socket.value.ask(RTM_GETNEIGH, request.value);
  socket.value.close();
  if (!answer.ok) return answer.detail.includes('ENOENT') ? ok(undefined) : answer;
  for (const message of answer.value) {
    const neighbour = parseNeighbour(message.payload);
    if (!neighbour.ok || neighbour.value.mac === '') continue;
    if ((neighbour.value.state & (NUD_INCOMPLETE | NUD_FAILED)) === 0)
      return ok(neighbour.value.mac);
  }
  return ok(undefined);
}
