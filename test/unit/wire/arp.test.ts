// ARP frames, against bytes as they came from a packet socket.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arpAnnouncement, arpProbe, emitArp, isArpConflict, parseArp } from '#src/wire/arp.js';
import { feedHostile, fromHex } from './hostile.js';

/** The answer of a Linux machine to a probe, as it came from a packet socket. */
const reply = fromHex(`
  065d83f98eff 020000000002 0806  0001 0800 06 04 0002
  020000000002 0a4d0002 065d83f98eff 00000000`);

const own = '06:5d:83:f9:8e:ff';

test('a frame is taken apart into addresses and operation', () => {
  assert.deepEqual(parseArp(reply), {
    ok: true,
    value: {
      destinationMac: own,
      sourceMac: '02:00:00:00:00:02',
      operation: 'reply',
      senderMac: '02:00:00:00:00:02',
      senderAddress: '10.77.0.2',
      targetMac: own,
      targetAddress: '0.0.0.0',
    },
  });
});

test('an announcement is built in both forms of RFC 5227', () => {
  const request = emitArp(arpAnnouncement('request', own, '10.77.0.100'));
  assert.deepEqual(
    request.ok ? request.value : undefined,
    fromHex(`ffffffffffff 065d83f98eff 0806 0001 0800 06 04 0001
      065d83f98eff 0a4d0064 000000000000 0a4d0064`),
  );
  const answer = emitArp(arpAnnouncement('reply', own, '10.77.0.100'));
  assert.deepEqual(
    answer.ok ? answer.value : undefined,
    fromHex(`ffffffffffff 065d83f98eff 0806 0001 0800 06 04 0002
      065d83f98eff 0a4d0064 065d83f98eff 0a4d0064`),
  );
});

test('a frame that was parsed is emitted as it was, padding left out', () => {
  const padded = Buffer.concat([reply, new Uint8Array(18)]);
  const parsed = parseArp(padded);
  assert.ok(parsed.ok);
  const emitted = emitArp(parsed.value);
  assert.deepEqual(emitted.ok ? emitted.value : undefined, reply);
});

test('a probe claims no address, and whoever has it is a conflict', () => {
  const probe = arpProbe(own, '10.77.0.2');
  assert.equal(probe.senderAddress, '0.0.0.0');
  const parsed = parseArp(reply);
  assert.ok(parsed.ok);
  assert.equal(isArpConflict(parsed.value, own, '10.77.0.2'), true);
  assert.equal(isArpConflict(parsed.value, own, '10.77.0.3'), false);
  assert.equal(isArpConflict(probe, own, '10.77.0.2'), false);
  const rival = arpProbe('02:00:00:00:00:03', '10.77.0.2');
  assert.equal(isArpConflict(rival, own, '10.77.0.2'), true);
});

test('what is no address is refused before it is sent', () => {
  assert.equal(emitArp(arpProbe('', '10.77.0.2')).ok, false);
  assert.equal(emitArp(arpProbe(own, 'fd77::1')).ok, false);
});

test('hostile bytes are refused and never thrown at', () => {
  feedHostile(reply, parseArp);
});
