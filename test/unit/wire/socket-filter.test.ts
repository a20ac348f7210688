// Filter programs, run by a small interpreter of the instructions they use.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arpAnnouncement, arpProbe, emitArp } from '#src/wire/arp.js';
import { emitAdvertisement } from '#src/wire/icmp6.js';
import { hostIsLittleEndian } from '#src/wire/netlink.js';
import {
  advertisementFilter,
  arpSenderFilter,
  watchedAddressesMax,
} from '#src/wire/socket-filter.js';

const mac = '02:00:00:00:00:07';
const INSTRUCTIONS_MAX = 4096;

/** What the kernel would let through of the frame, in bytes. */
function run(program: Uint8Array, frame: Uint8Array, hardwareType = 1): number {
  const code = new DataView(program.buffer);
  const bytes = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let value = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const operand = code.getUint32(at * 8 + 4, hostIsLittleEndian);
    const isHardwareType = operand === 0xffff_f01c;
    switch (code.getUint16(at * 8, hostIsLittleEndian)) {
      case 0x20:
        if (!isHardwareType && operand + 4 > frame.length) return 0;
        value = isHardwareType ? hardwareType : bytes.getUint32(operand);
        break;
      case 0x30:
        if (operand >= frame.length) return 0;
        value = bytes.getUint8(operand);
        break;
      case 0x15:
        at += code.getUint8(at * 8 + (value === operand ? 2 : 3));
        break;
      case 0x06:
        return operand;
      default:
        throw new Error('an instruction that the programs do not use');
    }
  }
  throw new Error('the program has no end');
}

function announced(address: string): Uint8Array {
  const frame = emitArp(arpAnnouncement('reply', mac, address));
  assert.ok(frame.ok);
  return frame.value;
}

function advertised(target: string): Uint8Array {
  const flags = { isRouter: false, isSolicited: false, isOverride: true };
  const bytes = emitAdvertisement({ target, mac, ...flags });
  assert.ok(bytes.ok);
  const frame = new Uint8Array(54 + bytes.value.length);
  frame.set([0x86, 0xdd, 0x60], 12);
  frame[20] = 58;
  frame.set(bytes.value, 54);
  return frame;
}

describe('the filter for ARP', () => {
  const program = arpSenderFilter(['10.0.0.1', 'fd00::1', '10.0.0.2']);

  it('lets through who says that it has one of the addresses, and nobody else', () => {
    assert.notEqual(run(program, announced('10.0.0.1')), 0);
    assert.notEqual(run(program, announced('10.0.0.2')), 0);
    assert.equal(run(program, announced('10.0.0.3')), 0);
  });

  it('keeps out who only asks for one', () => {
    const probe = emitArp(arpProbe(mac, '10.0.0.1'));
    assert.ok(probe.ok);
    assert.equal(run(program, probe.value), 0);
  });

  it('keeps out interfaces that are no Ethernet, and frames that are too short', () => {
    assert.equal(run(program, announced('10.0.0.1'), 512), 0);
    assert.equal(run(program, announced('10.0.0.1').subarray(0, 30)), 0);
  });

  it('without addresses lets nothing through', () => {
    assert.equal(run(arpSenderFilter([]), announced('10.0.0.1')), 0);
  });

  it('stays within what the kernel takes, however many addresses there are', () => {
    const many = Array.from({ length: 3000 }, (_, at) => `10.1.${at >> 8}.${at & 255}`);
    const large = arpSenderFilter(many);
    assert.ok(large.length / 8 <= INSTRUCTIONS_MAX);
    assert.notEqual(run(large, announced(many[watchedAddressesMax - 1] ?? '')), 0);
  });
});

describe('the filter for neighbour advertisements', () => {
  const program = advertisementFilter(['fd00::1', '10.0.0.1']);

  it('lets through advertisements of the address, and no others', () => {
    assert.notEqual(run(program, advertised('fd00::1')), 0);
    assert.equal(run(program, advertised('fd00::2')), 0);
  });

  it('keeps out all other IPv6', () => {
    const frame = advertised('fd00::1');
    frame[20] = 6;
    assert.equal(run(program, frame), 0);
    const solicitation = advertised('fd00::1');
    solicitation[54] = 135;
    assert.equal(run(program, solicitation), 0);
  });
});
