// The local syslog socket. What a line looks like is decided where lines are made.

import type { Result } from '../base/result.js';
import type { KernelCode } from './errno.js';
import type { Sys } from './sys.js';
import { openUnixDatagram, type UnixDatagram } from './unix-datagram.js';

const SYSLOG_PATH = '/dev/log';

/** `send` takes a whole RFC 3164 line with its priority; one that finds no listener is lost. */
export type Syslog = UnixDatagram;

export function openSyslog(sys?: Sys): Result<Syslog, KernelCode> {
  return openUnixDatagram(SYSLOG_PATH, sys);
}
