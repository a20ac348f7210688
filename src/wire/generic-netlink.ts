// The header of generic netlink (linux/genetlink.h) and the one request every family needs first:
// the controller's answer to "which message type has the family of this name".

import { concatBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { attributeTable, buildAttribute, type NetlinkCode, readU16, zeroEnded } from './netlink.js';

export const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_VERSION = 1;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const GENERIC_HEADER_BYTES = 4;

export function buildGenericPayload(
  command: number,
  version: number,
  ...attributes: readonly Uint8Array[]
): Uint8Array {
  return concatBytes(Uint8Array.of(command, version, 0, 0), ...attributes);
}

export interface GenericPayload {
  readonly command: number;
  readonly version: number;
  /** The attributes, not taken apart. */
  readonly attributes: Uint8Array;
}

export function takeGenericPayload(payload: Uint8Array): Result<GenericPayload, NetlinkCode> {
  if (payload.length < GENERIC_HEADER_BYTES) return failure('truncated', 'genlmsghdr');
  const [command = 0, version = 0] = payload;
  return ok({ command, version, attributes: payload.subarray(GENERIC_HEADER_BYTES) });
}

/** The payload of a message of type GENL_ID_CTRL; the kernel answers ENOENT for no such family. */
export function emitFamilyRequest(name: string): Uint8Array {
  const attribute = buildAttribute(CTRL_ATTR_FAMILY_NAME, zeroEnded(name));
  return buildGenericPayload(CTRL_CMD_GETFAMILY, CTRL_VERSION, attribute);
}

/** The message type of the family; it differs between boots. */
export function parseFamilyId(payload: Uint8Array): Result<number, NetlinkCode> {
  const generic = takeGenericPayload(payload);
  if (!generic.ok) return generic;
  const table = attributeTable(generic.value.attributes);
  if (!table.ok) return table;
  const id = readU16(table.value.get(CTRL_ATTR_FAMILY_ID));
  return id === undefined ? failure('bad-value', 'family id') : ok(id);
}
