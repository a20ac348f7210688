// The argument of the IPaddr and IPaddr2 resources: `ip[/cidr[/nic[:label][/broadcast]]]` or
// `ip/cidr/broadcast` (a third part that starts with a digit is the broadcast address).

import { failure, ok, type Result } from '../base/result.js';
import { canonicalIp, parseIpv4 } from '../wire/ip-address.js';

/** IFNAMSIZ - 1 (linux/if.h). */
const INTERFACE_NAME_LENGTH_MAX = 15;

export interface IpaddrArguments {
  readonly family: 4 | 6;
  /** Canonical text. */
  readonly address: string;
  /** undefined: that of the network of an interface which holds the address. */
  readonly prefixLength: number | undefined;
  readonly interfaceName: string | undefined;
  /** The whole label, such as `eth0:0`; undefined when the word names none. */
  readonly label: string | undefined;
  readonly broadcast: string | undefined;
}

export type IpaddrCode =
  | 'no-address'
  | 'bad-address'
  | 'bad-prefix'
  | 'bad-interface'
  | 'bad-broadcast'
  | 'too-many-parts';

/** Words behind the first argument are refused: the originals' scripts take one. */
export function parseIpaddrArguments(args: readonly string[]): Result<IpaddrArguments, IpaddrCode> {
  const [word, ...further] = args;
  if (word === undefined || word === '') return failure('no-address', 'no address');
  if (further.length > 0) return failure('too-many-parts', `${args.length} arguments`);
  const [addressText = '', prefixText, third, fourth, ...rest] = word.split('/');
  if (rest.length > 0) return failure('too-many-parts', word);
  const address = canonicalIp(addressText);
  if (address === undefined) return failure('bad-address', addressText);
  const family = address.includes(':') ? 6 : 4;
  const prefixLength = prefixText === undefined ? undefined : parsePrefix(prefixText, family);
  if (prefixText !== undefined && prefixLength === undefined) {
    return failure('bad-prefix', prefixText);
  }
  const isBroadcastThird = third !== undefined && /^[0-9]/.test(third);
  const nic = isBroadcastThird ? undefined : third;
  if (isBroadcastThird && fourth !== undefined) return failure('too-many-parts', word);
  if (nic !== undefined && !isInterface(nic)) return failure('bad-interface', nic);
  const broadcastText = isBroadcastThird ? third : fourth;
  const broadcast = broadcastText === undefined ? undefined : canonicalIp(broadcastText);
  if (broadcastText !== undefined && (family === 6 || parseIpv4(broadcastText) === undefined)) {
    return failure('bad-broadcast', broadcastText);
  }
  return ok({
    family,
    address,
    prefixLength,
    interfaceName: nic?.split(':')[0],
    label: nic?.includes(':') ? nic : undefined,
    broadcast,
  });
}

/** A number of bits, or for IPv4 a netmask such as 255.255.255.0. */
function parsePrefix(text: string, family: 4 | 6): number | undefined {
  const quad = family === 4 ? prefixOfNetmask(text) : undefined;
  if (quad !== undefined) return quad;
  if (!/^[0-9]{1,3}$/.test(text)) return undefined;
  const bits = Number(text);
  return bits >= 1 && bits <= (family === 4 ? 32 : 128) ? bits : undefined;
}

/** The number of leading one bits of a dotted quad; undefined when others follow a zero bit. */
export function prefixOfNetmask(text: string): number | undefined {
  const bytes = parseIpv4(text);
  if (bytes === undefined) return undefined;
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  if (!/^1*0*$/.test(bits)) return undefined;
  return bits.includes('0') ? bits.indexOf('0') : 32;
}

function isInterface(nic: string): boolean {
  const [name = '', label, ...rest] = nic.split(':');
  if (rest.length > 0 || !isInterfaceName(name) || label === '') return false;
  return nic.length <= INTERFACE_NAME_LENGTH_MAX;
}

/** As the kernel judges names: no blank, no slash, not `.` or `..`, at most 15 bytes. */
export function isInterfaceName(name: string): boolean {
  if (name === '' || name === '.' || name === '..') return false;
  return name.length <= INTERFACE_NAME_LENGTH_MAX && !/[\s/:]/.test(name);
}
