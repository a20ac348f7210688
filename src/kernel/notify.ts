// Words to the service manager, as sd_notify(3) says them.

import type { Result } from '../base/result.js';
import type { KernelCode } from './errno.js';
import type { Sys } from './sys.js';
import { openUnixDatagram, type UnixDatagram } from './unix-datagram.js';

/** `send` takes `READY=1` and the like; several assignments are separated by line feeds. */
export type Notifier = UnixDatagram;

/** `path` is $NOTIFY_SOCKET: a path, or a name of the abstract space when it begins with `@`. */
export function openNotifier(path: string, sys?: Sys): Result<Notifier, KernelCode> {
  return openUnixDatagram(path, sys);
}
