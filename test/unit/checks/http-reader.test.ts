// Answers to plain HTTP requests, whole and in pieces, good, odd and hostile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BODY_BYTES_MAX } from '#src/checks/http-answer.js';
import {
  createHttpReader,
  HEAD_CHARACTERS_MAX,
  type HttpReading,
} from '#src/checks/http-reader.js';

function read(pieces: readonly string[], method: 'GET' | 'HEAD' = 'GET'): HttpReading {
  const reader = createHttpReader(method);
  for (const piece of pieces) {
    const reading = reader.received(piece);
    if (reading.kind !== 'more') return reading;
  }
  return reader.ended();
}

function bodyOf(text: string, method: 'GET' | 'HEAD' = 'GET'): string | undefined {
  const whole = read([text], method);
  assert.deepEqual(read([...text], method), whole, 'a server that drips says the same');
  return whole.kind === 'done' ? whole.answer.body : undefined;
}

const faultOf = (...pieces: readonly string[]): string => {
  const reading = read(pieces);
  return reading.kind === 'fault' ? reading.reason : reading.kind;
};

test('a body ends by its length, by its last chunk or with the connection', () => {
  assert.equal(bodyOf('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npagemore'), 'page');
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.equal(bodyOf(`${chunked}2\r\npa\r\n2;x=y\r\nge\r\n0\r\nA: b\r\n\r\n`), 'page');
  assert.equal(bodyOf('HTTP/1.0 200 OK\n\npage'), 'page');
});

test('answers that have no body are done with their fields', () => {
  for (const status of ['204 No Content', '304 Not Modified']) {
    assert.equal(bodyOf(`HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`), '');
  }
  assert.equal(bodyOf('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HEAD'), '');
  assert.equal(bodyOf('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), '');
});

test('interim answers are passed over', () => {
  const text =
    'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
  assert.equal(bodyOf(text), 'x');
});

test('a redirect is told without waiting for its body', () => {
  const reading = read(['HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 99\r\n\r\n']);
  assert.ok(reading.kind === 'done' && reading.answer.isRedirect);
});

test('what is no answer is a fault in words', () => {
  assert.equal(faultOf('SSH-2.0-OpenSSH_9.2\r\n'), 'not an HTTP answer');
  assert.equal(faultOf('HTTP/x\r\n\r\n'), 'not an HTTP answer');
  assert.equal(faultOf(), 'connection closed before an answer');
  const head = 'HTTP/1.1 200 OK\r\n';
  assert.equal(faultOf(`${head}Content-Length: 9\r\n\r\nx`), 'connection closed within the answer');
  assert.equal(faultOf(`${head}Content-Length: 1, 2\r\n\r\n`), 'an unreadable Content-Length');
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  assert.equal(faultOf(`${chunked}zz\r\n`), 'an unreadable chunk');
});

test('a server that never ends its fields, a chunk line or a body is stopped', () => {
  const head = 'HTTP/1.1 200 OK\r\n';
  const reason = 'an answer with more than 16 KiB of header';
  assert.equal(faultOf(head, 'A: '.padEnd(HEAD_CHARACTERS_MAX, 'b')), reason);
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
  assert.equal(faultOf(interim.repeat(1 + HEAD_CHARACTERS_MAX / interim.length)), reason);
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  assert.equal(faultOf(chunked, ' '.repeat(2000)), 'an unreadable chunk');
  assert.equal(faultOf(chunked, '0\r\n', 'A: b\r\n'.repeat(4000)), 'an endless trailer');
  const pieces = Array.from({ length: 9 }, () => 'x'.repeat(BODY_BYTES_MAX / 8));
  const cut = read([`${head}\r\n`, ...pieces]);
  assert.ok(cut.kind === 'done' && cut.answer.isBodyCut);
  assert.equal(cut.answer.body.length, BODY_BYTES_MAX);
});

test('no text makes it throw, and pieces say what the whole says', () => {
  const word = fc.constantFrom(
    ...['HTTP/1.1 200 OK', '\r\n', '\n', '\r', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ...['3', '0', 'abc', ':', ' ', 'ffffffff', 'HTTP/1.1 100 C', 'Location: /'],
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      bodyOf(words.join(''));
    }),
    { seed: 7, numRuns: 500 },
  );
});
