// Programs for the kernel's packet filter (classic BPF, linux/filter.h) that let through what other
// machines say of certain addresses, and nothing else: a director's segment is full of ARP and of
// IPv6, and none of it should wake the daemon. Offsets count from the Ethernet header.

import { parseIp } from './ip-address.js';
import { hostIsLittleEndian } from './netlink.js';

/** One instruction as struct sock_filter: code, jumps when true and false, operand. */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const LD_WORD_ABS = 0x20;
const LD_BYTE_ABS = 0x30;
const JEQ = 0x15;
const RET = 0x06;
/** SKF_AD_OFF + SKF_AD_HATYPE: the hardware type of the interface. */
const HARDWARE_TYPE = 0xffff_f01c;
const ARPHRD_ETHER = 1;
const ICMPV6 = 58;
const ND_NEIGHBOR_ADVERT = 136;
const WHOLE_FRAME = 0xffff;
const INSTRUCTION_BYTES = 8;

/** Two instructions each: the kernel takes 4096 (BPF_MAXINSNS). */
export const watchedAddressesMax = 2000;

const dropUnless = (code: number, at: number, value: number): readonly Instruction[] => [
  [code, 0, 0, at],
  [JEQ, 1, 0, value],
  [RET, 0, 0, 0],
];

/** Lets the frame through when the word at `at` is one of the words. */
function passWhenOneOf(at: number, words: readonly number[]): readonly Instruction[] {
  const tests = words.flatMap((word): readonly Instruction[] => [
    [JEQ, 0, 1, word],
    [RET, 0, 0, WHOLE_FRAME],
  ]);
  return [[LD_WORD_ABS, 0, 0, at], ...tests, [RET, 0, 0, 0]];
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [at, [code, whenTrue, whenFalse, operand]] of program.entries()) {
    const start = at * INSTRUCTION_BYTES;
    view.setUint16(start, code, hostIsLittleEndian);
    view.setUint8(start + 2, whenTrue);
    view.setUint8(start + 3, whenFalse);
    view.setUint32(start + 4, operand >>> 0, hostIsLittleEndian);
  }
  return bytes;
}

function lastWords(addresses: readonly string[], length: number): readonly number[] {
  const words = new Set<number>();
  for (const address of addresses.slice(0, watchedAddressesMax)) {
    const bytes = parseIp(address);
    if (bytes?.length !== length) continue;
    words.add(new DataView(bytes.buffer, bytes.byteOffset + length - 4, 4).getUint32(0));
  }
  return [...words];
}

/** ARP whose sender says that it has one of the addresses. */
export const arpSenderFilter = (addresses: readonly string[]): Uint8Array =>
  assemble([
    ...dropUnless(LD_WORD_ABS, HARDWARE_TYPE, ARPHRD_ETHER),
    ...passWhenOneOf(28, lastWords(addresses, 4)),
  ]);

/**
 * Neighbour advertisements for one of the addresses, told by the last 32 bits: the reader compares
 * the rest.
 */
export const advertisementFilter = (addresses: readonly string[]): Uint8Array =>
  assemble([
    ...dropUnless(LD_WORD_ABS, HARDWARE_TYPE, ARPHRD_ETHER),
    ...dropUnless(LD_BYTE_ABS, 20, ICMPV6),
    ...dropUnless(LD_BYTE_ABS, 54, ND_NEIGHBOR_ADVERT),
    ...passWhenOneOf(74, lastWords(addresses, 16)),
  ]);
