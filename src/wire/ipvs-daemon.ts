// The daemons of IPVS that copy connections to the other director (linux/ip_vs.h,
// IPVS_CMD_*_DAEMON): requests that start and end one, and what a dump says of those that run.

import { failure, ok, type Result } from '../base/result.js';
import { buildGenericPayload, takeGenericPayload } from './generic-netlink.js';
import {
  attributeTable,
  buildAttribute,
  buildNested,
  type NetlinkCode,
  readText,
  readU32,
  u32,
  zeroEnded,
} from './netlink.js';

const IPVS_GENL_VERSION = 1;
const IPVS_CMD_NEW_DAEMON = 9;
const IPVS_CMD_DEL_DAEMON = 10;
const IPVS_CMD_GET_DAEMON = 11;
const IPVS_CMD_ATTR_DAEMON = 3;
const IPVS_DAEMON_ATTR_STATE = 1;
const IPVS_DAEMON_ATTR_MCAST_IFN = 2;
const IPVS_DAEMON_ATTR_SYNC_ID = 3;
const IP_VS_STATE_MASTER = 1;
const IP_VS_STATE_BACKUP = 2;

export interface SyncDaemon {
  readonly role: 'master' | 'backup';
  readonly interfaceName: string;
  /** 0 to 255; a backup with 0 takes what any master sends. */
  readonly syncId: number;
}

const stateOf = (role: SyncDaemon['role']): Uint8Array =>
  u32(role === 'master' ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP);

export function emitNewDaemon(daemon: SyncDaemon): Uint8Array {
  const attributes = buildNested(
    IPVS_CMD_ATTR_DAEMON,
    buildAttribute(IPVS_DAEMON_ATTR_STATE, stateOf(daemon.role)),
    buildAttribute(IPVS_DAEMON_ATTR_MCAST_IFN, zeroEnded(daemon.interfaceName)),
    buildAttribute(IPVS_DAEMON_ATTR_SYNC_ID, u32(daemon.syncId)),
  );
  return buildGenericPayload(IPVS_CMD_NEW_DAEMON, IPVS_GENL_VERSION, attributes);
}

/** The kernel runs at most one of each role, so the role is enough. */
export function emitDeleteDaemon(role: SyncDaemon['role']): Uint8Array {
  const state = buildAttribute(IPVS_DAEMON_ATTR_STATE, stateOf(role));
  const attributes = buildNested(IPVS_CMD_ATTR_DAEMON, state);
  return buildGenericPayload(IPVS_CMD_DEL_DAEMON, IPVS_GENL_VERSION, attributes);
}

export function emitDaemonDump(): Uint8Array {
  return buildGenericPayload(IPVS_CMD_GET_DAEMON, IPVS_GENL_VERSION);
}

export function parseDaemon(payload: Uint8Array): Result<SyncDaemon, NetlinkCode> {
  const generic = takeGenericPayload(payload);
  if (!generic.ok) return generic;
  const outer = attributeTable(generic.value.attributes);
  if (!outer.ok) return outer;
  const table = attributeTable(outer.value.get(IPVS_CMD_ATTR_DAEMON) ?? new Uint8Array());
  if (!table.ok) return table;
  const state = readU32(table.value.get(IPVS_DAEMON_ATTR_STATE));
  const interfaceName = readText(table.value.get(IPVS_DAEMON_ATTR_MCAST_IFN));
  const syncId = readU32(table.value.get(IPVS_DAEMON_ATTR_SYNC_ID));
  if (interfaceName === undefined || syncId === undefined) {
    return failure('bad-value', 'daemon without interface or id');
  }
  if (state !== IP_VS_STATE_MASTER && state !== IP_VS_STATE_BACKUP) {
    return failure('bad-value', `state of a daemon: ${state}`);
  }
  return ok({ role: state === IP_VS_STATE_MASTER ? 'master' : 'backup', interfaceName, syncId });
}
