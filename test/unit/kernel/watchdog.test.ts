// What a watchdog device is told, by a kernel that only records. A real device resets its machine
// in the lab's emulated one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sys } from '#src/kernel/sys.js';
import { createWatchdog, disarmWatchdog, watchdogTimeout } from '#src/kernel/watchdog.js';
import { makeFakeSys } from './fake-sys.js';

interface Device {
  readonly sys: Sys;
  readonly told: string[];
  openResult: number;
  writeResult: number;
}

function deviceOf(): Device {
  const device: Device = { sys: makeFakeSys().sys, told: [], openResult: 7, writeResult: 1 };
  const sys: Sys = {
    ...device.sys,
    open: (path) => {
      device.told.push(`open ${path}`);
      return device.openResult;
    },
    ioctl: (_fd, request, argument) => {
      device.told.push(`ioctl ${request.toString(16)} ${argument.join(' ')}`);
      return 0;
    },
    write: (_fd, bytes) => {
      device.told.push(`write ${bytes.join(' ')}`);
      return device.writeResult;
    },
    close: () => {
      device.told.push('close');
      return 0;
    },
  };
  return Object.assign(device, { sys });
}

const setting = { path: '/dev/watchdog', timeoutSeconds: 3 };
const open = ['open /dev/watchdog', 'ioctl c0045706 3 0 0 0'];

describe('a watchdog device', () => {
  it('is opened at the first heartbeat, gets its timeout, and is tickled by each', () => {
    const device = deviceOf();
    const said: string[] = [];
    const watchdog = createWatchdog(setting, device.sys, (_level, text) => said.push(text));
    watchdog.tickle(0);
    watchdog.tickle(1000);
    assert.deepEqual(device.told, [...open, 'write 0', 'write 0']);
    assert.match(said.join(), /resets this machine after 3 s/);
  });

  it('is closed with the magic byte at a stop in order, and not opened again', () => {
    const device = deviceOf();
    const watchdog = createWatchdog(setting, device.sys, () => undefined);
    watchdog.tickle(0);
    watchdog.disarm();
    watchdog.tickle(5000);
    assert.deepEqual(device.told.slice(-3), ['write 0', 'write 86', 'close']);
  });

  it('that a predecessor has is waited for, and said once', () => {
    const device = deviceOf();
    device.openResult = -16;
    const said: string[] = [];
    const watchdog = createWatchdog(setting, device.sys, (level, text) => {
      said.push(`${level} ${text}`);
    });
    for (let at = 0; at < 2000; at += 20) watchdog.tickle(at);
    assert.equal(device.told.length, 8);
    device.openResult = 7;
    watchdog.tickle(2500);
    assert.equal(device.told.at(-1), 'write 0');
    assert.match(said[0] ?? '', /^WARN Cannot open watchdog device \/dev\/watchdog: EBUSY$/);
    assert.equal(said.length, 2);
  });

  it('that fails is opened again', () => {
    const device = deviceOf();
    const watchdog = createWatchdog(setting, device.sys, () => undefined);
    device.writeResult = -5;
    watchdog.tickle(0);
    device.writeResult = 1;
    watchdog.tickle(1000);
    assert.deepEqual(device.told, [...open, 'write 0', 'close', ...open, 'write 0']);
  });

  it('of a daemon that was killed and released is stopped by another', () => {
    const device = deviceOf();
    assert.equal(disarmWatchdog('/dev/watchdog', device.sys), true);
    assert.deepEqual(device.told, ['open /dev/watchdog', 'write 86', 'close']);
  });

  it('gets a little more than the dead time, in whole seconds', () => {
    assert.deepEqual([100, 990, 991, 30_000].map(watchdogTimeout), [1, 1, 2, 31]);
  });
});
