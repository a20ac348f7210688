// The source address that packets of this machine get on its routes, by rtnetlink.

import { failure, ok, type Result } from '../base/result.js';
import { NLM_F_CREATE, NLM_F_REPLACE } from '../wire/netlink.js';
import {
  emitRouteDump,
  emitWithSource,
  parseSourcedRoute,
  RTM_NEWROUTE,
  type SourcedRoute,
} from '../wire/route-source.js';
import { RTM_GETROUTE } from '../wire/rtnetlink.js';
import { type KernelCode, kernelFailure } from './errno.js';
import { NETLINK_ROUTE, openNetlinkSocket } from './netlink-socket.js';
import { openSys, type Sys } from './sys.js';

export interface RouteSources {
  /** IPv4 routes of the main table over one interface each. */
  list(): Result<readonly SourcedRoute[], KernelCode>;
  /** undefined: the kernel chooses the source. The address must be one of this machine. */
  set(route: SourcedRoute, source: string | undefined): Result<void, KernelCode>;
  indexOf(interfaceName: string): number;
  close(): void;
}

export function openRouteSources(given?: Sys): Result<RouteSources, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const opened = openNetlinkSocket(NETLINK_ROUTE, sys.value);
  if (!opened.ok) return opened;
  const socket = opened.value;
  return ok({
    list: () => {
      const messages = socket.dump(RTM_GETROUTE, emitRouteDump());
      if (!messages.ok) return messages;
      const routes: SourcedRoute[] = [];
      for (const message of messages.value) {
        const route = parseSourcedRoute(message.payload);
        if (route.ok && route.value !== undefined) routes.push(route.value);
      }
      return ok(routes);
    },
    set: (route, source) => {
      const payload = emitWithSource(route, source);
      if (!payload.ok) return failure('refused', payload.detail);
      const flags = NLM_F_CREATE | NLM_F_REPLACE;
      const answers = socket.requestAll([{ type: RTM_NEWROUTE, flags, payload: payload.value }]);
      if (!answers.ok) return answers;
      const errno = answers.value[0]?.errno ?? 0;
      const to = route.destination === '' ? 'default' : route.destination;
      const what = `source ${source ?? 'none'} for the route to ${to}`;
      return errno === 0 ? ok(undefined) : kernelFailure(errno, what, answers.value[0]?.text);
    },
    indexOf: (name) => sys.value.ifNameToIndex(name),
    close: () => socket.close(),
  });
}
