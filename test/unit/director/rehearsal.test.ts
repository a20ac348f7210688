// What a reload would change, and how the kernel's table differs, in ipvsadm's words.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differenceLines, ipvsadmWords } from '#src/director/ipvsadm-text.js';
import type { Rehearsal } from '#src/director/rehearsal.js';
import type { IpvsService } from '#src/wire/ipvs-table.js';
import { config, real, virtual } from '../../simulation/director-config-builder.js';
import { DirectorWorld } from '../../simulation/director-world.js';

const WEB = '10.0.0.100:80';
const [A, B, C] = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];

function healthyPair(): DirectorWorld {
  const world = new DirectorWorld(config([virtual(WEB, [real(A), real(B)])]));
  world.server(A, true);
  world.server(B, true);
  world.start();
  world.run(100);
  return world;
}

function rehearse(world: DirectorWorld, next?: ReturnType<typeof config>): Rehearsal {
  const observed = world.kernel.read();
  world.offer({ kind: 'rehearsal-asked', id: 1, config: next, observed });
  assert.ok(world.rehearsal);
  return world.rehearsal;
}

describe('a rehearsed reload', () => {
  it('names the smallest set of changes, changes nothing, and is just what follows', () => {
    const world = healthyPair();
    const next = config([
      virtual(WEB, [real(A, { weight: 5 }), real(C)]),
      virtual('10.0.0.100:25', [real('10.0.0.1:25')]),
    ]);
    const before = world.kernel.requests.length;
    const { edits, expected } = rehearse(world, next);
    assert.equal(world.kernel.requests.length, before);
    assert.deepEqual(edits.map(ipvsadmWords), [
      '-e -t 10.0.0.100:80 -r 10.0.0.1:80 -m -w 5',
      '-d -t 10.0.0.100:80 -r 10.0.0.2:80',
      '-A -t 10.0.0.100:25 -s wrr',
    ]);
    assert.deepEqual(expected.map(ipvsadmWords), [
      '-a -t 10.0.0.100:80 -r 10.0.0.3:80 -m -w 1',
      '-a -t 10.0.0.100:25 -r 10.0.0.1:25 -m -w 1',
    ]);
    world.offer({ kind: 'config-changed', id: 2, config: next });
    assert.deepEqual(world.kernel.requests.slice(before), edits);
  });

  it('leaves the running director as it was', () => {
    const world = healthyPair();
    const shown = JSON.stringify(world.status());
    rehearse(world, config([virtual(WEB, [real(C)])]));
    assert.equal(JSON.stringify(world.status()), shown);
  });
});

describe('a comparison', () => {
  it('is empty while the kernel has what is wanted', () => {
    assert.deepEqual(rehearse(healthyPair()), { edits: [], expected: [] });
  });

  it('shows what another program changed, what it added and what it removed', () => {
    const world = healthyPair();
    const [service] = world.kernel.read();
    assert.ok(service);
    const { key } = service;
    const [a, b] = [real(A), real(B)];
    world.kernel.apply([
      { kind: 'edit-destination', key, destination: { ...a, weight: 7 } },
      { kind: 'delete-destination', key, destination: b },
      { kind: 'add-destination', key, destination: real(C) },
    ]);
    const { edits } = rehearse(world);
    assert.deepEqual(differenceLines(edits, world.kernel.read()), [
      '- -a -t 10.0.0.100:80 -r 10.0.0.1:80 -m -w 7',
      '+ -a -t 10.0.0.100:80 -r 10.0.0.1:80 -m -w 1',
      '+ -a -t 10.0.0.100:80 -r 10.0.0.2:80 -m -w 1',
      '- -a -t 10.0.0.100:80 -r 10.0.0.3:80 -m -w 1',
    ]);
  });
});

describe("ipvsadm's words", () => {
  it('say persistence with its mask, one packet, flags, marks, IPv6 and thresholds', () => {
    const service = (more: Partial<IpvsService>): string =>
      ipvsadmWords({
        kind: 'add-service',
        service: {
          key: { kind: 'address', family: 4, protocol: 'udp', address: '10.0.0.1', port: 53 },
          scheduler: 'sh',
          persistenceSeconds: undefined,
          persistencePrefix: 32,
          isOnePacket: false,
          schedulerFlags: 0,
          ...more,
        },
      });
    const six = { kind: 'address', family: 6, protocol: 'sctp', address: '::1', port: 9 } as const;
    assert.deepEqual(
      [
        service({ isOnePacket: true, schedulerFlags: 0x18 }),
        service({ persistenceSeconds: 300, persistencePrefix: 22 }),
        service({ key: { kind: 'fwmark', family: 6, mark: 3 }, persistenceSeconds: 60 }),
        service({ key: six, persistenceSeconds: 60, persistencePrefix: 64 }),
        ipvsadmWords({
          kind: 'add-destination',
          key: six,
          destination: {
            ...real('10.0.0.1:9', { family: 6, address: 'fd00::1', forwarding: 'ipip' }),
            upperThreshold: 100,
            lowerThreshold: 80,
          },
        }),
      ],
      [
        '-A -u 10.0.0.1:53 -s sh -o -b flag-1,flag-2',
        '-A -u 10.0.0.1:53 -s sh -p 300 -M 255.255.252.0',
        '-A -f 3 -6 -s sh -p 60 -M 32',
        '-A --sctp-service [::1]:9 -s sh -p 60 -M 64',
        '-a --sctp-service [::1]:9 -r [fd00::1]:9 -i -w 1 -x 100 -y 80',
      ],
    );
  });
});
