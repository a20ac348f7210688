// The ping check: ICMP echo on a raw socket of its own, connected to the real server so that the
// kernel hands up that server's packets alone.

import { randomInt } from 'node:crypto';
import { ok } from '../../base/result.js';
import type { PingCheck } from '../../checks/check-spec.js';
import { type CheckVerdict, down, up } from '../../checks/check-verdict.js';
import { errnoName } from '../../kernel/errno.js';
import {
  inet6Address,
  inetAddress,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from '../../kernel/socket-address.js';
import { openSys, type Sys } from '../../kernel/sys.js';
import { emitEchoRequest, parseEchoReply } from '../../wire/icmp-echo.js';
import type { CheckContext } from './run-check.js';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
/** A reply is 84 bytes; longer ones are not ours. */
const PACKET_BYTES_MAX = 1500;
/** Packets read in one go, so that a flood cannot hold the loop. */
const PACKETS_AT_ONCE_MAX = 32;

export function runPingCheck(
  spec: PingCheck,
  { signal, waitFor }: CheckContext,
  given?: Sys,
): Promise<CheckVerdict> {
  const opened = given === undefined ? openSys() : ok(given);
  if (!opened.ok) return Promise.resolve(down(opened.detail));
  const sys = opened.value;
  const isV4 = spec.family === 4;
  const protocol = isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const fd = sys.socket(isV4 ? AF_INET : AF_INET6, type, protocol);
  if (fd < 0) return Promise.resolve(down(`ping needs a raw socket: ${errnoName(-fd)}`));
  const target = isV4 ? inetAddress(spec.address, 0) : inet6Address(spec.address, 0, 0);
  const refused = sys.connect(fd, target);
  if (refused < 0) {
    sys.close(fd);
    return Promise.resolve(down(`ping: ${errnoName(-refused)}`));
  }
  waitFor('echo reply');
  return new Promise((resolve) => {
    const identifier = randomInt(0x10000);
    const packet = new Uint8Array(PACKET_BYTES_MAX);
    let sent = 0;
    const end = (verdict?: CheckVerdict): void => {
      clearInterval(timer);
      poll.close();
      sys.close(fd);
      signal.removeEventListener('abort', abort);
      if (verdict !== undefined) resolve(verdict);
    };
    const abort = (): void => end();
    const send = (): void => {
      if (sent >= spec.attempts) return;
      sent++;
      const bytes = emitEchoRequest(spec.family, { identifier, sequence: sent });
      const result = sys.send(fd, bytes, MSG_DONTWAIT);
      // An error of an earlier packet may come up here; the deadline judges in the end.
      if (result < 0 && sent >= spec.attempts) end(down(`ping: ${errnoName(-result)}`));
    };
    const poll = sys.poll(fd, () => {
      for (let count = 0; count < PACKETS_AT_ONCE_MAX; count++) {
        const length = sys.recv(fd, packet, MSG_DONTWAIT);
        if (length < 0) return;
        const echo = parseEchoReply(spec.family, packet.subarray(0, length));
        if (echo?.identifier === identifier && echo.sequence <= sent) {
          end(up(spec.attempts > 1 ? `echo reply ${echo.sequence}` : 'echo reply'));
          return;
        }
      }
    });
    const timer = setInterval(send, spec.timeout / spec.attempts);
    signal.addEventListener('abort', abort, { once: true });
    send();
  });
}
