// Routes of the main table with the source address that packets get on them (linux/rtnetlink.h):
// read out of a dump, and written back with another source, every other attribute as it was.

import { concatBytes } from '../base/bytes.js';
import { failure, ok, type Result } from '../base/result.js';
import { formatIp, parseIp } from './ip-address.js';
import { buildAttribute, type NetlinkCode, readU32, takeAttributes } from './netlink.js';
import { AF_INET } from './rtnetlink.js';

export const RTM_NEWROUTE = 24;

const HEADER_BYTES = 12;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;
const RTM_F_CLONED = 0x200;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const RTA_CACHEINFO = 12;

export interface SourcedRoute {
  /** Empty for the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly interfaceIndex: number;
  /** undefined: the kernel chooses one. */
  readonly source: string | undefined;
  /** The message as the kernel gave it. */
  readonly payload: Uint8Array;
}

export const emitRouteDump = (): Uint8Array => {
  const head = new Uint8Array(HEADER_BYTES);
  head.set([AF_INET]);
  return head;
};

/** undefined for routes that are none of the main table, or lead over several interfaces. */
export function parseSourcedRoute(
  payload: Uint8Array,
): Result<SourcedRoute | undefined, NetlinkCode> {
  if (payload.length < HEADER_BYTES) return failure('truncated', 'rtmsg');
  const attributes = takeAttributes(payload.subarray(HEADER_BYTES));
  if (!attributes.ok) return attributes;
  const data = (type: number): Uint8Array | undefined =>
    attributes.value.find((each) => each.type === type)?.data;
  const [family, prefixLength = 0, , , table, , , type] = payload;
  const interfaceIndex = readU32(data(RTA_OIF));
  const flags = readU32(payload.subarray(8, 12)) ?? 0;
  const isOfMain = family === AF_INET && table === RT_TABLE_MAIN && type === RTN_UNICAST;
  if (!isOfMain || interfaceIndex === undefined || (flags & RTM_F_CLONED) !== 0) {
    return ok(undefined);
  }
  const destination = data(RTA_DST);
  const source = data(RTA_PREFSRC);
  return ok({
    destination: destination === undefined ? '' : (formatIp(destination) ?? ''),
    prefixLength,
    interfaceIndex,
    source: source === undefined ? undefined : formatIp(source),
    payload,
  });
}

/** The payload of RTM_NEWROUTE with NLM_F_REPLACE. */
export function emitWithSource(
  route: SourcedRoute,
  source: string | undefined,
): Result<Uint8Array, NetlinkCode> {
  const bytes = source === undefined ? undefined : parseIp(source);
  if (source !== undefined && bytes?.length !== 4) return failure('bad-value', source);
  const attributes = takeAttributes(route.payload.subarray(HEADER_BYTES));
  if (!attributes.ok) return attributes;
  // The times of use are the kernel's to tell and not ours to set.
  const kept = attributes.value.filter(
    ({ type }) => type !== RTA_PREFSRC && type !== RTA_CACHEINFO,
  );
  return ok(
    concatBytes(
      route.payload.subarray(0, HEADER_BYTES),
      ...kept.map(({ type, data }) => buildAttribute(type, data)),
      ...(bytes === undefined ? [] : [buildAttribute(RTA_PREFSRC, bytes)]),
    ),
  );
}
