// Who is at the other end of a unix stream socket, as the kernel noted it when the connection was
// made (SO_PEERCRED, unix(7)): what a client says of itself is checked against this.

import { failure, ok, type Result } from '../base/result.js';
import { hostIsLittleEndian } from '../wire/netlink.js';
import { type KernelCode, kernelFailure } from './errno.js';
import { SOL_SOCKET } from './socket-address.js';
import { openSys, type Sys } from './sys.js';

const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12;

export interface PeerIdentity {
  /** 0 when the process is not visible from our PID namespace. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function peerIdentity(fd: number, given?: Sys): Result<PeerIdentity, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const bytes = new Uint8Array(UCRED_BYTES);
  const length = sys.value.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes);
  if (length < 0) return kernelFailure(-length, 'SO_PEERCRED');
  if (length !== UCRED_BYTES) return failure('unsupported', `SO_PEERCRED gave ${length} bytes`);
  const view = new DataView(bytes.buffer);
  return ok({
    pid: view.getInt32(0, hostIsLittleEndian),
    uid: view.getUint32(4, hostIsLittleEndian),
    gid: view.getUint32(8, hostIsLittleEndian),
  });
}
