// Frames out of a byte stream with noise, halves and no end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSerialCollector } from '#src/wire/serial-framing.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const texts = (frames: readonly Uint8Array[]): readonly string[] =>
  frames.map((frame) => Buffer.from(frame).toString('latin1'));

const frame = (text: string): string => `>>>\nt=${text}\n<<<\n`;

test('a frame is whole with the line feed after its end', () => {
  const collector = createSerialCollector();
  assert.deepEqual(collector.push(bytes('>>>\nt=status\n<<<')), []);
  assert.deepEqual(texts(collector.push(bytes('\n'))), [frame('status')]);
});

test('several frames may come at once, and one byte for byte', () => {
  const collector = createSerialCollector();
  const stream = frame('one') + frame('two');
  assert.deepEqual(texts(collector.push(bytes(stream))), [frame('one'), frame('two')]);
  const came: Uint8Array[] = [];
  for (const byte of bytes(stream)) came.push(...collector.push(Uint8Array.of(byte)));
  assert.deepEqual(texts(came), [frame('one'), frame('two')]);
});

test('noise before a frame is skipped, also without a line feed', () => {
  const collector = createSerialCollector();
  assert.deepEqual(texts(collector.push(bytes(`login: \r\n<<<\n${frame('one')}`))), [frame('one')]);
  assert.deepEqual(texts(collector.push(bytes(`\0\xff~~${frame('two')}`))), [frame('two')]);
});

test('half a frame costs only itself', () => {
  const collector = createSerialCollector();
  assert.deepEqual(texts(collector.push(bytes(`>>>\nt=half\n${frame('one')}`))), [frame('one')]);
  assert.equal(collector.lostFrames(), 1);
});

test('a frame without end is given up at the limit, and the next one comes', () => {
  const collector = createSerialCollector(64);
  assert.deepEqual(collector.push(bytes(`>>>\n${'x'.repeat(1000)}`)), []);
  assert.equal(collector.lostFrames(), 1);
  assert.deepEqual(texts(collector.push(bytes(`\n${frame('one')}`))), [frame('one')]);
});

test('after a reset the rest of an old frame means nothing', () => {
  const collector = createSerialCollector();
  collector.push(bytes('>>>\nt=old'));
  collector.reset();
  assert.deepEqual(texts(collector.push(bytes(`\n<<<\n${frame('new')}`))), [frame('new')]);
});

test('however a stream is cut, the same frames come out', () => {
  const parts = fc.array(fc.constantFrom(frame('a'), frame('b'), 'noise\n', '>>>\nx=', '<<<\n'));
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 9 }), (pieces, size) => {
      const stream = bytes(pieces.join(''));
      const [whole, cut] = [createSerialCollector(), createSerialCollector()];
      const came: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size) {
        came.push(...cut.push(stream.subarray(at, at + size)));
      }
      assert.deepEqual(texts(came), texts(whole.push(stream)));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('any bytes are taken without a throw and without growing past the limit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      const collector = createSerialCollector(64);
      for (const found of collector.push(noise)) assert.ok(found.length <= 64);
    }),
    { seed: 1, numRuns: 500 },
  );
});
