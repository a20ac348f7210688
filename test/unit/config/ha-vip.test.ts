// The directives that guard the VIPs: what they default to, and what they refuse.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHaConfig } from '#src/config/ha-config.js';

const parse = (...lines: readonly string[]) =>
  parseHaConfig(
    ['keepalive 10ms', 'bcast eth0', 'auto_failback off', 'node a b', ...lines, ''].join('\n'),
    'ha.cf',
    { localNode: 'a' },
  );

const vipsOf = (...lines: readonly string[]) => {
  const { config, diagnostics } = parse(...lines);
  assert.ok(config !== undefined, diagnostics.map((each) => each.message).join('\n'));
  return config.vips;
};

const errorsOf = (...lines: readonly string[]): readonly string[] =>
  parse(...lines)
    .diagnostics.filter((each) => each.severity === 'error')
    .map((each) => `${each.code}: ${each.message}`);

describe('the directives for VIPs', () => {
  it('default to a warning, two short probes, a refresh each minute and a lease', () => {
    assert.deepEqual(vipsOf('deadtime 30'), {
      conflict: 'warn',
      probe: { count: 2, spacing: 100 },
      refresh: 60_000,
      leaseSeconds: 29,
    });
  });

  it('probe for no longer than a tenth of a short dead time, and have no lease there', () => {
    const vips = vipsOf('deadtime 500ms', 'initdead 1');
    assert.deepEqual(vips.probe, { count: 2, spacing: 25 });
    assert.equal(vips.leaseSeconds, undefined);
  });

  it('are taken as written', () => {
    const vips = vipsOf(
      'deadtime 10',
      'vip_conflict refuse',
      'vip_probe 3 200ms',
      'vip_refresh 0',
      'vip_lease 8',
    );
    assert.deepEqual(vips, {
      conflict: 'refuse',
      probe: { count: 3, spacing: 200 },
      refresh: 0,
      leaseSeconds: 8,
    });
    assert.equal(vipsOf('deadtime 10', 'vip_lease off').leaseSeconds, undefined);
    assert.equal(vipsOf('deadtime 5', 'vip_lease on').leaseSeconds, 4);
  });

  it('refuse a probe that makes takeovers late', () => {
    const errors = errorsOf('deadtime 2', 'vip_probe 3 100ms');
    assert.deepEqual(errors, ['bad-timing: vip_probe lasts longer than a tenth of deadtime']);
    assert.match(errorsOf('vip_probe 0 100ms').join(), /bad-value/);
    assert.match(errorsOf('vip_probe 2 often').join(), /bad-value/);
  });

  it('refuse a lease that a successor, the peer or the kernel cannot live with', () => {
    for (const [deadtime, lease] of [
      ['10', '5'],
      ['10', '11'],
      ['2', 'on'],
      ['2', '2'],
    ]) {
      const errors = errorsOf(`deadtime ${deadtime}`, `vip_lease ${lease}`).join();
      assert.match(errors, /bad-timing: vip_lease/, `${deadtime} ${lease}`);
    }
    assert.match(errorsOf('deadtime 10', 'vip_lease 7.5').join(), /whole seconds/);
  });

  it('know their words', () => {
    assert.match(errorsOf('vip_conflict ignore').join(), /bad-value/);
  });
});
