// Delay and SendArp: a pause at start and stop, and announcements of an address that is not ours to
// set. Neither leaves anything in the kernel, so a marker says whether it was started.

import { setTimeout as pause } from 'node:timers/promises';
import type { BuiltInSpec } from '../../config/builtin-arguments.js';
import type { ResourceOutcome } from '../../config/resource-order.js';
import type { InterfaceAddress } from '../../kernel/addresses.js';
import { parseIp } from '../../wire/ip-address.js';
import { type BuiltInOrder, type BuiltInParts, done, failed, running, stopped } from './builtin.js';

export async function runDelay(
  spec: Extract<BuiltInSpec, { kind: 'delay' }>,
  { word, verb }: BuiltInOrder,
  { markers }: BuiltInParts,
): Promise<ResourceOutcome> {
  const isStarted = (await markers.get(word)) !== undefined;
  if (verb === 'status') return isStarted ? running : stopped;
  if (verb === 'start') {
    if (!isStarted) await pause(spec.startMs);
    await markers.set(word);
  } else {
    if (isStarted) await pause(spec.stopMs);
    await markers.clear(word);
  }
  return done;
}

/** As often and as far apart as those of a VIP. */
const ANNOUNCEMENTS = 5;
const SPACING_MS = 200;

export async function runSendArp(
  spec: Extract<BuiltInSpec, { kind: 'send-arp' }>,
  { word, verb }: BuiltInOrder,
  { markers, announcer }: BuiltInParts,
): Promise<ResourceOutcome> {
  if (verb === 'status') return (await markers.get(word)) === undefined ? stopped : running;
  if (verb === 'stop') {
    await markers.clear(word);
    return done;
  }
  const { address, interfaceName } = spec;
  const isIpv6 = parseIp(address)?.length === 16;
  const family = isIpv6 ? 6 : 4;
  const prefixLength = isIpv6 ? 128 : 32;
  const announced: InterfaceAddress = { family, address, prefixLength, interfaceName };
  const first = announcer.announce(announced);
  if (!first.ok) return failed(first.detail);
  await markers.set(word);
  // The rest goes on beside whatever starts next; nobody waits for it.
  void (async () => {
    for (let sent = 1; sent < ANNOUNCEMENTS; sent++) {
      await pause(SPACING_MS, undefined, { ref: false });
      if ((await markers.get(word)) === undefined) return;
      announcer.announce(announced);
    }
  })();
  return done;
}
