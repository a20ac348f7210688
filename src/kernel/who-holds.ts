// Which hardware address answers for an IPv4 address: asked with the package node-arp, and where
// its programs (ping, arp) are not installed by a probe of our own. For a line in the log and
// nothing else: it may take seconds, and nothing is decided by it.

import { accessSync, constants } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { parseMac } from '../wire/rtnetlink.js';
import { openAddressTable } from './addresses.js';
import { neighbourMac } from './neighbours.js';
import { probeAddress } from './probe.js';

/** Two probes, as one may be lost. */
const PROBES = 2;

/** The face of node-arp, which ships no declarations. */
interface NodeArp {
  getMAC(address: string, answer: (failed: boolean, mac: unknown) => void): void;
}

/**
 * The hardware address, lower case; undefined when nobody answered in time or when `address` is
 * not IPv4 in dotted form.
 */
export async function whoHolds(address: string, deadlineMs: number): Promise<string | undefined> {
  // node-arp passes the text on as an argument, where `-h` would be an option, and dies of an
  // error event that nobody handles when a program is missing.
  if (!isIPv4(address)) return undefined;
  const arp = isInstalled('ping') && isInstalled('arp') ? await loadNodeArp() : undefined;
  return arp === undefined ? probe(address, deadlineMs) : ask(arp, address, deadlineMs);
}

async function probe(address: string, deadlineMs: number): Promise<string | undefined> {
  const table = openAddressTable();
  if (!table.ok) return undefined;
  const place = table.value.placeOf(address);
  table.value.close();
  if (place === undefined) return undefined;
  const { interfaceName } = place;
  const spacingMs = deadlineMs / PROBES;
  const found = await probeAddress({ address, interfaceName, count: PROBES, spacingMs });
  if (found.ok) return found.value;
  // Without the right to open a packet socket there is what the kernel happens to know.
  const known = neighbourMac(address, interfaceName);
  return known.ok ? known.value : undefined;
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function loadNodeArp(): Promise<NodeArp | undefined> {
  try {
    const name = 'node-arp';
    const module: unknown = await import(name);
    if (typeof module !== 'object' || module === null || !('default' in module)) return undefined;
    return isNodeArp(module.default) ? module.default : undefined;
  } catch {
    // Not installed: the line in the log is left out.
    return undefined;
  }
}

function isNodeArp(face: unknown): face is NodeArp {
  return typeof face === 'object' && face !== null && 'getMAC' in face;
}

function ask(arp: NodeArp, address: string, deadlineMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), deadlineMs);
    const answer = (failed: boolean, mac: unknown): void => {
      clearTimeout(timer);
      // For a free address the "hardware address" is `(incomplete)`, without an error.
      const isMac = !failed && typeof mac === 'string' && parseMac(mac) !== undefined;
      resolve(isMac ? mac.toLowerCase() : undefined);
    };
    try {
      arp.getMAC(address, answer);
    } catch {
      answer(true, undefined);
    }
  });
}
