// The pure halves of checks: judging HTTP answers, the combined schedule, echo packets, reasons.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex } from '#src/base/bytes.js';
import { cleanReason, timedOut } from '#src/checks/check-verdict.js';
import { combinedAfter, combinedNext, combinedStart } from '#src/checks/combined.js';
import { judgeHttpAnswer } from '#src/checks/http-answer.js';
import { emitEchoRequest, parseEchoReply } from '#src/wire/icmp-echo.js';

const answer = { status: 200, statusText: 'OK', redirects: 0, isBodyCut: false, body: 'a page' };

test('2xx is up, with a pattern only when it matches', () => {
  assert.deepEqual(judgeHttpAnswer(answer, undefined), {
    isUp: true,
    reason: 'HTTP 200',
    answer: '200 OK',
  });
  assert.equal(judgeHttpAnswer(answer, { kind: 'matched' }).isUp, true);
  const unmatched = judgeHttpAnswer(answer, { kind: 'not-matched' });
  assert.equal(unmatched.isUp, false);
  assert.equal(unmatched.answer, 'a page', 'monitorfile shows the page that did not match');
  assert.equal(unmatched.reason, 'HTTP 200, but the body does not match receive');
});

test('every other status is down, also 401 and a redirect that was not followed', () => {
  for (const status of [199, 302, 401, 404, 500]) {
    assert.equal(judgeHttpAnswer({ ...answer, status }, { kind: 'matched' }).isUp, false);
  }
});

test('a cut body is told', () => {
  const cut = judgeHttpAnswer({ ...answer, isBodyCut: true }, { kind: 'not-matched' });
  assert.equal(cut.reason, 'HTTP 200, but the first 256 KiB do not match receive');
});

test('after a good negotiate come exactly N connects, after a failure negotiates', () => {
  const kinds: string[] = [];
  let state = combinedStart;
  for (const isUp of [true, true, true, true, true, false, false, true, true]) {
    kinds.push(combinedNext(state) === 'negotiate' ? 'N' : 'c');
    state = combinedAfter(state, isUp, 3);
  }
  assert.equal(kinds.join(''), 'NcccNcNNc');
});

test('an echo request is 64 bytes with a right checksum', () => {
  const bytes = emitEchoRequest(4, { identifier: 0x1234, sequence: 1 });
  assert.equal(bytes.length, 64);
  assert.equal(bytesToHex(bytes.subarray(0, 8)).replace(/^(.{4}).{4}/, '$1'), '080012340001');
  let sum = 0;
  for (let i = 0; i < 64; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  assert.equal(sum, 0xffff);
});

test('an echo reply is read behind its IP header, anything else is not one', () => {
  const reply = new Uint8Array(28);
  reply.set([0x45], 0);
  reply.set([0, 0, 0, 0, 0x12, 0x34, 0, 2], 20);
  const none = new Uint8Array(0);
  const read = parseEchoReply(4, reply);
  assert.deepEqual(read, { identifier: 0x1234, sequence: 2, payload: none });
  assert.equal(parseEchoReply(4, reply.subarray(0, 27)), undefined);
  assert.equal(parseEchoReply(4, new Uint8Array(0)), undefined);
  const request = Uint8Array.from(reply);
  request[20] = 8;
  assert.equal(parseEchoReply(4, request), undefined);
  const v6 = Uint8Array.of(129, 0, 0, 0, 0x12, 0x34, 0, 3);
  assert.deepEqual(parseEchoReply(6, v6), { identifier: 0x1234, sequence: 3, payload: none });
});

test('a reason is one short line whatever a server says', () => {
  assert.equal(cleanReason('a\r\nb\u001b[31m\tc'), 'a b [31m c');
  assert.ok(cleanReason('x'.repeat(10_000)).length <= 160);
  assert.equal(timedOut(5, 'connect').reason, 'connect timed out after 5.0 s');
});
