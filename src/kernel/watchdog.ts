// A watchdog device (linux/watchdog.h): while it is tickled nothing happens; without that it resets
// the machine. It is opened at the first tickle and again whenever it was lost, so that a successor
// waits for its predecessor to let go of it.

import { EBUSY, EINTR, errnoName } from './errno.js';
import type { Sys } from './sys.js';

export interface Watchdog {
  /** One sign of life. `nowMs` is the monotonic clock. Never blocks. */
  tickle(nowMs: number): void;
  /** Stops the clock and closes the device: the machine lives on without us. */
  disarm(): void;
}

export interface WatchdogSetting {
  readonly path: string;
  readonly timeoutSeconds: number;
}

type Say = (level: 'info' | 'WARN' | 'ERROR', text: string) => void;

const O_WRONLY = 1;
const O_CLOEXEC = 0x80000;
/** _IOWR('W', 6, int), of the generic Linux ABI. */
const WDIOC_SETTIMEOUT = 0xc004_5706;
/** The magic close: without this byte the driver goes on counting after a close. */
const MAGIC_CLOSE = Uint8Array.of('V'.charCodeAt(0));
const TICKLE = Uint8Array.of(0);
/** A device that cannot be opened is tried again at this pace. */
const REOPEN_MS = 250;

export function createWatchdog(setting: WatchdogSetting, sys: Sys, say: Say): Watchdog {
  const { path, timeoutSeconds } = setting;
  let fd: number | undefined;
  let isDisarmed = false;
  let triedAt = Number.NEGATIVE_INFINITY;
  let saidReason = '';

  const trouble = (doing: string, result: number): void => {
    // One line for each kind of trouble, not one a heartbeat.
    const reason = `${doing} watchdog device ${path}: ${errnoName(-result)}`;
    if (reason === saidReason) return;
    saidReason = reason;
    say(result === -EBUSY ? 'WARN' : 'ERROR', `Cannot ${reason}`);
  };
  const open = (nowMs: number): void => {
    if (nowMs - triedAt < REOPEN_MS) return;
    triedAt = nowMs;
    const opened = sys.open(path, O_WRONLY | O_CLOEXEC);
    if (opened < 0) {
      trouble('open', opened);
      return;
    }
    fd = opened;
    saidReason = '';
    const seconds = new Uint8Array(Int32Array.of(timeoutSeconds).buffer);
    const set = sys.ioctl(opened, WDIOC_SETTIMEOUT, seconds);
    const given = new DataView(seconds.buffer).getInt32(0, true);
    if (set < 0) trouble('set the timeout of', set);
    else say('info', `watchdog ${path} resets this machine after ${given} s without a heartbeat`);
  };
  const close = (): void => {
    if (fd !== undefined) sys.close(fd);
    fd = undefined;
  };
  return {
    tickle: (nowMs) => {
      if (isDisarmed) return;
      if (fd === undefined) open(nowMs);
      if (fd === undefined) return;
      const written = sys.write(fd, TICKLE);
      if (written >= 0 || written === -EINTR) return;
      trouble('write to', written);
      close();
    },
    disarm: () => {
      isDisarmed = true;
      if (fd !== undefined) sys.write(fd, MAGIC_CLOSE);
      close();
    },
  };
}

/** For a device whose opener was killed: the clock runs on although nothing is held any more. */
export function disarmWatchdog(path: string, sys: Sys): boolean {
  const fd = sys.open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  sys.write(fd, MAGIC_CLOSE);
  sys.close(fd);
  return true;
}

/** As heartbeat 3.0.6: a little more than the dead time, in whole seconds. */
export const watchdogTimeout = (deadtimeMs: number): number => Math.ceil((deadtimeMs + 10) / 1000);
