// stonith, stonith_host, watchdog, env and stop_failure lines of ha.cf.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HaConfig } from '#src/config/ha-config.js';
import { parseHaConfig } from '#src/config/ha-config.js';

const base = 'node alpha beta\nbcast eth0\nserial /dev/ttyS0\nauto_failback off\n';

function read(lines: string): { config: HaConfig | undefined; codes: readonly string[] } {
  const { config, diagnostics } = parseHaConfig(base + lines, 'ha.cf', { localNode: 'alpha' });
  return { config, codes: diagnostics.map((each) => each.code) };
}

describe('ha.cf of a pair that resets', () => {
  it('names a device with its file', () => {
    const { config, codes } = read('stonith baytech /etc/ha.d/conf/stonith.baytech\n');
    const parameters = { kind: 'file', path: '/etc/ha.d/conf/stonith.baytech' };
    assert.deepEqual(config?.stonith, { type: 'baytech', parameters });
    assert.deepEqual(codes, []);
  });

  it('takes the line for this host or for all, with its parameters as they stand', () => {
    const lines =
      'stonith_host beta rps10 /dev/ttyS1 alpha 0\nstonith_host * external/x a,b  c=d\n';
    const { config, codes } = read(lines);
    const parameters = { kind: 'text', text: 'a,b  c=d' };
    assert.deepEqual(config?.stonith, { type: 'external/x', parameters });
    assert.deepEqual(codes, []);
  });

  it('warns of a second device for the same host, and takes the last', () => {
    const { config, codes } = read('stonith_host * null beta\nstonith_host Alpha suicide\n');
    assert.deepEqual(config?.stonith, { type: 'suicide', parameters: { kind: 'text', text: '' } });
    assert.deepEqual(codes, ['repeated-directive']);
  });

  it('without a line for this host has none', () => {
    assert.equal(read('stonith_host beta null alpha\n').config?.stonith, undefined);
  });
});

describe('ha.cf for scripts and stops', () => {
  it('gives each env line as a variable with HA_ in front', () => {
    const { config } = read('env SITE=north\nenv STOPRETRYMAX=3\n');
    assert.deepEqual(config?.environment, { HA_SITE: 'north', HA_STOPRETRYMAX: '3' });
    assert.equal(config?.stopRetriesMax, 3);
  });

  it('retries a stop for ever with nothing above 0', () => {
    assert.equal(read('env STOPRETRYMAX=-1\n').config?.stopRetriesMax, 0);
    assert.equal(read('').config?.stopRetriesMax, undefined);
  });

  it('refuses an env line that sets nothing', () => {
    const { config, codes } = read('env SITE north\n');
    assert.equal(config, undefined);
    assert.deepEqual(codes, ['bad-value', 'bad-value']);
  });

  it('holds what does not stop unless a reboot is asked for', () => {
    assert.equal(read('').config?.stopFailure, 'hold');
    assert.equal(read('stop_failure reboot\n').config?.stopFailure, 'reboot');
    assert.deepEqual(read('stop_failure panic\n').codes, ['bad-value']);
  });
});
