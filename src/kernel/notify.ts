// Words to the service manager, as sd_notify(3) says them: one datagram to a unix socket, without
// waiting and without an answer.

import { failure, ok, type Result } from '../base/result.js';
import { type KernelCode, kernelFailure } from './errno.js';
import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  unixAddress,
} from './socket-address.js';
import { openSys, type Sys } from './sys.js';

const AF_UNIX = 1;

export interface Notifier {
  /** Such as `READY=1`; several assignments are separated by line feeds. Never blocks. */
  send(state: string): Result<void, KernelCode>;
  close(): void;
}

/** `path` is $NOTIFY_SOCKET: a path, or a name of the abstract space when it begins with `@`. */
export function openNotifier(path: string, given?: Sys): Result<Notifier, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const address = unixAddress(path);
  if (address === undefined) return failure('refused', `no unix socket can be called ${path}`);
  const fd = sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return kernelFailure(-fd, 'opening a unix socket');
  let isOpen = true;
  return ok({
    send: (state) => {
      if (!isOpen) return failure('refused', 'closed');
      const bytes = new TextEncoder().encode(state);
      const sent = sys.sendto(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, address);
      return sent < 0 ? kernelFailure(-sent, `notifying ${path}`) : ok(undefined);
    },
    close: () => {
      if (isOpen) sys.close(fd);
      isOpen = false;
    },
  });
}
