// One-way words to a unix datagram socket that others listen on: the service manager and syslog.
// Nothing here waits: what the listener cannot take now is refused and not sent.

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

export interface UnixDatagram {
  send(text: string): Result<void, KernelCode>;
  close(): void;
}

/** `path` is a path, or a name of the abstract space when it begins with `@`. */
export function openUnixDatagram(path: string, given?: Sys): Result<UnixDatagram, KernelCode> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return opened;
  const sys = opened.value;
  const address = unixAddress(path);
  if (address === undefined) return failure('refused', `no unix socket can be called ${path}`);
  const fd = sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return kernelFailure(-fd, 'opening a unix socket');
  let isOpen = true;
  return ok({
    send: (text) => {
      if (!isOpen) return failure('refused', 'closed');
      // Not connected: a listener that was started again is found again.
      const bytes = new TextEncoder().encode(text);
      const sent = sys.sendto(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, address);
      return sent < 0 ? kernelFailure(-sent, path) : ok(undefined);
    },
    close: () => {
      if (isOpen) sys.close(fd);
      isOpen = false;
    },
  });
}
