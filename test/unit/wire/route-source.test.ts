// A route with another source address: every other attribute stays as the kernel gave it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emitWithSource, parseSourcedRoute } from '#src/wire/route-source.js';

/** Of `ip route`: default via 10.8.0.9 dev IF proto static metric 100, as RTM_GETROUTE gives it. */
const header = '02000000fe04000100000000';
const tableAttribute = '08000f00fe000000';
const metric = '0800060064000000';
const gateway = '080005000a080009';
const device = '0800040003000000';
const plain = Buffer.from(header + tableAttribute + metric + gateway + device, 'hex');

describe('a route and its source', () => {
  it('is read', () => {
    const route = parseSourcedRoute(plain);
    assert.ok(route.ok && route.value !== undefined);
    const { destination, prefixLength, interfaceIndex, source } = route.value;
    assert.deepEqual([destination, prefixLength, interfaceIndex, source], ['', 0, 3, undefined]);
  });

  it('gets a source and loses it again, the rest untouched', () => {
    const route = parseSourcedRoute(plain);
    assert.ok(route.ok && route.value !== undefined);
    const with10 = emitWithSource(route.value, '10.8.0.100');
    assert.ok(with10.ok);
    const suffix = '080007000a080064';
    assert.equal(Buffer.from(with10.value).toString('hex'), plain.toString('hex') + suffix);
    const again = parseSourcedRoute(with10.value);
    assert.ok(again.ok && again.value?.source === '10.8.0.100');
    const without = emitWithSource(again.value, undefined);
    assert.ok(without.ok);
    assert.deepEqual(Buffer.from(without.value), plain);
  });

  it('of another table, or cut short, is none of ours', () => {
    const local = Buffer.from(plain);
    local[4] = 255;
    assert.deepEqual(parseSourcedRoute(local), { ok: true, value: undefined });
    for (let length = 0; length < plain.length; length++) {
      const parsed = parseSourcedRoute(plain.subarray(0, length));
      assert.ok(!parsed.ok || length % 4 === 0, String(length));
    }
  });
});
