// The IPVS sync daemons on the wire (linux/ip_vs.h): built, taken apart, and nothing foreign taken.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  emitDeleteDaemon,
  emitNewDaemon,
  parseDaemon,
  type SyncDaemon,
} from '#src/wire/ipvs-daemon.js';

const daemon: SyncDaemon = { role: 'backup', interfaceName: 'eth1', syncId: 7 };

describe('a request for an IPVS sync daemon', () => {
  it('starts one with role, interface and id', () => {
    const hex = Buffer.from(emitNewDaemon(daemon)).toString('hex');
    const attributes = '0800010002000000' + '090002006574683100000000' + '0800030007000000';
    assert.equal(hex, `09010000${'20000380'}${attributes}`);
  });

  it('ends one by its role', () => {
    const hex = Buffer.from(emitDeleteDaemon('master')).toString('hex');
    assert.equal(hex, '0a010000' + '0c000380' + '0800010001000000');
  });

  it('has the form in which the kernel tells of one', () => {
    assert.deepEqual(parseDaemon(emitNewDaemon(daemon)), { ok: true, value: daemon });
  });

  it('that is cut short or has no daemon in it is no daemon', () => {
    const bytes = emitNewDaemon(daemon);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(parseDaemon(bytes.subarray(0, length)).ok, false, String(length));
    }
  });
});
