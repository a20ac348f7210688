// The kernel's IPVS synchronisation daemons: which run, and starting and ending them. One socket
// for each call: they come once a takeover.

import { failure, ok, type Result } from '../base/result.js';
import { emitFamilyRequest, GENL_ID_CTRL, parseFamilyId } from '../wire/generic-netlink.js';
import {
  emitDaemonDump,
  emitDeleteDaemon,
  emitNewDaemon,
  parseDaemon,
  type SyncDaemon,
} from '../wire/ipvs-daemon.js';
import { IPVS_GENL_NAME } from '../wire/ipvs-netlink.js';
import { ENOENT, ESRCH, type KernelCode, kernelFailure } from './errno.js';
import { NETLINK_GENERIC, type NetlinkSocket, openNetlinkSocket } from './netlink-socket.js';
import { openSys, type Sys } from './sys.js';

export interface SyncDaemons {
  list(): Result<readonly SyncDaemon[], KernelCode>;
  /** Fails when one of that role runs with another interface or id. */
  start(daemon: SyncDaemon): Result<void, KernelCode>;
  /** Afterwards none of that role runs. */
  end(role: SyncDaemon['role']): Result<void, KernelCode>;
  close(): void;
}

export function openSyncDaemons(given?: Sys): Result<SyncDaemons, KernelCode> {
  const sys = given === undefined ? openSys() : ok(given);
  if (!sys.ok) return sys;
  const opened = openNetlinkSocket(NETLINK_GENERIC, sys.value);
  if (!opened.ok) return opened;
  const socket = opened.value;
  const family = askFamily(socket);
  if (!family.ok) {
    socket.close();
    return family;
  }
  const order = (
    payload: Uint8Array,
    isGood: (errno: number) => boolean,
    what: string,
  ): Result<void, KernelCode> => {
    const answers = socket.requestAll([{ type: family.value, flags: 0, payload }]);
    if (!answers.ok) return answers;
    const [answer] = answers.value;
    if (answer === undefined) return failure('refused', `${what}: no answer`);
    return isGood(answer.errno) ? ok(undefined) : kernelFailure(answer.errno, what, answer.text);
  };
  return ok({
    list: () => list(socket, family.value),
    start: (daemon) => {
      const what = `starting the ${daemon.role} sync daemon on ${daemon.interfaceName}`;
      return order(emitNewDaemon(daemon), (errno) => errno === 0, what);
    },
    end: (role) => {
      const isGone = (errno: number): boolean => errno === 0 || errno === ESRCH || errno === ENOENT;
      return order(emitDeleteDaemon(role), isGone, `ending the ${role} sync daemon`);
    },
    close: () => socket.close(),
  });
}

function askFamily(socket: NetlinkSocket): Result<number, KernelCode> {
  const messages = socket.ask(GENL_ID_CTRL, emitFamilyRequest(IPVS_GENL_NAME));
  if (!messages.ok) return failure('no-ipvs', `the kernel has no IPVS: ${messages.detail}`);
  for (const message of messages.value) {
    const id = parseFamilyId(message.payload);
    if (id.ok) return id;
  }
  return failure('no-ipvs', 'the kernel gave no number for the family IPVS');
}

function list(socket: NetlinkSocket, family: number): Result<readonly SyncDaemon[], KernelCode> {
  const messages = socket.dump(family, emitDaemonDump());
  if (!messages.ok) return messages;
  const found: SyncDaemon[] = [];
  for (const message of messages.value) {
    const daemon = parseDaemon(message.payload);
    if (daemon.ok) found.push(daemon.value);
  }
  return ok(found);
}
